//! An object as it was when it was opened.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use object_store::coalesce_ranges;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::blocking::{blocking, from_folder};
use super::{Bucket, Place, Store};
use crate::error::Context;
use crate::folder::OpenFile;
use crate::key::{check_key, join};
use crate::{Error, ErrorKind, ObjectInfo, Operation, Result};

/// Ranges of a remote object that are not further apart are read by one request.
const COALESCE_BYTES: u64 = 64 << 10;

/// Parts of one object that are read at the same time by [`BlockingReader::read_parts`].
const PARTS_AT_ONCE: usize = 4;

/// What a read may take a second more for.
const BYTES_PER_SECOND: u64 = 1 << 20;

/// An object as it was when it was opened: all reads are of that version, or errors of kind
/// [`Conflict`](ErrorKind).
///
/// A clone is another handle to the same version and costs nothing. The file of a local folder stays
/// open as long as there is one; of a remote object only what is known about it is held.
///
/// # Contract
///
/// - An object of a remote backend that is replaced is an error from then on, and one that is
///   deleted of kind [`NotFound`](ErrorKind).
/// - A file of a local folder that is deleted, or replaced as [`Bucket::put`] does, is read on as it
///   was; one that somebody writes to is an error from then on.
/// - What cannot be told apart by its [`version`](ObjectInfo::version) is the same version.
#[derive(Clone)]
pub struct OpenObject {
    info: Arc<ObjectInfo>,
    /// The URI of the bucket without secrets.
    bucket: Arc<str>,
    contents: Contents,
    /// How long a read of a remote object may take.
    timeout: Option<Duration>,
}

#[derive(Clone)]
enum Contents {
    File(Arc<OpenFile>),
    /// The key with the prefix of the bucket.
    Store(Store, Arc<str>),
}

impl Bucket {
    /// Opens an object, to read parts of one version of it.
    ///
    /// A remote backend is asked once about the object, as by [`head`](Self::head).
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`NotFound`](ErrorKind) if there is none.
    pub async fn open(&self, key: &str) -> Result<OpenObject> {
        check_key(key)?;
        let (context, full) = (self.context(Operation::Read, key), join(&self.prefix, key));
        let (mut info, contents) = match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let file = blocking(context, move || folder.open_file(&full)).await?;
                (file.info().clone(), Contents::File(Arc::new(file)))
            }
            Place::Store(store) => {
                let info = store.head(&full, context).await?;
                (info, Contents::Store(store.clone(), full.into()))
            }
            Place::Null => return Err(context.not_found()),
        };
        key.clone_into(&mut info.key);
        Ok(OpenObject {
            info: Arc::new(info),
            bucket: Arc::clone(&self.name),
            contents,
            timeout: None,
        })
    }

    /// Opens the version of an object that this bucket told `info` of. A remote backend is not asked: that
    /// the version is gone is told by the first read.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of a local folder of kind [`Conflict`](ErrorKind) if there is another version by now, of
    /// kind [`NotFound`](ErrorKind) if there is none.
    pub async fn open_version(&self, info: &ObjectInfo) -> Result<OpenObject> {
        let Place::Store(store) = &self.place else {
            let object = self.open(&info.key).await?;
            if object.info().version() != info.version() {
                return Err(self.context(Operation::Read, &info.key).changed());
            }
            return Ok(object);
        };
        check_key(&info.key)?;
        let full = join(&self.prefix, &info.key);
        Ok(OpenObject {
            info: Arc::new(info.clone()),
            bucket: Arc::clone(&self.name),
            contents: Contents::Store(store.clone(), full.into()),
            timeout: None,
        })
    }
}

