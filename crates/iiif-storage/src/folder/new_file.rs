//! A file that is not there until it is whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use tempfile::NamedTempFile;

use super::{FolderError, LocalFolder, Result, TEMPORARY_PREFIX, TEMPORARY_SUFFIX};
use crate::Overwrite;

/// How often a file is begun: who removes empty folders may take one away before the file is in it.
const ATTEMPTS: usize = 4;

/// A temporary file beside its destination, which goes away when it is dropped. All methods block.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: NamedTempFile,
    destination: PathBuf,
    overwrite: Overwrite,
}

impl LocalFolder {
    /// Begins a file, with the folders that it needs; these stay.
    pub(crate) fn create(&self, key: &str, overwrite: Overwrite) -> Result<NewFile> {
        for _ in 1..ATTEMPTS {
            match self.try_create(key, overwrite) {
                Err(FolderError::Disk(error)) if error.kind() == io::ErrorKind::NotFound => {}
                created => return created,
            }
        }
        self.try_create(key, overwrite)
    }

    fn try_create(&self, key: &str, overwrite: Overwrite) -> Result<NewFile> {
        let (folders, name) = key.rsplit_once('/').unwrap_or(("", key));
        let folder = self.create_folders(folders)?;
        let destination = folder.join(name);
        // Before all of it is written in vain; what counts is the look at the end.
        if overwrite == Overwrite::Forbidden && destination.symlink_metadata().is_ok() {
            return Err(FolderError::Exists);
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(TEMPORARY_PREFIX).suffix(TEMPORARY_SUFFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // As for any new file; the process's umask takes away from it.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        Ok(NewFile {
            file: builder.tempfile_in(&folder)?,
            destination,
            overwrite,
        })
    }
}

impl NewFile {
    pub(crate) fn write(&mut self, part: &[u8]) -> Result<()> {
        Ok(self.file.write_all(part)?)
    }

    /// Renames the file to its destination, so that this is the old file or the new one even when
    /// the process ends in between. Nothing is synced: what a loss of power leaves is up to the
    /// file system.
    pub(crate) fn finish(self) -> Result<()> {
        let persisted = match self.overwrite {
            Overwrite::Allowed => self.file.persist(self.destination),
            Overwrite::Forbidden => self.file.persist_noclobber(self.destination),
        };
        // The error holds the temporary file, which goes away with it.
        match persisted.map_err(|error| error.error) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(FolderError::Exists),
            persisted => Ok(persisted.map(drop)?),
        }
    }
}
