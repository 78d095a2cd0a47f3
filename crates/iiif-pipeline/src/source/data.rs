//! The compressed bytes of a source image, wherever they are.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

#[cfg(feature = "tiff")]
use super::read_at::read_parts;
use super::read_at::{ReadAt, part_length};
use crate::{Error, Result};

/// The compressed bytes of a source image: held in memory, or read in parts. A clone is another
/// handle to the same bytes.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    Memory(Bytes),
    Parts(Arc<dyn ReadAt>),
}

impl Data {
    pub(crate) fn len_bytes(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Parts(reader) => reader.len_bytes(),
        }
    }

    /// Returns whether each read takes its time.
    pub(crate) fn is_remote(&self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Parts(reader) => reader.is_remote(),
        }
    }

    /// Returns how many of the bytes are held in memory.
    pub(crate) fn held_bytes(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Parts(_) => 0,
        }
    }

    /// Returns all bytes; reads them where they are not held.
    ///
    /// # Errors
    ///
    /// [`Error::Read`].
    pub(crate) fn all(&self) -> Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::Parts(reader) => read(&**reader, 0..reader.len_bytes()),
        }
    }

    /// Returns `length` bytes from `offset` on; none where that reaches behind the end.
    ///
    /// # Errors
    ///
    /// [`Error::Read`].
    #[cfg_attr(
        not(any(feature = "png", feature = "tiff")),
        expect(dead_code, reason = "other decoders do not read in parts")
    )]
    pub(crate) fn part(&self, offset: u64, length: u64) -> Result<Option<Bytes>> {
        let end = offset.checked_add(length);
        let Some(end) = end.filter(|end| *end <= self.len_bytes()) else {
            return Ok(None);
        };
        read(self.reader(), offset..end).map(Some)
    }

    /// Returns several parts, read at the same time where each takes its time; none where one reaches
    /// behind the end.
    ///
    /// # Errors
    ///
    /// [`Error::Read`].
    #[cfg(feature = "tiff")]
    pub(crate) fn parts(&self, parts: &[Range<u64>]) -> Result<Option<Vec<Bytes>>> {
        if parts.iter().any(|part| part.end > self.len_bytes()) {
            return Ok(None);
        }
        let read = read_parts(self.reader(), parts);
        read.map(Some).map_err(|source| Error::Read { source })
    }

    fn reader(&self) -> &dyn ReadAt {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Parts(reader) => &**reader,
        }
    }
}

fn read(reader: &dyn ReadAt, part: Range<u64>) -> Result<Bytes> {
    part_length(&part)
        .and_then(|length| reader.read_at(part.start, length))
        .map_err(|source| Error::Read { source })
}
