//! A place where objects live.

mod blocking;
mod object_writer;
mod open_object;
mod signed_url;
mod store;
mod temporary;
mod upload;

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};
use object_store::ObjectStore;

use self::blocking::{blocking, from_folder, spawn};
pub use self::object_writer::{ObjectWriter, Overwrite};
pub use self::open_object::{BlockingReader, OpenObject};
use self::store::PutAs;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
pub(crate) use self::store::UrlSigner;
pub(crate) use self::store::{Access, Store};
use crate::error::Context;
use crate::folder::{self, FolderError, LocalFolder};
use crate::key::{check_key, check_prefix, join};
use crate::{Error, ErrorKind, Fetched, ObjectInfo, Operation, Result};

/// A place where objects live: a local folder, memory, or a bucket in a cloud.
///
/// A clone is another handle to the same objects. `Display` and `Debug` show the URI without
/// secrets.
///
/// # Contract
///
/// - Keys are names with `/` between them and are used as they are, character by character. A key
///   that would lead out of the bucket is an error of kind [`InvalidRequest`](ErrorKind), a
///   symbolic link that does one of kind [`Denied`](ErrorKind).
/// - [`put`](Self::put), [`put_new`](Self::put_new) and [`writer`](Self::writer) are atomic: a
///   reader sees the old object, the new one or none, never a part.
/// - An absent key is an error of kind [`NotFound`](ErrorKind) to reads, and none to
///   [`delete`](Self::delete).
/// - Methods of local folders need a tokio runtime, those of remote backends one with time and I/O.
#[derive(Clone)]
pub struct Bucket {
    place: Place,
    /// Checked, without a slash at the end; empty for none.
    prefix: Arc<str>,
    /// The URI without secrets.
    name: Arc<str>,
    /// The local folder with the prefix.
    folder: Option<Arc<Path>>,
}

#[derive(Clone)]
enum Place {
    Folder(LocalFolder),
    Store(Store),
    Null,
}

impl Bucket {
    /// Returns a bucket over any object store.
    ///
    /// It takes over what the store guarantees: whether puts are atomic, and whether symbolic links
    /// are followed.
    #[must_use]
    pub fn from_store(store: Arc<dyn ObjectStore>) -> Self {
        // A store may show secrets in its `Debug` and `Display`; a made-up name shows none.
        let store = Store::new(store, None, Access::ReadWrite);
        Self::new(Place::Store(store), "the given object store")
    }

    pub(crate) fn from_folder(folder: LocalFolder) -> Self {
        let name = format!("file://{}", folder.root().display());
        Self::new(Place::Folder(folder), &name)
    }

    pub(crate) fn from_backend(store: Store, name: &str) -> Self {
        Self::new(Place::Store(store), name)
    }

    pub(crate) fn null() -> Self {
        Self::new(Place::Null, "null://")
    }

    fn new(place: Place, name: &str) -> Self {
        let folder = match &place {
            Place::Folder(folder) => Some(folder.root().into()),
            _ => None,
        };
        Self {
            place,
            prefix: "".into(),
            name: name.into(),
            folder,
        }
    }

    /// Returns the part of this bucket whose keys start with `prefix`, which is left out of them.
    ///
    /// `prefix` is a folder, with or without a slash at its end; empty changes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if it leads out of the bucket.
    pub fn with_prefix(mut self, prefix: &str) -> Result<Self> {
        let prefix = join(&self.prefix, check_prefix(prefix)?);
        if let Place::Folder(folder) = &self.place {
            let path = folder.root().join(&prefix);
            self.name = format!("file://{}", path.display()).into();
            self.folder = Some(path.into());
        }
        self.prefix = prefix.into();
        Ok(self)
    }

    /// Reads a whole object, of whatever size.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`NotFound`](ErrorKind) if there is none.
    pub async fn get(&self, key: &str) -> Result<Bytes> {
        self.get_at_most(key, u64::MAX).await
    }

