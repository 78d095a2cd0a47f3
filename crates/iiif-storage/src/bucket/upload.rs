//! Objects that are sent in parts, without their size being known.

use std::mem;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{Attributes, MultipartUpload, PutMultipartOptions, PutPayload, PutPayloadMut};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::store::{PutAs, Store, media_type_attribute, path};
use crate::error::Context;
use crate::{ErrorKind, Overwrite, Result};

/// All parts but the last have as many bytes: some backends insist. S3 takes parts of 5 MiB and more,
/// and 10,000 of them.
const PART_BYTES: usize = 8 << 20;
const PARTS_AT_ONCE: usize = 4;

/// An object that is being sent. What was sent is removed if it is dropped.
pub(super) struct Upload {
    store: Store,
    key: String,
    media_type: String,
    overwrite: Overwrite,
    /// One part at most.
    pending: PutPayloadMut,
    /// None as long as a single part may be all.
    parts: Option<Parts>,
}

impl Upload {
    pub(super) fn new(store: Store, key: String, media_type: String, overwrite: Overwrite) -> Self {
        Self {
            store,
            key,
            media_type,
            overwrite,
            pending: PutPayloadMut::new(),
            parts: None,
        }
    }

    pub(super) async fn write(mut self, mut bytes: Bytes, context: Context<'_>) -> Result<Self> {
        while !bytes.is_empty() {
            // Not before there is more: an object of a single part is put at once.
            if self.pending.content_length() == PART_BYTES {
                self.send_pending(context).await?;
            }
            let room = PART_BYTES - self.pending.content_length();
            self.pending.push(bytes.split_to(room.min(bytes.len())));
        }
        Ok(self)
    }

    pub(super) async fn finish(mut self, context: Context<'_>) -> Result<()> {
        if self.parts.is_none() {
            let body = mem::take(&mut self.pending).freeze();
            let put_as = PutAs {
                media_type: &self.media_type,
                overwrite: self.overwrite,
            };
            let put = self.store.put_at_once(&self.key, body, put_as, context);
            return put.await;
        }
        self.send_pending(context).await?;
        // S3 would take a condition here, `object_store` does not. What comes between this look and the
        // end is replaced.
        check_absent(&self.store, &self.key, self.overwrite, context).await?;
        match &mut self.parts {
            Some(parts) => parts.complete(context).await,
            None => Ok(()),
        }
    }

    async fn send_pending(&mut self, context: Context<'_>) -> Result<()> {
        let mut parts = if let Some(parts) = self.parts.take() {
            parts
        } else {
            check_absent(&self.store, &self.key, self.overwrite, context).await?;
            let path = path(&self.key, context)?;
            Parts::begin(&self.store, &path, &self.media_type, context).await?
        };
        let part = mem::take(&mut self.pending).freeze();
        parts.send(part, context).await?;
        self.parts = Some(parts);
        Ok(())
    }
}

/// Looks whether an object may be put. Takes the parts of an upload that it needs: a reference to all
/// of it is nothing that may wander between threads.
async fn check_absent(
    store: &Store,
    key: &str,
    overwrite: Overwrite,
    context: Context<'_>,
) -> Result<()> {
    if overwrite == Overwrite::Allowed {
        return Ok(());
    }
    match store.head(key, context).await {
        Ok(_) => Err(context.exists()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Parts on their way. They are removed unless they were completed.
struct Parts {
    /// None once it is completed.
    upload: Option<Box<dyn MultipartUpload>>,
    sent: JoinSet<object_store::Result<()>>,
    runtime: Handle,
}

impl Parts {
    async fn begin(
        store: &Store,
        path: &Path,
        media_type: &str,
        context: Context<'_>,
    ) -> Result<Self> {
        let begin = |attributes| {
            let options = PutMultipartOptions {
                attributes,
                ..PutMultipartOptions::default()
            };
            store.objects().put_multipart_opts(path, options)
        };
        let upload = match begin(media_type_attribute(media_type)).await {
            // Not every store keeps a media type; all of them keep the bytes.
            Err(object_store::Error::NotImplemented { .. }) => begin(Attributes::new()).await,
            upload => upload,
        };
        Ok(Self {
            upload: Some(upload.map_err(|error| context.store(error))?),
            sent: JoinSet::new(),
            runtime: Handle::current(),
        })
    }

    /// Sends a part as soon as fewer than [`PARTS_AT_ONCE`] others are on their way.
    async fn send(&mut self, part: PutPayload, context: Context<'_>) -> Result<()> {
        self.wait_for_less_than(PARTS_AT_ONCE, context).await?;
        if let Some(upload) = &mut self.upload {
            self.sent.spawn(upload.put_part(part));
        }
        Ok(())
    }

    async fn complete(&mut self, context: Context<'_>) -> Result<()> {
        self.wait_for_less_than(1, context).await?;
        if let Some(upload) = &mut self.upload {
            let completed = upload.complete().await;
            completed.map_err(|error| context.store(error))?;
        }
        self.upload = None;
        Ok(())
    }

    async fn wait_for_less_than(&mut self, parts: usize, context: Context<'_>) -> Result<()> {
        while self.sent.len() >= parts {
            match self.sent.join_next().await {
                Some(Ok(sent)) => sent.map_err(|error| context.store(error))?,
                Some(Err(error)) => return Err(context.failed(error)),
                None => break,
            }
        }
        Ok(())
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        let Some(mut upload) = self.upload.take() else {
            return;
        };
        let mut sent = mem::take(&mut self.sent);
        self.runtime.spawn(async move {
            // A part that arrives after the others were removed would stay; to give up its request does
            // not keep it from that.
            while sent.join_next().await.is_some() {}
            // Nobody is left to tell. Backends can be set up to remove what stays.
            let _ = upload.abort().await;
        });
    }
}
