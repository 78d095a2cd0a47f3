//! The compressed bytes of a source image, one after the other.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use bytes::Bytes;

use super::Data;

/// How many bytes are read at a time, where they are not held.
pub(crate) const STREAM_BYTES: u64 = 256 << 10;

/// Reads compressed bytes one after the other. What is held in memory is not copied.
pub(crate) struct Stream<'a> {
    data: &'a Data,
    position: u64,
    buffer: Bytes,
    /// Where the buffer starts.
    start: u64,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(data: &'a Data) -> Self {
        let buffer = match data {
            Data::Memory(bytes) => bytes.clone(),
            Data::Parts(_) => Bytes::new(),
        };
        Self {
            data,
            position: 0,
            buffer,
            start: 0,
        }
    }

    /// Returns where in the buffer the next byte is, if it is there.
    fn offset(&self) -> Option<usize> {
        let offset = usize::try_from(self.position.checked_sub(self.start)?).ok()?;
        (offset < self.buffer.len()).then_some(offset)
    }
}

impl BufRead for Stream<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let (None, Data::Parts(reader)) = (self.offset(), self.data) {
            let left = reader.len_bytes().saturating_sub(self.position);
            if left > 0 {
                self.buffer = reader.read_at(self.position, left.min(STREAM_BYTES) as usize)?;
                self.start = self.position;
            }
        }
        Ok(self.offset().map_or(&[], |offset| &self.buffer[offset..]))
    }

    fn consume(&mut self, amount: usize) {
        self.position += amount as u64;
    }
}

impl Read for Stream<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(target)?;
        self.consume(count);
        Ok(count)
    }
}

impl Seek for Stream<'_> {
    fn seek(&mut self, target: SeekFrom) -> io::Result<u64> {
        let position = match target {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.data.len_bytes().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn streams_of_held_and_unheld_bytes_are_the_same() {
        let bytes: Bytes = (0..3 * STREAM_BYTES / 2).map(|i| (i % 251) as u8).collect();
        for data in [
            Data::Memory(bytes.clone()),
            Data::Parts(Arc::new(bytes.clone())),
        ] {
            let mut all = Vec::new();
            let mut stream = Stream::new(&data);
            stream.read_to_end(&mut all).unwrap();
            assert_eq!(all, bytes);
            assert!(stream.fill_buf().unwrap().is_empty());

            for (target, expected) in [
                (SeekFrom::Start(7), 7),
                (SeekFrom::End(-5), bytes.len() - 5),
                (SeekFrom::Current(-100), bytes.len() - 104),
            ] {
                assert_eq!(stream.seek(target).unwrap(), expected as u64);
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                assert_eq!(byte[0], bytes[expected], "{target:?}");
            }
            assert!(stream.seek(SeekFrom::End(-1 << 40)).is_err());
        }
    }
}
