//! Listing a folder.

use std::fs;
use std::io;

use futures::stream::{self, BoxStream, StreamExt as _};

use super::{FolderError, LocalFolder, Result, is_absent, is_temporary};
use crate::ObjectInfo;
use crate::key::join;

/// Lists the objects under the folder `prefix` of the folder `base`, one directory at a time.
///
/// Symbolic links to directories are not followed, since they may form circles, but for those of `base`; those
/// to files are listed if the file lies inside the folder.
pub(crate) fn list(
    folder: LocalFolder,
    base: &str,
    prefix: &str,
) -> BoxStream<'static, std::result::Result<ObjectInfo, FolderError>> {
    let first = (base.to_owned(), prefix.to_owned());
    let pending = vec![join(base, prefix)];
    stream::unfold((pending, Some(first)), move |(mut pending, first)| {
        let folder = folder.clone();
        async move {
            let prefix = pending.pop()?;
            let read = move || match first {
                Some((base, prefix)) if folder.is_behind_link(&base, &prefix) => {
                    Ok(Default::default())
                }
                _ => folder.read_directory(&prefix),
            };
            let read = tokio::task::spawn_blocking(read).await;
            let objects = match read {
                Ok(Ok((objects, directories))) => {
                    pending.extend(directories.into_iter().rev());
                    objects.into_iter().map(Ok).collect()
                }
                Ok(Err(error)) => vec![Err(error)],
                Err(error) => vec![Err(FolderError::Disk(io::Error::other(error)))],
            };
            Some((stream::iter(objects), (pending, None)))
        }
    })
    .flatten()
    .boxed()
}

impl LocalFolder {
    /// Returns the objects of one directory and the keys of the directories in it, both sorted.
    fn read_directory(&self, prefix: &str) -> Result<(Vec<ObjectInfo>, Vec<String>)> {
        let (mut objects, mut directories) = (Vec::new(), Vec::new());
        let entries = match self.resolve(&self.root.join(prefix)).map(fs::read_dir) {
            Ok(Ok(entries)) => entries,
            Ok(Err(error)) | Err(FolderError::Disk(error)) if is_absent(&error) => {
                return Ok((objects, directories));
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            // A name that is no UTF-8 cannot be asked for either.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let key = join(prefix, &name);
            if entry.file_type()?.is_dir() {
                directories.push(key);
            } else if !is_temporary(&name) {
                // Links that lead nowhere or outside, pipes, and files just deleted are no objects.
                objects.extend(self.head(&key).ok());
            }
        }
        objects.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        directories.sort_unstable();
        Ok((objects, directories))
    }
}
