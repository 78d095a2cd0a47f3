//! Objects as files of a local folder.
//!
//! `object_store::local::LocalFileSystem` is not used: it follows symbolic links out of its folder,
//! refuses file names that end in `#` and digits, and leaves the files of interrupted writes under
//! names of that form.
//!
//! Links are resolved before files are opened. Who can change the folder between the two steps can
//! lead out of it; that one must be trusted.

mod new_file;
mod open_file;
mod walk;

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::error::is_loop;
use crate::key::join;
use crate::object_version::nanoseconds;
use crate::{Fetched, ObjectInfo, ObjectVersion, Overwrite};

pub(crate) use self::new_file::NewFile;
pub(crate) use self::open_file::OpenFile;
pub(crate) use self::walk::list;

/// Temporary files are called `.iiif-XXXXXX.tmp`; listings leave them out.
const TEMPORARY_PREFIX: &str = ".iiif-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// A folder whose files are objects. All methods block.
#[derive(Clone, Debug)]
pub(crate) struct LocalFolder {
    /// Absolute and without symbolic links.
    root: PathBuf,
}

/// Why a file could not be read or written.
#[derive(Debug)]
pub(crate) enum FolderError {
    /// A symbolic link leads out of the folder.
    Outside,
    /// The file is no longer the one that was opened.
    Changed,
    /// There is a file where none was expected.
    Exists,
    /// The range starts behind the end of the file, which has this many bytes.
    Range(u64),
    /// The file has this many bytes, which is more than was asked for at most.
    TooLarge(u64),
    /// The disk failed.
    Disk(io::Error),
}

impl From<io::Error> for FolderError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

type Result<T> = std::result::Result<T, FolderError>;

impl LocalFolder {
    /// Takes a folder that exists.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let root = fs::canonicalize(folder)?;
        if !fs::metadata(&root)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn read(&self, key: &str, max_bytes: u64) -> Result<Bytes> {
        let (file, info) = self.open(key)?;
        if info.size_bytes > max_bytes {
            return Err(FolderError::TooLarge(info.size_bytes));
        }
        read_to_end(file, info.size_bytes)
    }

    /// Reads a file that has at most so many bytes; a larger one is handed out as it is.
    pub(crate) fn fetch(&self, key: &str, in_memory_max_bytes: u64) -> Result<Fetched> {
        let (file, info) = self.open(key)?;
        if info.size_bytes > in_memory_max_bytes {
            return Ok(Fetched::File(file));
        }
        read_to_end(file, info.size_bytes).map(Fetched::Memory)
    }

    /// Reads a range that is not empty; its end is clipped at the end of the file.
    pub(crate) fn read_range(&self, key: &str, range: &Range<u64>) -> Result<Bytes> {
        let (mut file, info) = self.open(key)?;
        if range.start >= info.size_bytes {
            return Err(FolderError::Range(info.size_bytes));
        }
        let length = range.end.min(info.size_bytes) - range.start;
        file.seek(SeekFrom::Start(range.start))?;
        read_to_end(file, length)
    }

    /// Reads a file that has at most `max_bytes`, unless it is the version `known`.
    pub(crate) fn read_if_changed(
        &self,
        key: &str,
        known: Option<&ObjectVersion>,
        max_bytes: u64,
    ) -> Result<Option<(ObjectInfo, Bytes)>> {
        let file = self.open_file(key)?;
        let info = file.info();
        if known.is_some_and(|known| *known == info.version()) {
            return Ok(None);
        }
        if info.size_bytes > max_bytes {
            return Err(FolderError::TooLarge(info.size_bytes));
        }
        let body = file.read_range(&(0..info.size_bytes))?;
        Ok(Some((info.clone(), body)))
    }

    /// Opens a file that is read as long as it is the same version.
    pub(crate) fn open_file(&self, key: &str) -> Result<OpenFile> {
        let (file, info) = self.open(key)?;
        Ok(OpenFile::new(file, info))
    }

    pub(crate) fn head(&self, key: &str) -> Result<ObjectInfo> {
        let path = self.resolve(&self.root.join(key))?;
        info(key, &fs::metadata(path)?)
    }

    pub(crate) fn write(&self, key: &str, body: &[u8], overwrite: Overwrite) -> Result<()> {
        let mut file = self.create(key, overwrite)?;
        file.write(body)?;
        file.finish()
    }

