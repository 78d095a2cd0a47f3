//! Parts of a source that are read before they are decoded.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::read_at::{ReadAt, part_length, read_parts};

/// A source of which some parts are in memory already. What lies in none of them is read.
#[derive(Debug)]
pub(crate) struct Fetched {
    parts: Vec<(Range<u64>, Bytes)>,
    source: Arc<dyn ReadAt>,
}

impl Fetched {
    /// Reads parts of a source.
    pub(crate) fn read(source: &Arc<dyn ReadAt>, parts: Vec<Range<u64>>) -> io::Result<Self> {
        let read = read_parts(&**source, &parts)?;
        Ok(Self {
            parts: parts.into_iter().zip(read).collect(),
            source: Arc::clone(source),
        })
    }
}

impl ReadAt for Fetched {
    fn len_bytes(&self) -> u64 {
        self.source.len_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let end = offset.saturating_add(length as u64);
        let holds = |part: &Range<u64>| part.start <= offset && end <= part.end;
        match self.parts.iter().find(|(part, _)| holds(part)) {
            Some((part, bytes)) => bytes.read_at(offset - part.start, length),
            None => self.source.read_at(offset, length),
        }
    }

    fn read_parts(&self, parts: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        let is_held = |part: &Range<u64>| self.parts.iter().any(|(held, _)| held == part);
        if !parts.iter().all(is_held) {
            return self.source.read_parts(parts);
        }
        let held = parts.iter();
        held.map(|part| self.read_at(part.start, part_length(part)?))
            .collect()
    }

    fn is_remote(&self) -> bool {
        self.source.is_remote()
    }
}
