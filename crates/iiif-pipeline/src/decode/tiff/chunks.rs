//! Where the chunks of a page are, and their compressed data.

use std::ops::Range;

use bytes::Bytes;

use super::coding::Compression;
use super::directory::Directory;
use super::file::File;
use super::page::Page;
use super::reads::Reads;
use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::corrupt;
use crate::source::Data;

/// Tables and metadata that a chunk may carry beside its pixels.
const MAX_OVERHEAD_BYTES: u64 = 64 << 10;

/// What may lie between chunks of a local file that are read together: a byte that aligns the next, lengths
/// that writers of cloud-optimized files repeat, the mask of a tile of one color.
const MAX_GAP_BYTES: u64 = 4 << 10;

/// Where the strips or tiles of a page are.
#[derive(Debug)]
pub(super) struct ChunkIndex {
    offsets: Vec<u64>,
    byte_counts: Option<Vec<u64>>,
}

impl ChunkIndex {
    pub(super) fn read(file: &File<'_>, directory: &Directory, page: &Page) -> Result<Self> {
        let (offsets, byte_counts) = page.chunk_tags(directory);
        let needed = page.stored_chunks() as u64;
        let offsets = directory.numbers(file, offsets, needed)?;
        Ok(Self {
            offsets: offsets.unwrap_or_default(),
            byte_counts: directory.numbers(file, byte_counts, needed)?,
        })
    }

    /// Returns where a strip or tile is said to start, and of how many bytes it is said to be.
    pub(super) fn declared(&self, stored: usize) -> Option<(u64, u64)> {
        let offset = self.offsets.get(stored)?;
        let byte_count = self.byte_counts.as_ref()?.get(stored)?;
        Some((*offset, *byte_count))
    }

    /// Returns where a chunk is said to start, and of how many bytes it is said to be; without a field for that,
    /// of as many as there are up to the end of the file.
    fn place(&self, page: &Page, index: usize) -> Option<(u64, Option<u64>)> {
        let per_plane = page.chunks_across() * page.chunks_down();
        let (plane, in_plane) = (index / per_plane, index % per_plane);
        let stored = plane * per_plane.div_ceil(page.pieces) + in_plane / page.pieces;
        let skipped = (in_plane % page.pieces) as u64 * page.chunk_bytes();
        let start = self.offsets.get(stored)?.checked_add(skipped)?;
        let length = match &self.byte_counts {
            Some(counts) => Some(counts.get(stored)?.saturating_sub(skipped)),
            None => None,
        };
        Some((start, length))
    }

    /// Returns the bytes that are read of a chunk, at most.
    pub(super) fn read_bytes(&self, page: &Page, index: usize) -> u64 {
        let declared = self.place(page, index).and_then(|(_, length)| length);
        declared.unwrap_or(u64::MAX).min(most_bytes(page))
    }

    /// Returns the bytes that this holds of a page, at most.
    pub(super) fn held_bytes(page: &Page) -> u64 {
        // An offset and a length of each.
        (page.stored_chunks() as u64).saturating_mul(2 * 8)
    }
}

/// The chunks of a page in their file.
pub(super) struct Chunks<'a> {
    data: &'a Data,
    index: &'a ChunkIndex,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(data: &'a Data, index: &'a ChunkIndex) -> Self {
        Self { data, index }
    }

    /// Returns the bytes that reading and holding the positions of all chunks takes.
    pub(super) fn index_bytes(page: &Page) -> u64 {
        // Both lists, and one as it stands in the file.
        (page.stored_chunks() as u64).saturating_mul(3 * 8)
    }

    /// Returns whether each read takes its time.
    pub(super) fn are_remote(&self) -> bool {
        self.data.is_remote()
    }

    /// Returns where the compressed data of chunks is.
    pub(super) fn ranges(&self, page: &Page, indices: &[usize]) -> Result<Vec<Range<u64>>> {
        let ranges = indices.iter().map(|index| self.range(page, *index));
        let ranges: Option<Vec<_>> = ranges.collect();
        ranges.ok_or_else(|| corrupt(FORMAT, Damage::OutOfFile))
    }

    /// Reads the compressed data of chunks. Those that follow each other in the file, or nearly so, are
    /// read at once.
    pub(super) fn fetch(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut fetched = Vec::with_capacity(ranges.len());
        for run in
            ranges.chunk_by(|one, next| (one.end..=one.end + MAX_GAP_BYTES).contains(&next.start))
        {
            // Runs are not empty.
            let part = run[0].start..run[run.len() - 1].end;
            let data = self.read(&part)?;
            fetched.extend(run.iter().map(|range| slice(&data, &part, range)));
        }
        Ok(fetched)
    }

    /// Reads the compressed data of chunks that lie anywhere, in few reads, several of them at the same
    /// time.
    pub(super) fn fetch_together(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let reads = Reads::of(ranges);
        let read = self.data.parts(&reads.parts)?;
        let read = read.ok_or_else(|| corrupt(FORMAT, Damage::OutOfFile))?;
        let of_ranges = ranges.iter().zip(reads.part_of);
        Ok(of_ranges
            .map(|(range, part)| slice(&read[part], &reads.parts[part], range))
            .collect())
    }

    fn read(&self, part: &Range<u64>) -> Result<Bytes> {
        let data = self.data.part(part.start, part.end - part.start)?;
        data.ok_or_else(|| corrupt(FORMAT, Damage::OutOfFile))
    }

    /// Returns where the data of a chunk is; `None` if that is not in the file.
    fn range(&self, page: &Page, index: usize) -> Option<Range<u64>> {
        let (start, declared) = self.index.place(page, index)?;
        let left = self.data.len_bytes().checked_sub(start)?;
        let length = declared.unwrap_or(left).min(most_bytes(page));
        (length <= left).then_some(start..start + length)
    }
}

/// Returns the bytes of `range` from those of a part that has it.
fn slice(data: &Bytes, part: &Range<u64>, range: &Range<u64>) -> Bytes {
    data.slice((range.start - part.start) as usize..(range.end - part.start) as usize)
}

/// Returns the most bytes that are read of one chunk, so that a lie about its length costs little:
/// what incompressible pixels take.
pub(super) fn most_bytes(page: &Page) -> u64 {
    let factor = match page.compression {
        Compression::None => return page.chunk_bytes(),
        Compression::Deflate | Compression::Lzw | Compression::PackBits | Compression::WebP => 2,
        // A coefficient takes up to 27 bits (ITU-T T.81 §F.1.2).
        Compression::Jpeg => 4,
        // Two pixels of other colors than above take up to 12 bits (ITU-T T.6 §2.2.3).
        Compression::Group4 => 8,
    };
    page.chunk_bytes()
        .saturating_mul(factor)
        .saturating_add(MAX_OVERHEAD_BYTES)
}
