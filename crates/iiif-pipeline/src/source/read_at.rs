//! Compressed bytes that are read in parts.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

/// Bytes that are read in parts: the compressed bytes of a source image that is not held in memory.
///
/// [`Bytes`] are such a source, whose parts are slices; a [`FileSource`](crate::FileSource) is one.
///
/// # Contract
///
/// - [`len_bytes`](Self::len_bytes) is always the same.
/// - [`read_at`](Self::read_at) returns exactly `length` bytes, which are the same each time. What
///   reaches behind the end is an error of kind [`UnexpectedEof`](io::ErrorKind::UnexpectedEof),
///   found before anything is allocated; so is a source that turns out shorter than it said.
///   Zero bytes may be read anywhere up to the end.
/// - Reads block. They may come from several threads at once and do not disturb each other.
pub trait ReadAt: fmt::Debug + Send + Sync {
    /// Returns the number of bytes.
    fn len_bytes(&self) -> u64;

    /// Reads `length` bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// Of kind [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the part reaches behind the end,
    /// and whatever goes wrong when reading.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes>;

    /// Reads parts, in any order, that may overlap and be empty, and returns the bytes of each, in the order of
    /// `parts`. All of them are held at once. Default: one after the other; who is [remote](Self::is_remote)
    /// had better read several at the same time.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at), of any part.
    fn read_parts(&self, parts: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        let parts = parts.iter();
        parts
            .map(|part| self.read_at(part.start, part_length(part)?))
            .collect()
    }

    /// Returns whether a read is asking somebody else, and takes its time however short it is: then
    /// more is read at once, and several parts at the same time. Default: no.
    fn is_remote(&self) -> bool {
        false
    }
}

/// The parts are slices: nothing is copied.
impl ReadAt for Bytes {
    fn len_bytes(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        check_part(self.len_bytes(), offset, length)?;
        // Within the bytes, so within `usize`.
        let offset = offset as usize;
        Ok(self.slice(offset..offset + length))
    }
}

/// A clone of the pointer reads the same bytes.
impl<R: ReadAt + ?Sized> ReadAt for Arc<R> {
    fn len_bytes(&self) -> u64 {
        (**self).len_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        (**self).read_at(offset, length)
    }

    fn read_parts(&self, parts: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        (**self).read_parts(parts)
    }

    fn is_remote(&self) -> bool {
        (**self).is_remote()
    }
}

/// Reads parts, and sees to it that there are as many as were asked for.
#[cfg(feature = "tiff")]
pub(super) fn read_parts(reader: &dyn ReadAt, parts: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
    let read = reader.read_parts(parts)?;
    let lengths = read.iter().map(|bytes| bytes.len() as u64);
    if lengths.eq(parts.iter().map(|part| part.end - part.start)) {
        Ok(read)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Returns the bytes of a part; an error if it is larger than memory can be.
pub(super) fn part_length(part: &Range<u64>) -> io::Result<usize> {
    let length = part.end.checked_sub(part.start);
    let length = length.ok_or(io::ErrorKind::UnexpectedEof)?;
    usize::try_from(length).map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))
}

/// Checks that a part lies within `len_bytes`.
pub(super) fn check_part(len_bytes: u64, offset: u64, length: usize) -> io::Result<()> {
    match offset.checked_add(length as u64) {
        Some(end) if end <= len_bytes => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_bytes_are_slices_of_them() {
        let bytes = Bytes::from_static(b"0123456789");
        assert_eq!(bytes.len_bytes(), 10);
        let part = bytes.read_at(3, 4).unwrap();
        assert_eq!(part, "3456");
        assert_eq!(part.as_ptr(), bytes[3..].as_ptr());
        assert_eq!(bytes.read_at(0, 10).unwrap(), bytes);
        assert_eq!(bytes.read_at(10, 0).unwrap(), "");
    }

    #[test]
    fn part_that_reaches_behind_the_end_is_refused() {
        let bytes = Bytes::from_static(b"0123456789");
        let parts = [
            (0, 11),
            (10, 1),
            (11, 0),
            (u64::MAX, 1),
            (5, usize::MAX),
            (u64::MAX, usize::MAX),
        ];
        for (offset, length) in parts {
            let error = bytes.read_at(offset, length).unwrap_err();
            let kind = error.kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{length} at {offset}");
        }
    }
}
