//! The bytes of a TIFF file: its header, and numbers and directories at their offsets.
//!
//! Nothing is read because a count says so: callers say how much they need at most.

use std::cell::RefCell;
use std::collections::VecDeque;

use bytes::Bytes;

use super::directory::Directory;
use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::corrupt;
use crate::source::Data;

/// How much is read at once where the bytes are not in memory: directories are small, and lie
/// beside what they point to, in front of it or behind.
const BLOCK_BYTES: u64 = 32 << 10;
const BLOCK_BYTES_BEFORE: u64 = 16 << 10;

/// Blocks that are kept: those of the directories of a pyramid, which are looked at more than once and lie
/// far apart. Twelve levels are a million pixels wide.
const MAX_BLOCKS: usize = 16;

/// The version of a file whose offsets have eight bytes: the BigTIFF design.
const BIG_TIFF: u64 = 43;

/// A reader of numbers in one of the two byte orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    LittleEndian,
    BigEndian,
}

impl ByteOrder {
    /// Returns the number of up to 8 bytes.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::LittleEndian => bytes.iter().rev().fold(0, push),
            Self::BigEndian => bytes.iter().fold(0, push),
        }
    }
}

/// A file.
pub(super) struct File<'a> {
    data: &'a Data,
    pub(super) byte_order: ByteOrder,
    /// Bytes of an offset: 4, or 8 in a BigTIFF file.
    pub(super) offset_width: u64,
    /// Where the first directory is; 0 if there is none.
    pub(super) first_directory: u64,
    /// What was read last, and where each block starts.
    blocks: RefCell<VecDeque<(u64, Bytes)>>,
}

impl<'a> File<'a> {
    /// Reads the header: TIFF 6.0 §2 and the BigTIFF design.
    pub(super) fn open(data: &'a Data) -> Result<Self> {
        let mut file = Self {
            data,
            byte_order: ByteOrder::LittleEndian,
            offset_width: 4,
            first_directory: 0,
            blocks: RefCell::default(),
        };
        if file.read(0, 2)?.starts_with(b"MM") {
            file.byte_order = ByteOrder::BigEndian;
        }
        let mut at = 4;
        if file.number(2, 2)? == BIG_TIFF {
            // The width of offsets and a zero come first.
            file.offset_width = 8;
            at = 8;
        }
        file.first_directory = file.number(at, file.offset_width)?;
        Ok(file)
    }

    pub(super) fn len_bytes(&self) -> u64 {
        self.data.len_bytes()
    }

    /// Returns the directory at `offset`.
    pub(super) fn directory(&self, offset: u64) -> Result<Directory> {
        Directory::read(self, offset)
    }

    /// Returns the number of `width` bytes at `offset`.
    pub(super) fn number(&self, offset: u64, width: u64) -> Result<u64> {
        Ok(self.byte_order.number(&self.read(offset, width)?))
    }

    /// Returns `length` bytes from `offset` on.
    pub(super) fn read(&self, offset: u64, length: u64) -> Result<Bytes> {
        let out_of_file = || corrupt(FORMAT, Damage::OutOfFile);
        if let Data::Memory(_) = self.data {
            return self.data.part(offset, length)?.ok_or_else(out_of_file);
        }
        if let Some(found) = self.at_hand(offset, length) {
            return Ok(found);
        }
        if length > BLOCK_BYTES {
            return self.data.part(offset, length)?.ok_or_else(out_of_file);
        }
        let start = offset.saturating_sub(BLOCK_BYTES_BEFORE);
        let end = self.len_bytes().min(offset.saturating_add(BLOCK_BYTES));
        let end = end.max(offset.saturating_add(length));
        let block = self.data.part(start, end - start)?;
        let block = (start, block.ok_or_else(out_of_file)?);
        let found = part_of(&block, offset, length).ok_or_else(out_of_file);
        let mut blocks = self.blocks.borrow_mut();
        blocks.truncate(MAX_BLOCKS - 1);
        blocks.push_front(block);
        found
    }

    /// Returns whether such bytes were read already, and are still held.
    pub(super) fn is_at_hand(&self, offset: u64, length: u64) -> bool {
        self.at_hand(offset, length).is_some()
    }

    fn at_hand(&self, offset: u64, length: u64) -> Option<Bytes> {
        let blocks = self.blocks.borrow();
        blocks
            .iter()
            .find_map(|block| part_of(block, offset, length))
    }
}

fn part_of((start, block): &(u64, Bytes), offset: u64, length: u64) -> Option<Bytes> {
    let first = usize::try_from(offset.checked_sub(*start)?).ok()?;
    let end = first.checked_add(usize::try_from(length).ok()?)?;
    (end <= block.len()).then(|| block.slice(first..end))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::ReadAt;

    /// Counts reads.
    #[derive(Debug)]
    struct Counted(Bytes, Arc<AtomicUsize>);

    impl ReadAt for Counted {
        fn len_bytes(&self) -> u64 {
            self.0.len_bytes()
        }

        fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.read_at(offset, length)
        }
    }

    #[test]
    fn what_lies_far_apart_is_read_once() {
        let reads = Arc::new(AtomicUsize::new(0));
        let bytes = vec![7; 1 << 20].into();
        let data = Data::Parts(Arc::new(Counted(bytes, Arc::clone(&reads))));
        let file = File::open(&data).unwrap();
        assert_eq!(file.blocks.borrow().len(), 1);
        let far_apart = (1..MAX_BLOCKS as u64).map(|block| block * (64 << 10));
        for offset in far_apart.clone().chain(far_apart) {
            assert_eq!(file.number(offset, 2).unwrap(), 0x0707);
        }
        assert_eq!(reads.load(Ordering::Relaxed), MAX_BLOCKS);
        // No more is kept, however much is read.
        file.number((1 << 20) - 2, 2).unwrap();
        assert_eq!(file.blocks.borrow().len(), MAX_BLOCKS);
    }
}
