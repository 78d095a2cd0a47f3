//! A part of a page, decoded in bands: blocks of chunks in parallel, and never more of them than
//! are needed.
//!
//! What is not reduced is decoded to where it stays. What is reduced is decoded to a band of some
//! rows of chunks, whose averages stay; rows that do not complete a row of averages wait for the
//! next band. Neither depends on the number of threads.
//!
//! A thread reads the chunks of a block before it decodes them. Where each read takes its time, those of
//! many blocks are read first, by few reads.

use std::mem;
use std::ops::Range;

use bytes::Bytes;
use iiif_image_api::PixelRect;
use rayon::prelude::*;

use super::chunk::{self, Chunk};
use super::chunks::Chunks;
use super::coding::Photometric;
use super::page::Page;
use super::reads::{self, Reads};
use super::unpack::{Stored, Unpacker};
use crate::Result;
use crate::shrink::{Averaged, BoxShrink};

/// How many bytes of pixels a block has, unless it is a single chunk.
const BLOCK_BYTES: u64 = 256 << 10;

/// How many bytes of pixels a band has, unless it is a single row of chunks.
const BAND_BYTES: u64 = 16 << 20;

/// How many bytes of compressed data are held, where blocks are read together, unless it is that of a
/// single block: some reads at the same time.
const FETCHED_BYTES: u64 = 4 << 20;

/// Rows of averages that one task makes.
const ROWS_PER_TASK: usize = 8;

/// Chunks that one thread decodes in turn: as many as make it worth a task, and a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BlockSize {
    /// Chunks side by side.
    pub(super) columns: usize,
    /// Rows of chunks.
    pub(super) rows: usize,
}

impl BlockSize {
    pub(super) fn of(page: &Page) -> Self {
        let chunk_bytes = page.chunk_bytes().saturating_mul(page.planes() as u64);
        let chunks = (BLOCK_BYTES / chunk_bytes.max(1)).max(1) as usize;
        if page.is_tiled {
            Self {
                columns: chunks,
                rows: 1,
            }
        } else {
            Self {
                columns: 1,
                rows: chunks.min(page.chunks_down()),
            }
        }
    }
}

/// Returns how many rows a band has: whole blocks of `block_height` rows.
pub(super) fn band_height(block_height: u64, row_bytes: u64) -> u64 {
    height_of(BAND_BYTES, block_height, row_bytes)
}

/// Returns what is held, at most, of compressed data that is read together; of a single block it is
/// `block_bytes`.
pub(super) fn most_fetched_bytes(block_bytes: u64) -> u64 {
    let of_blocks = block_bytes.max(FETCHED_BYTES);
    of_blocks.saturating_add(reads::MAX_GAPS_BYTES)
}

/// Returns the columns and rows of a part of a page.
pub(super) fn spans(window: PixelRect) -> (Range<usize>, Range<usize>) {
    let span = |start: u32, length: u32| start as usize..start as usize + length as usize;
    let columns = span(window.x(), window.width());
    (columns, span(window.y(), window.height()))
}

fn length(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|range| range.end - range.start).sum()
}

fn height_of(band_bytes: u64, block_height: u64, row_bytes: u64) -> u64 {
    let blocks = band_bytes / block_height.saturating_mul(row_bytes).max(1);
    blocks.max(1).saturating_mul(block_height)
}

/// Decodes pixels of a page.
pub(super) struct Reader<'a, S> {
    page: &'a Page,
    chunks: &'a Chunks<'a>,
    unpacker: Unpacker<'a, S>,
    channels: usize,
    /// What is decoded, in pixels of the page.
    columns: Range<usize>,
    rows: Range<usize>,
    band_bytes: u64,
}

impl<'a, S: Stored + Averaged> Reader<'a, S> {
    pub(super) fn new(
        page: &'a Page,
        chunks: &'a Chunks<'a>,
        channels: usize,
        window: PixelRect,
    ) -> Self {
        let (columns, rows) = spans(window);
        Self {
            page,
            chunks,
            unpacker: Unpacker::new(page, channels),
            channels,
            columns,
            rows,
            band_bytes: BAND_BYTES,
        }
    }

