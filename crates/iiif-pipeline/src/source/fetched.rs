//! Parts of a source that are read before they are decoded.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::ReadAt;

/// A source of which some parts are in memory already. What lies in none of them is read.
#[derive(Debug)]
pub(crate) struct Fetched {
    parts: Vec<(Range<u64>, Bytes)>,
    source: Arc<dyn ReadAt>,
}

impl Fetched {
    /// Reads parts of a source.
    pub(crate) fn read(source: &Arc<dyn ReadAt>, parts: Vec<Range<u64>>) -> io::Result<Self> {
        let read = source.read_parts(&parts)?;
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

    fn is_remote(&self) -> bool {
        self.source.is_remote()
    }
}