    /// Reads a whole object, if it has at most `max_bytes`; a larger one is not read at all.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`TooLarge`](ErrorKind) if it is larger.
    pub async fn get_at_most(&self, key: &str, max_bytes: u64) -> Result<Bytes> {
        check_key(key)?;
        let (context, full) = (self.context(Operation::Read, key), join(&self.prefix, key));
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let read = move || folder.read(&full, max_bytes);
                match spawn(read).await {
                    Err(FolderError::TooLarge(size)) => Err(context.too_large(size, max_bytes)),
                    read => read.map_err(|error| from_folder(error, context)),
                }
            }
            Place::Store(store) => store.get(&full, max_bytes, context).await,
            Place::Null => Err(context.not_found()),
        }
    }

    /// Reads a whole object together with what is known about it, or nothing if it is still the
    /// version `known`. Remote backends are asked once. What is larger than `max_bytes` is not read at all.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`NotFound`](ErrorKind) if there is none, of kind [`TooLarge`](ErrorKind) if it
    /// is larger, of kind [`Conflict`](ErrorKind) if a local file is being written to.
    pub async fn get_if_changed(
        &self,
        key: &str,
        known: Option<&ObjectInfo>,
        max_bytes: u64,
    ) -> Result<Option<(ObjectInfo, Bytes)>> {
        check_key(key)?;
        let (context, full) = (self.context(Operation::Read, key), join(&self.prefix, key));
        let mut found = match &self.place {
            Place::Folder(folder) => {
                let (folder, known) = (folder.clone(), known.map(ObjectInfo::version));
                let read = move || folder.read_if_changed(&full, known.as_ref(), max_bytes);
                match spawn(read).await {
                    Err(FolderError::TooLarge(size)) => Err(context.too_large(size, max_bytes)),
                    read => read.map_err(|error| from_folder(error, context)),
                }
            }
            Place::Store(store) => {
                let read = store.get_if_changed(&full, known, max_bytes, context);
                read.await
            }
            Place::Null => Err(context.not_found()),
        }?;
        if let Some((info, _)) = &mut found {
            key.clone_into(&mut info.key);
        }
        Ok(found)
    }

    /// Reads a whole object: into memory if it has at most `in_memory_max_bytes`, and otherwise so
    /// that it is read from a file.
    ///
    /// That is the object itself in a local folder. A larger object of any other backend is written
    /// to a temporary file without a name, in the folder for such files: on Unix `$TMPDIR` or
    /// `/tmp`, which should lie on a disk. A few MiB of memory are taken for that.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`NotFound`](ErrorKind) if there is none, of kind
    /// [`Internal`](ErrorKind) if a temporary file cannot be written.
    pub async fn fetch(&self, key: &str, in_memory_max_bytes: u64) -> Result<Fetched> {
        check_key(key)?;
        let (context, full) = (self.context(Operation::Read, key), join(&self.prefix, key));
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                blocking(context, move || folder.fetch(&full, in_memory_max_bytes)).await
            }
            Place::Store(store) => store.fetch(&full, in_memory_max_bytes, context).await,
            Place::Null => Err(context.not_found()),
        }
    }

    /// Reads the bytes of `range`, counted from 0; its end is clipped at the end of the object.
    ///
    /// # Errors
    ///
    /// See [`Error`]; also if the range starts behind the end of the object.
    pub async fn get_range(&self, key: &str, range: Range<u64>) -> Result<Bytes> {
        check_key(key)?;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        let (context, full) = (self.context(Operation::Read, key), join(&self.prefix, key));
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let (start, end) = (range.start, range.end);
                let read = move || folder.read_range(&full, &range);
                match spawn(read).await {
                    Err(FolderError::Range(size_bytes)) => Err(Error::InvalidRange {
                        key: key.to_owned(),
                        bucket: self.name.as_ref().to_owned(),
                        start,
                        end,
                        size_bytes,
                    }),
                    read => read.map_err(|error| from_folder(error, context)),
                }
            }
            Place::Store(store) => store.get_range(&full, range, context).await,
            Place::Null => Err(context.not_found()),
        }
    }

    /// Returns what is known about an object without reading it.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`NotFound`](ErrorKind) if there is none.
    pub async fn head(&self, key: &str) -> Result<ObjectInfo> {
        check_key(key)?;
        let (context, full) = (self.context(Operation::Head, key), join(&self.prefix, key));
        let mut info = match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                blocking(context, move || folder.head(&full)).await
            }
            Place::Store(store) => store.head(&full, context).await,
            Place::Null => Err(context.not_found()),
        }?;
        key.clone_into(&mut info.key);
        Ok(info)
    }

    /// Returns whether there is an object under `key`.
    ///
    /// # Errors
    ///
    /// See [`Error`]; an absent object is none.
    pub async fn exists(&self, key: &str) -> Result<bool> {
        match self.head(key).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores `body` under `key`, atomically, replacing what was there. `media_type` becomes the
    /// object's `Content-Type` where the backend has such a thing.
    ///
    /// # Errors
    ///
    /// See [`Error`]. The old object is untouched then.
    pub async fn put(&self, key: &str, body: Bytes, media_type: &str) -> Result<()> {
        self.check_put(key, media_type)?;
        let (context, full) = (self.context(Operation::Write, key), join(&self.prefix, key));
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let write = move || folder.write(&full, &body, Overwrite::Allowed);
                blocking(context, write).await
            }
            Place::Store(store) => store.put(&full, body, media_type, context).await,
            Place::Null => Ok(()),
        }
    }

    /// Stores `body` under `key`, atomically, if there is no object yet: of several that do so at
    /// the same time, one wins. `media_type` is that of [`put`](Self::put).
    ///
    /// Remote backends get the body in one request, of whatever size. Where an answer was lost and
    /// the request was repeated, one that succeeded may be told as an error.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`Conflict`](ErrorKind) if there is an object, of kind
    /// [`Unsupported`](ErrorKind) if the backend cannot tell.
    pub async fn put_new(&self, key: &str, body: Bytes, media_type: &str) -> Result<()> {
        self.check_put(key, media_type)?;
        let (context, full) = (self.context(Operation::Write, key), join(&self.prefix, key));
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let write = move || folder.write(&full, &body, Overwrite::Forbidden);
                blocking(context, write).await
            }
            Place::Store(store) => {
                let put_as = PutAs {
                    media_type,
                    overwrite: Overwrite::Forbidden,
                };
                let put = store.put_at_once(&full, body.into(), put_as, context);
                put.await
            }
            Place::Null => Ok(()),
        }
    }

    /// Deletes an object; what is absent is no error.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub async fn delete(&self, key: &str) -> Result<()> {
        check_key(key)?;
        if !self.is_writable() {
            return Err(self.read_only());
        }
        let context = self.context(Operation::Delete, key);
        let full = join(&self.prefix, key);
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                blocking(context, move || folder.delete(&full)).await
            }
            Place::Store(store) => store.delete(&full, context).await,
            Place::Null => Ok(()),
        }
    }

    /// Removes the folder `key` and those below it, as far as nothing is in them. Only local folders can be
    /// empty; for other backends there is nothing to do.
    ///
    /// # Errors
    ///
    /// See [`Error`]; an absent folder is none.
    pub async fn remove_empty_folders(&self, key: &str) -> Result<()> {
        check_key(key)?;
        let Place::Folder(folder) = &self.place else {
            return Ok(());
        };
        let (folder, base, step) = (folder.clone(), Arc::clone(&self.prefix), key.to_owned());
        let context = self.context(Operation::Delete, key);
        blocking(context, move || folder.remove_empty_folders(&base, &step)).await
    }

    /// Lists the objects in the folder `prefix` and the folders below it, in no particular order;
    /// an empty prefix lists them all, an absent folder none. Symbolic links to folders are not followed.
    ///
    /// The stream yields an [`Error`] where a part cannot be listed: of kind
    /// [`Unsupported`](ErrorKind), without asking it, for a web server.
    #[must_use]
    pub fn list(&self, prefix: &str) -> BoxStream<'static, Result<ObjectInfo>> {
        let prefix = match check_prefix(prefix) {
            Ok(prefix) => prefix,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let bucket = self.clone();
        if !self.has_list() {
            let error = Error::NoList {
                bucket: self.name.as_ref().to_owned(),
            };
            return stream::iter([Err(error)]).boxed();
        }
        match &self.place {
            Place::Folder(folder) => folder::list(folder.clone(), &self.prefix, prefix)
                .map(move |found| {
                    found.map_err(|error| from_folder(error, bucket.context(Operation::List, "")))
                })
                .boxed(),
            Place::Store(store) => store
                .list(&join(&self.prefix, prefix))
                .map(move |found| {
                    found.map_err(|error| bucket.context(Operation::List, "").store(error))
                })
                .boxed(),
            Place::Null => stream::empty().boxed(),
        }
        .filter_map({
            let prefix = Arc::clone(&self.prefix);
            move |found| std::future::ready(without_prefix(found, &prefix))
        })
        .boxed()
    }

    /// Returns the local folder whose files the objects are, absolute and without symbolic links;
    /// none for other backends.
    #[must_use]
    pub fn local_folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Returns whether [`list`](Self::list) has anything to tell: web servers have no lists.
    #[must_use]
    pub fn has_list(&self) -> bool {
        // What is read only is a web server.
        self.is_writable()
    }

    /// Returns whether objects can be put here at all. Credentials may still forbid it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        match &self.place {
            Place::Store(store) => store.access() == Access::ReadWrite,
            Place::Folder(_) | Place::Null => true,
        }
    }

    /// Returns the keys here whose replacement changes what is read as `key`: its own, with links
    /// among its folders resolved, and, where it is a link itself, that of what it leads to.
    ///
    /// Blocks for a moment on local folders; elsewhere there are no links.
    #[must_use]
    pub fn keys_behind(&self, key: &str) -> Vec<String> {
        let (Place::Folder(folder), Some(root)) = (&self.place, &self.folder) else {
            return vec![key.to_owned()];
        };
        let own = folder.destination(&join(&self.prefix, key));
        let target = std::fs::canonicalize(&own)
            .ok()
            .filter(|target| *target != own);
        let within = |path: &Path| Some(path.strip_prefix(root).ok()?.to_str()?.to_owned());
        [Some(own), target]
            .into_iter()
            .flatten()
            .filter_map(|path| within(&path))
            .collect()
    }

    /// Returns the key under which `other` has the object that a write of `key` replaces here; `None`
    /// if it lies outside `other`.
    ///
    /// Folders are compared with their symbolic links resolved, remote buckets by backend, endpoint
    /// and name. Blocks for a moment on local folders. Buckets made by
    /// [`from_store`](Self::from_store) or in memory are the same if one is a clone of the other.
    #[must_use]
    pub fn key_within(&self, key: &str, other: &Self) -> Option<String> {
        let full = join(&self.prefix, key);
        match (&self.place, &other.place) {
            (Place::Folder(folder), Place::Folder(_)) => {
                let path = folder.destination(&full);
                let key = path.strip_prefix(other.folder.as_deref()?).ok()?;
                key.to_str().map(ToOwned::to_owned)
            }
            (Place::Store(store), Place::Store(other_store)) if store.is_same_as(other_store) => {
                let key = full.strip_prefix(&*other.prefix)?;
                let key = if other.prefix.is_empty() {
                    key
                } else {
                    key.strip_prefix('/')?
                };
                Some(key.to_owned())
            }
            _ => None,
        }
    }

    fn check_put(&self, key: &str, media_type: &str) -> Result<()> {
        check_key(key)?;
        let is_header = |b: u8| b == b' ' || b.is_ascii_graphic();
        if media_type.is_empty() || !media_type.bytes().all(is_header) {
            return Err(Error::InvalidMediaType {
                media_type: media_type.to_owned(),
            });
        }
        if self.is_writable() {
            Ok(())
        } else {
            Err(self.read_only())
        }
    }

    fn context<'a>(&'a self, operation: Operation, key: &'a str) -> Context<'a> {
        Context {
            operation,
            key,
            bucket: &self.name,
        }
    }

    fn read_only(&self) -> Error {
        Error::ReadOnly {
            bucket: self.name.as_ref().to_owned(),
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.name)
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

/// Takes the bucket's prefix off a listed key; a key that is only the prefix is no object of ours.
fn without_prefix(found: Result<ObjectInfo>, prefix: &str) -> Option<Result<ObjectInfo>> {
    let mut info = match found {
        Ok(info) => info,
        Err(error) => return Some(Err(error)),
    };
    if !prefix.is_empty() {
        info.key = info.key.strip_prefix(prefix)?.strip_prefix('/')?.to_owned();
    }
    Some(Ok(info))
}