    /// Returns what is read of a remote file to decode the window; nothing if it is more than is held at a time.
    pub(super) fn reads(&self) -> Result<Option<Vec<Range<u64>>>> {
        let (mut wanted, mut parts) = (0, Vec::new());
        // Each band is read for itself.
        for rows in self.bands() {
            let indices = self.page.chunks_of(&self.columns, &rows, self.channels);
            let ranges = self.chunks.ranges(self.page, &indices)?;
            wanted += length(&ranges);
            parts.extend(Reads::of(&ranges).parts);
            if wanted > FETCHED_BYTES || length(&parts) > FETCHED_BYTES + reads::MAX_GAPS_BYTES {
                return Ok(None);
            }
        }
        Ok(Some(parts))
    }

    /// Decodes the window, reduced by `shrink`.
    pub(super) fn read(&self, shrink: u32) -> Result<Vec<S>> {
        let shrink = shrink.max(1) as usize;
        let out_row = self.columns.len().div_ceil(shrink) * self.channels;
        let mut raster = vec![S::default(); out_row * self.rows.len().div_ceil(shrink)];
        let row = self.columns.len() * self.channels;
        let mut rest = raster.as_mut_slice();
        let band_height = self.bands().map(|band| band.len()).max().unwrap_or(0);
        // What waits is less than a row of averages.
        let most = if shrink == 1 { 0 } else { band_height + shrink };
        let mut buffer: Vec<S> = Vec::with_capacity(most * row);
        let mut waiting = 0;
        for band in self.bands() {
            if shrink == 1 {
                let (pixels, after) = rest.split_at_mut(band.len() * row);
                self.fill(band, pixels)?;
                rest = after;
                continue;
            }
            let held = waiting + band.len();
            let is_last = band.end == self.rows.end;
            buffer.resize(held * row, S::default());
            self.fill(band, &mut buffer[waiting * row..])?;
            let whole = if is_last { held } else { held - held % shrink };
            let (pixels, after) = rest.split_at_mut(whole.div_ceil(shrink) * out_row);
            self.average(&buffer[..whole * row], pixels, shrink);
            rest = after;
            waiting = held - whole;
            buffer.copy_within(whole * row.., 0);
        }
        Ok(raster)
    }

    /// Averages whole rows, and what may be left of a block at the end.
    fn average(&self, rows: &[S], averages: &mut [S], shrink: usize) {
        let width = self.columns.len();
        let row = width * self.channels;
        let out_row = width.div_ceil(shrink) * self.channels;
        let blocks = rows.par_chunks(row * shrink * ROWS_PER_TASK);
        averages
            .par_chunks_mut(out_row * ROWS_PER_TASK)
            .zip(blocks)
            .for_each(|(averages, rows)| {
                let (width, channels, factor) = (width as u32, self.channels, shrink as u32);
                let mut shrink = if self.page.photometric == Photometric::Cmyk {
                    BoxShrink::without_alpha(width, channels, factor)
                } else {
                    BoxShrink::new(width, channels, factor)
                };
                let mut made = Vec::with_capacity(averages.len());
                shrink.push(rows, &mut made);
                shrink.finish(&mut made);
                averages.copy_from_slice(&made);
            });
    }

    /// Returns the rows of each band.
    fn bands(&self) -> impl Iterator<Item = Range<usize>> + use<S> {
        let row_bytes = self.columns.len() * self.channels * size_of::<S>();
        let block_height = self.block_height() as u64;
        let height = height_of(self.band_bytes, block_height, row_bytes as u64) as usize;
        let rows = self.rows.clone();
        // Bands end where blocks do.
        (rows.start / height..rows.end.div_ceil(height)).map(move |band| {
            let start = rows.start.max(band * height);
            start..rows.end.min((band + 1) * height)
        })
    }

    fn block_height(&self) -> usize {
        BlockSize::of(self.page).rows * self.page.chunk_height
    }

