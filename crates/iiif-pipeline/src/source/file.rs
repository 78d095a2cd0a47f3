//! A file that is read in parts.

use std::fs::File;
use std::io;

use bytes::Bytes;

use super::read_at::{ReadAt, check_part};

/// An open file that is read in parts. Its size is what it was when this was made.
///
/// # Examples
///
/// ```no_run
/// use iiif_pipeline::{DecodeLimits, FileSource, SourceImage};
///
/// let file = FileSource::new(std::fs::File::open("map.tif")?)?;
/// let source = SourceImage::open(file, &DecodeLimits::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FileSource {
    file: Positioned,
    len_bytes: u64,
}

impl FileSource {
    /// Takes an open file. It must not change as long as it is read; what it changes into would be
    /// decoded, or be a damaged image.
    ///
    /// # Errors
    ///
    /// If the size of the file cannot be found out.
    pub fn new(file: File) -> io::Result<Self> {
        let len_bytes = file.metadata()?.len();
        Ok(Self {
            file: Positioned::new(file),
            len_bytes,
        })
    }
}

impl ReadAt for FileSource {
    fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        check_part(self.len_bytes, offset, length)?;
        let mut part = Vec::new();
        // A file with holes may claim to be larger than the memory, which is an error and no abort.
        part.try_reserve_exact(length)
            .map_err(|error| io::Error::new(io::ErrorKind::OutOfMemory, error))?;
        part.resize(length, 0);
        self.file.read_exact_at(&mut part, offset)?;
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

    fn read_exact_at(&self, part: &mut [u8], offset: u64) -> io::Result<()> {
        use std::io::{Read as _, Seek as _, SeekFrom};
        // Every read seeks first, so one that ended early leaves nothing behind.
        let mut file = self.0.lock().unwrap_or_else(|error| error.into_inner());
        file.seek(SeekFrom::Start(offset))?;
        file.read_exact(part)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file_of(body: &[u8]) -> (File, FileSource) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(body).unwrap();
        let source = FileSource::new(file.try_clone().unwrap()).unwrap();
        (file, source)
    }

    #[test]
    fn parts_of_a_file_are_read_in_any_order() {
        let (_file, source) = file_of(b"0123456789");
        assert_eq!(source.len_bytes(), 10);
        assert_eq!(source.read_at(6, 4).unwrap(), "6789");
        assert_eq!(source.read_at(0, 3).unwrap(), "012");
        assert_eq!(source.read_at(10, 0).unwrap(), "");
    }

    #[test]
    fn threads_that_read_at_once_do_not_disturb_each_other() {
        let body: Vec<u8> = (0..=255).cycle().take(1 << 16).collect();
        let (_file, source) = file_of(&body);
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (source, body) = (&source, &body);
                scope.spawn(move || {
                    for offset in (thread..body.len() - 100).step_by(997) {
                        let part = source.read_at(offset as u64, 100).unwrap();
                        assert_eq!(part, body[offset..offset + 100], "at {offset}");
                    }
                });
            }
        });
    }

    #[test]
    fn part_that_reaches_behind_the_end_is_refused() {
        let (_file, source) = file_of(b"0123456789");
        for (offset, length) in [(0, 11), (10, 1), (11, 0), (u64::MAX, 1), (0, usize::MAX)] {
            let error = source.read_at(offset, length).unwrap_err();
            let kind = error.kind();
            assert_eq!(kind, io::ErrorKind::UnexpectedEof, "{length} at {offset}");
        }
    }

    #[test]
    fn file_that_is_cut_off_later_is_an_error_and_no_short_part() {
        let (file, source) = file_of(b"0123456789");
        file.set_len(5).unwrap();
        let error = source.read_at(0, 10).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