    /// Removes a file, or the symbolic link of that name; what is not there is no error.
    pub(crate) fn delete(&self, key: &str) -> Result<()> {
        match self.location(key).map(fs::remove_file) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) | Err(FolderError::Disk(error)) if is_absent(&error) => Ok(()),
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(error),
        }
    }

    /// Removes the folder `prefix` of the folder `base` and those below it in which nothing is. What somebody
    /// else removes meanwhile is no error, and what he fills stays; so does what is behind a link.
    pub(crate) fn remove_empty_folders(&self, base: &str, prefix: &str) -> Result<()> {
        if self.is_behind_link(base, prefix) {
            return Ok(());
        }
        match self.location(&join(base, prefix)) {
            Err(FolderError::Disk(error)) if is_absent(&error) => Ok(()),
            folder => Ok(remove_empty(&folder?).map(drop)?),
        }
    }

    /// Returns whether the folder `prefix` of the folder `base` is reached through a symbolic link. These are
    /// not followed where more than one object is meant: they may lead to what others keep there.
    fn is_behind_link(&self, base: &str, prefix: &str) -> bool {
        let mut path = self.root.join(base);
        prefix.split('/').any(|step| {
            path.push(step);
            fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink())
        })
    }

    /// Returns the path that a write of `key` replaces: its folder is resolved, its name is not.
    /// Folders that do not exist yet are taken as they are.
    pub(crate) fn destination(&self, key: &str) -> PathBuf {
        let (folders, name) = key.rsplit_once('/').unwrap_or(("", key));
        let mut folder = self.root.clone();
        for segment in folders.split('/').filter(|segment| !segment.is_empty()) {
            let next = folder.join(segment);
            folder = fs::canonicalize(&next).unwrap_or(next);
        }
        folder.join(name)
    }

    fn location(&self, key: &str) -> Result<PathBuf> {
        let path = self.root.join(key);
        match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => Ok(self.resolve(folder)?.join(name)),
            _ => Err(FolderError::Outside),
        }
    }

    fn open(&self, key: &str) -> Result<(File, ObjectInfo)> {
        let path = self.resolve(&self.root.join(key))?;
        // Looked at before it is opened: to open a pipe would wait for its other end.
        info(key, &fs::metadata(&path)?)?;
        let file = File::open(path)?;
        let info = info(key, &file.metadata()?)?;
        Ok((file, info))
    }

    /// Resolves symbolic links, and refuses what they lead to outside the folder.
    fn resolve(&self, path: &Path) -> Result<PathBuf> {
        let path = fs::canonicalize(path)?;
        if path.starts_with(&self.root) {
            Ok(path)
        } else {
            Err(FolderError::Outside)
        }
    }

    /// Creates the folders that are missing, one by one: each is resolved before anything is
    /// created inside.
    fn create_folders(&self, folders: &str) -> Result<PathBuf> {
        let mut folder = self.root.clone();
        for segment in folders.split('/').filter(|segment| !segment.is_empty()) {
            let next = folder.join(segment);
            folder = match self.resolve(&next) {
                Err(FolderError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {
                    match fs::create_dir(&next) {
                        // Another write may have created it meanwhile.
                        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                            return Err(error.into());
                        }
                        _ => self.resolve(&next)?,
                    }
                }
                resolved => resolved?,
            };
        }
        Ok(folder)
    }
}

/// Reads `length` bytes, or fewer where the file ends before. A file with holes may claim to be
/// larger than the memory, which is an error and no abort.
fn read_to_end(file: File, length: u64) -> Result<Bytes> {
    let mut body = Vec::new();
    usize::try_from(length)
        .ok()
        .and_then(|length| body.try_reserve_exact(length).ok())
        .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
    file.take(length).read_to_end(&mut body)?;
    Ok(body.into())
}

/// Removes a folder and those below it, as far as nothing is in them. Returns whether it is gone.
fn remove_empty(folder: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Err(error) if is_absent(&error) => return Ok(true),
        entries => entries?,
    };
    let mut is_empty = true;
    for entry in entries {
        let entry = entry?;
        // A link to a folder is something, and so is a folder that may not be read or removed.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        is_empty &= is_folder && remove_empty(&entry.path()).unwrap_or(false);
    }
    // What is full is not tried: who may not remove it would be told so, and not that it is full.
    match is_empty.then(|| fs::remove_dir(folder)) {
        None => Ok(false),
        Some(Err(error)) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Some(Err(error)) if !is_absent(&error) => Err(error),
        Some(_) => Ok(true),
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            // Nothing can have a name that is too long.
            | io::ErrorKind::InvalidFilename
    ) || is_loop(error)
}

/// Describes a regular file; anything else is no object.
fn info(key: &str, metadata: &fs::Metadata) -> Result<ObjectInfo> {
    if !metadata.is_file() {
        return Err(io::Error::from(io::ErrorKind::NotFound).into());
    }
    let last_modified = metadata.modified().ok();
    let (modified_ns, size_bytes) = (nanoseconds(last_modified), metadata.len());
    let number = file_number(metadata);
    Ok(ObjectInfo {
        key: key.to_owned(),
        size_bytes,
        e_tag: Some(format!("\"{modified_ns:x}-{size_bytes:x}-{number:x}\"")),
        last_modified,
    })
}

/// Two files that exist at the same time have two numbers: the one that takes the place of another,
/// however soon and with the same time, was made while that was there.
#[cfg(unix)]
fn file_number(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

/// The standard library does not tell.
#[cfg(not(unix))]
fn file_number(_metadata: &fs::Metadata) -> u64 {
    0
}

fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY_PREFIX) && name.ends_with(TEMPORARY_SUFFIX)
}