    /// Decodes rows to `buffer`.
    fn fill(&self, rows: Range<usize>, buffer: &mut [S]) -> Result<()> {
        let width = BlockSize::of(self.page).columns * self.page.chunk_width;
        let height = self.block_height();
        let columns: Vec<Range<usize>> = (self.columns.start / width
            ..self.columns.end.div_ceil(width))
            .map(|block| {
                let start = self.columns.start.max(block * width);
                start..self.columns.end.min((block + 1) * width)
            })
            .collect();
        let mut blocks: Vec<Block<'_, S>> = Vec::new();
        let row_samples = self.columns.len() * self.channels;
        for (y, row) in rows.clone().zip(buffer.chunks_exact_mut(row_samples)) {
            if y == rows.start || y.is_multiple_of(height) {
                blocks.extend(columns.iter().map(|columns| Block {
                    x: columns.clone(),
                    y,
                    rows: Vec::new(),
                }));
            }
            let first = blocks.len() - columns.len();
            let mut rest = row;
            for block in &mut blocks[first..] {
                let (part, after) = rest.split_at_mut(block.x.len() * self.channels);
                block.rows.push(part);
                rest = after;
            }
        }
        if self.chunks.are_remote() {
            return self.decode_together(blocks);
        }
        blocks.into_par_iter().try_for_each(|block| {
            let indices = self.indices(&block);
            let ranges = self.chunks.ranges(self.page, &indices)?;
            let data = self.chunks.fetch(&ranges)?;
            self.decode(block, &indices, &data)
        })
    }

    /// Decodes blocks whose data is read together, as many as may be held at a time.
    fn decode_together(&self, blocks: Vec<Block<'_, S>>) -> Result<()> {
        let mut group = Vec::new();
        let mut ranges = Vec::new();
        let mut held = 0;
        for block in blocks {
            let indices = self.indices(&block);
            let of_block = self.chunks.ranges(self.page, &indices)?;
            let bytes = length(&of_block);
            if held > 0 && held + bytes > FETCHED_BYTES {
                self.decode_group(mem::take(&mut group), &mem::take(&mut ranges))?;
                held = 0;
            }
            held += bytes;
            group.push((block, indices));
            ranges.extend(of_block);
        }
        self.decode_group(group, &ranges)
    }

    /// `ranges` are those of all chunks of the blocks, one after the other.
    fn decode_group(
        &self,
        group: Vec<(Block<'_, S>, Vec<usize>)>,
        ranges: &[Range<u64>],
    ) -> Result<()> {
        let fetched = self.chunks.fetch_together(ranges)?;
        let mut fetched = fetched.into_iter();
        let group: Vec<_> = group
            .into_iter()
            .map(|(block, indices)| {
                let data: Vec<Bytes> = fetched.by_ref().take(indices.len()).collect();
                (block, indices, data)
            })
            .collect();
        group
            .into_par_iter()
            .try_for_each(|(block, indices, data)| self.decode(block, &indices, &data))
    }

    /// Returns which chunks hold a block.
    fn indices(&self, block: &Block<'_, S>) -> Vec<usize> {
        let rows = block.y..block.y + block.rows.len();
        self.page.chunks_of(&block.x, &rows, self.channels)
    }

    /// Decodes a block from the data of its chunks.
    fn decode(&self, mut block: Block<'_, S>, indices: &[usize], data: &[Bytes]) -> Result<()> {
        let (width, height) = (self.page.chunk_width, self.page.chunk_height);
        let bottom = block.y + block.rows.len();
        let planes = self.page.shown_planes(self.channels);
        let mut samples = Vec::new();
        let places = self.page.places(&block.x, &(block.y..bottom));
        let of_chunks = indices.chunks(planes).zip(data.chunks(planes));
        for ((row, column), (indices, data)) in places.zip(of_chunks) {
            let (left, top) = (column * width, row * height);
            let rows = bottom.min(top + height) - top;
            let planes = indices.iter().zip(data);
            let planes = planes
                .map(|(index, data)| chunk::read(self.page, data, *index, rows))
                .collect::<Result<Vec<Chunk>>>()?;
            let x = block.x.start.max(left)..block.x.end.min(left + width);
            let in_block =
                (x.start - block.x.start) * self.channels..(x.end - block.x.start) * self.channels;
            for y in block.y.max(top)..top + rows {
                let pixels = &mut block.rows[y - block.y][in_block.clone()];
                for (plane, chunk) in planes.iter().enumerate() {
                    let packed = &chunk.data[(y - top) * chunk.row_bytes..][..chunk.row_bytes];
                    let place = (plane, x.start - left);
                    self.unpacker.unpack(packed, place, &mut samples, pixels);
                }
                self.unpacker.finish(pixels);
            }
        }
        Ok(())
    }
}

/// A block of chunks, or what of it is decoded, and where it goes.
struct Block<'a, S> {
    x: Range<usize>,
    y: usize,
    rows: Vec<&'a mut [S]>,
}

#[cfg(test)]
mod tests;
