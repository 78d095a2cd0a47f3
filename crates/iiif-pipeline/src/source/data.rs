//! The compressed bytes of a source image, wherever they are.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::ReadAt;
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
    #[cfg(feature = "tiff")]
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
            Self::Parts(reader) => read(&**reader, 0, reader.len_bytes()),
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
        if end.is_none_or(|end| end > self.len_bytes()) {
            return Ok(None);
        }
        match self {
            Self::Memory(bytes) => read(bytes, offset, length),
            Self::Parts(reader) => read(&**reader, offset, length),
        }
        .map(Some)
    }
}

fn read(reader: &dyn ReadAt, offset: u64, length: u64) -> Result<Bytes> {
    usize::try_from(length)
        .map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))
        .and_then(|length| reader.read_at(offset, length))
        .map_err(|source| Error::Read { source })
}
