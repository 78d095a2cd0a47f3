//! A file that stays open.

use std::fs::File;
use std::io;
use std::ops::Range;

use bytes::Bytes;

use super::{FolderError, Result, info};
use crate::ObjectInfo;

/// A file that stays open, and is read as long as nobody writes to it. All methods but
/// [`info`](Self::info) block.
///
/// A file that took its place is another one and not noticed.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: Positioned,
    info: ObjectInfo,
}

impl OpenFile {
    pub(super) fn new(file: File, info: ObjectInfo) -> Self {
        Self {
            file: Positioned::new(file),
            info,
        }
    }

    pub(crate) fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Reads a range that lies within the file.
    pub(crate) fn read_range(&self, range: &Range<u64>) -> Result<Bytes> {
        let mut part = Vec::new();
        // A file with holes may claim to be larger than the memory, which is an error and no abort.
        let length = usize::try_from(range.end - range.start)
            .ok()
            .filter(|length| part.try_reserve_exact(*length).is_ok())
            .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        part.resize(length, 0);
        let read = self.file.read_exact_at(&mut part, range.start);
        // After it was read: what was written before that, or meanwhile, has changed the time by
        // now. A file that was cut off is told as what it is.
        let now = info(&self.info.key, &self.file.metadata()?)?;
        if now.e_tag != self.info.e_tag {
            return Err(FolderError::Changed);
        }
        read?;
        Ok(part.into())
    }
}

/// A file that is read from a position, by several threads at once.
#[cfg(unix)]
#[derive(Debug)]
struct Positioned(File);

#[cfg(unix)]
impl Positioned {
    fn new(file: File) -> Self {
        Self(file)
    }

    fn metadata(&self) -> io::Result<std::fs::Metadata> {
        self.0.metadata()
    }

    fn read_exact_at(&self, part: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, part, offset)
    }
}

/// A file that is read from a position, by one thread after the other.
#[cfg(not(unix))]
#[derive(Debug)]
struct Positioned(std::sync::Mutex<File>);

#[cfg(not(unix))]
impl Positioned {
    fn new(file: File) -> Self {
        Self(std::sync::Mutex::new(file))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, File> {
        // Every read seeks first, so one that ended early leaves nothing behind.
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }

    fn metadata(&self) -> io::Result<std::fs::Metadata> {
        self.lock().metadata()
    }

    fn read_exact_at(&self, part: &mut [u8], offset: u64) -> io::Result<()> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        let mut file = self.lock();
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(part)
    }
}
