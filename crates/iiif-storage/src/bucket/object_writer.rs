//! An object that is written part by part.

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;

use super::blocking::blocking;
use super::upload::Upload;
use super::{Bucket, Place};
use crate::error::Context;
use crate::folder::NewFile;
use crate::key::join;
use crate::{Operation, Result};

/// Parts for a local file are written when there are so many bytes of them, or more.
const BLOCK_BYTES: usize = 1 << 20;

/// Whether an object may replace another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overwrite {
    /// What was there is replaced.
    Allowed,
    /// What is there stays, and is an error of kind [`Conflict`](crate::ErrorKind).
    Forbidden,
}

/// An object that is written part by part, and is not there until [`finish`](Self::finish).
///
/// Dropped before that, it leaves nothing behind but empty folders: neither the object, nor, in a
/// moment, what was sent of it. Of parts that were sent to a cloud, a process that is killed leaves
/// some there, invisible but not free of charge; a rule of the bucket can remove them.
///
/// It holds up to 1 MiB for local folders, 40 MiB for remote backends, and the part that is
/// given to it.
#[must_use = "what is not finished is not stored"]
pub struct ObjectWriter {
    key: String,
    /// The URI of the bucket without secrets.
    bucket: Arc<str>,
    /// None after a part was not written, or not to its end.
    sink: Option<Sink>,
}

enum Sink {
    File {
        file: NewFile,
        block: Vec<Bytes>,
        block_bytes: usize,
    },
    Store(Box<Upload>),
    Null,
}

impl Bucket {
    /// Begins an object whose size need not be known. `media_type` becomes its `Content-Type` where
    /// the backend has such a thing.
    ///
    /// With [`Overwrite::Forbidden`], an object that is there already is an error here, of a later part,
    /// or of [`finish`](ObjectWriter::finish). Of several that write the same key at the same time,
    /// one wins, but for remote objects above 8 MiB, which are sent in parts: one that is stored by
    /// somebody else in the last moment, after this one looked for it, is replaced.
    ///
    /// # Errors
    ///
    /// See [`Error`](crate::Error).
    pub async fn writer(
        &self,
        key: &str,
        media_type: &str,
        overwrite: Overwrite,
    ) -> Result<ObjectWriter> {
        self.check_put(key, media_type)?;
        let (context, full) = (self.context(Operation::Write, key), join(&self.prefix, key));
        let sink = match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                let file = blocking(context, move || folder.create(&full, overwrite)).await?;
                Sink::File {
                    file,
                    block: Vec::new(),
                    block_bytes: 0,
                }
            }
            Place::Store(store) => {
                let upload = Upload::new(store.clone(), full, media_type.to_owned(), overwrite);
                Sink::Store(Box::new(upload))
            }
            Place::Null => Sink::Null,
        };
        Ok(ObjectWriter {
            key: key.to_owned(),
            bucket: Arc::clone(&self.name),
            sink: Some(sink),
        })
    }
}

impl ObjectWriter {
    /// Writes the next part, of whatever size.
    ///
    /// # Errors
    ///
    /// See [`Error`](crate::Error). After an error, or a call that was not awaited to its end, what
    /// was written is removed, and all further calls are errors of kind
    /// [`Internal`](crate::ErrorKind).
    pub async fn write(&mut self, part: Bytes) -> Result<()> {
        let sink = self.sink.take();
        let context = self.context();
        let sink = sink.ok_or_else(|| context.failed(Incomplete))?;
        self.sink = Some(sink.write(part, context).await?);
        Ok(())
    }

    /// Makes the object visible, in whole.
    ///
    /// # Errors
    ///
    /// See [`Error`](crate::Error); of kind [`Conflict`](crate::ErrorKind) if there is an object that
    /// must not be replaced. What was written is removed then.
    pub async fn finish(mut self) -> Result<()> {
        let sink = self.sink.take();
        let context = self.context();
        sink.ok_or_else(|| context.failed(Incomplete))?
            .finish(context)
            .await
    }

    fn context(&self) -> Context<'_> {
        Context {
            operation: Operation::Write,
            key: &self.key,
            bucket: &self.bucket,
        }
    }
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectWriter")
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// By value: a call that is given up in the middle drops it, and with it what was written.
impl Sink {
    async fn write(self, part: Bytes, context: Context<'_>) -> Result<Self> {
        match self {
            Self::File {
                mut file,
                mut block,
                mut block_bytes,
            } => {
                block_bytes += part.len();
                block.push(part);
                if block_bytes >= BLOCK_BYTES {
                    let parts = mem::take(&mut block);
                    block_bytes = 0;
                    file = blocking(context, move || {
                        parts.iter().try_for_each(|part| file.write(part))?;
                        Ok(file)
                    })
                    .await?;
                }
                Ok(Self::File {
                    file,
                    block,
                    block_bytes,
                })
            }
            Self::Store(upload) => {
                let upload = upload.write(part, context).await?;
                Ok(Self::Store(Box::new(upload)))
            }
            Self::Null => Ok(Self::Null),
        }
    }

    async fn finish(self, context: Context<'_>) -> Result<()> {
        match self {
            Self::File {
                mut file, block, ..
            } => {
                let finish = move || {
                    block.iter().try_for_each(|part| file.write(part))?;
                    file.finish()
                };
                blocking(context, finish).await
            }
            Self::Store(upload) => upload.finish(context).await,
            Self::Null => Ok(()),
        }
    }
}

/// A part is missing.
#[derive(Debug, thiserror::Error)]
#[error("an earlier part was not written")]
struct Incomplete;
