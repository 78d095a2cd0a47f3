//! A reader that counts.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use iiif_pipeline::ReadAt;

/// A reader that counts what is read.
pub(super) struct CountingReader {
    reader: Box<dyn ReadAt>,
    bytes: AtomicU64,
}

impl CountingReader {
    pub(super) fn new(reader: impl ReadAt + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            bytes: AtomicU64::new(0),
        }
    }

    /// Returns the bytes that were read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl ReadAt for CountingReader {
    fn len_bytes(&self) -> u64 {
        self.reader.len_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        self.bytes.fetch_add(length as u64, Ordering::Relaxed);
        self.reader.read_at(offset, length)
    }

    fn read_parts(&self, parts: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        let read = self.reader.read_parts(parts)?;
        let bytes: usize = read.iter().map(Bytes::len).sum();
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Ok(read)
    }

    fn is_remote(&self) -> bool {
        self.reader.is_remote()
    }
}

impl fmt::Debug for CountingReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reader.fmt(f)
    }
}