impl OpenObject {
    /// Returns what is known about this version.
    #[must_use]
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// Bounds how long each read of a remote object may take, with all repetitions: `timeout`, and a second
    /// more for each MiB that is read. What takes longer is an error of kind [`Unavailable`](ErrorKind).
    /// Default: no bound but that of [`RetrySettings`](crate::RetrySettings).
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Reads all of it.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`Conflict`](ErrorKind) if this version is gone.
    pub async fn read_all(&self) -> Result<Bytes> {
        self.read_range(0..self.info.size_bytes).await
    }

    /// Reads the bytes of `range`, counted from 0; its end is clipped at the end of the object.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`Conflict`](ErrorKind) if this version is gone, of kind
    /// [`InvalidRequest`](ErrorKind) if the range starts behind the end of the object.
    pub async fn read_range(&self, range: Range<u64>) -> Result<Bytes> {
        let range = self.clip(range)?;
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        match &self.contents {
            Contents::File(file) => {
                let file = Arc::clone(file);
                blocking(self.context(), move || file.read_range(&range)).await
            }
            Contents::Store(store, key) => {
                let length = range.end - range.start;
                let read = store.get_version(key, range, &self.info, self.context());
                let Some(most) = self.timeout else {
                    return read.await;
                };
                let most = most.saturating_add(Duration::from_secs(length / BYTES_PER_SECOND));
                let elapsed = |elapsed| Err(self.context().unavailable(elapsed));
                timeout(most, read).await.unwrap_or_else(elapsed)
            }
        }
    }

    /// Reads several ranges, each as [`read_range`](Self::read_range) does, and returns their bytes
    /// in the order of `ranges`.
    ///
    /// Of a remote object, ranges that overlap or are at most 64 KiB apart are read together, and up
    /// to ten such groups at the same time.
    ///
    /// # Errors
    ///
    /// Those of [`read_range`](Self::read_range).
    pub async fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let ranges: Vec<_> = ranges
            .iter()
            .map(|range| self.clip(range.clone()))
            .collect::<Result<_>>()?;
        match &self.contents {
            Contents::File(file) => {
                let file = Arc::clone(file);
                let read = move || ranges.iter().map(|range| file.read_range(range)).collect();
                blocking(self.context(), read).await
            }
            Contents::Store(..) => {
                coalesce_ranges(&ranges, |range| self.read_range(range), COALESCE_BYTES).await
            }
        }
    }

    /// Returns whether reading it is asking somebody else: it is no file of a local folder.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        matches!(self.contents, Contents::Store(..))
    }

    /// Returns a reader for threads that may block, as those of rayon are.
    ///
    /// Local files are read by the thread itself; a remote object by `runtime`, which must live and
    /// have time and I/O, while the thread waits.
    #[must_use]
    pub fn blocking_reader(self, runtime: Handle) -> BlockingReader {
        BlockingReader {
            object: self,
            runtime,
        }
    }

    /// Clips a range at the end; an empty one may be anywhere.
    fn clip(&self, range: Range<u64>) -> Result<Range<u64>> {
        let size_bytes = self.info.size_bytes;
        if range.is_empty() {
            return Ok(0..0);
        }
        if range.start >= size_bytes {
            return Err(Error::InvalidRange {
                key: self.info.key.clone(),
                bucket: self.bucket.as_ref().to_owned(),
                start: range.start,
                end: range.end,
                size_bytes,
            });
        }
        Ok(range.start..range.end.min(size_bytes))
    }

    fn context(&self) -> Context<'_> {
        Context {
            operation: Operation::Read,
            key: &self.info.key,
            bucket: &self.bucket,
        }
    }
}

impl fmt::Debug for OpenObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenObject")
            .field("bucket", &self.bucket)
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}

/// An open object for threads that may block. Several may read at once.
#[derive(Clone, Debug)]
pub struct BlockingReader {
    object: OpenObject,
    runtime: Handle,
}

impl BlockingReader {
    /// Returns the object.
    #[must_use]
    pub fn object(&self) -> &OpenObject {
        &self.object
    }

    /// Returns the number of bytes of the object.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.object.info.size_bytes
    }

    /// Reads exactly `length` bytes from `offset` on. Zero bytes may be read anywhere up to the end.
    ///
    /// # Errors
    ///
    /// Of kind [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the part reaches behind the end,
    /// found before anything is allocated. All others hold an [`Error`], to be had by
    /// [`io::Error::get_ref`] or [`io::Error::into_inner`].
    ///
    /// # Panics
    ///
    /// If the thread is one that drives asynchronous tasks, and the object is remote.
    pub fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let end = offset.checked_add(length as u64);
        let Some(end) = end.filter(|end| *end <= self.len_bytes()) else {
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        if length == 0 {
            return Ok(Bytes::new());
        }
        let range = offset..end;
        let read = match &self.object.contents {
            Contents::File(file) => file
                .read_range(&range)
                .map_err(|error| from_folder(error, self.object.context())),
            Contents::Store(..) => self.runtime.block_on(self.object.read_range(range)),
        };
        read.map_err(io_error)
    }

    /// Reads several parts, each as [`read_at`](Self::read_at) does: of a remote object, up to four at the
    /// same time.
    ///
    /// # Errors
    ///
    /// Those of [`read_at`](Self::read_at).
    ///
    /// # Panics
    ///
    /// As [`read_at`](Self::read_at).
    pub fn read_parts(&self, parts: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        if parts.iter().any(|part| part.end > self.len_bytes()) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let read = match &self.object.contents {
            Contents::File(file) => {
                let read = parts.iter().map(|part| file.read_range(part));
                let read: std::result::Result<_, _> = read.collect();
                read.map_err(|error| from_folder(error, self.object.context()))
            }
            Contents::Store(..) => {
                let reads = parts.iter().cloned();
                let reads = reads.map(|part| self.object.read_range(part));
                let reads = stream::iter(reads).buffered(PARTS_AT_ONCE);
                self.runtime.block_on(reads.try_collect())
            }
        };
        read.map_err(io_error)
    }
}

/// Returns an error as a reader has it.
fn io_error(error: Error) -> io::Error {
    io::Error::new(io_kind(error.kind()), error)
}

fn io_kind(kind: ErrorKind) -> io::ErrorKind {
    match kind {
        ErrorKind::NotFound => io::ErrorKind::NotFound,
        ErrorKind::Denied => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    }
}
