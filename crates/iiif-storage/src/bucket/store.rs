//! Objects in an object store.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, WriteMultipart,
};

use super::temporary;
use crate::error::Context;
use crate::{ErrorKind, Fetched, ObjectInfo, Overwrite, Result};

/// Larger bodies are sent in parts, so that a cut connection costs a part and not all.
const MULTIPART_FROM_BYTES: usize = 64 << 20;
const PART_BYTES: usize = 16 << 20;
const PARTS_AT_ONCE: usize = 4;

/// Whether a backend can be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    #[cfg(feature = "http")]
    ReadOnly,
    ReadWrite,
}

/// Signs a URL to get an object. A function: the trait for it is not there without the backends.
pub(crate) type UrlSigner =
    Arc<dyn Fn(Path, Duration) -> BoxFuture<'static, object_store::Result<String>> + Send + Sync>;

/// How an object is stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PutAs<'a> {
    pub(crate) media_type: &'a str,
    pub(crate) overwrite: Overwrite,
}

/// An object store and how to tell it from others.
#[derive(Clone)]
pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    /// Backend, endpoint and bucket; two stores with the same hold the same objects.
    identity: Option<Arc<str>>,
    access: Access,
    /// Whether the bucket is known to be there.
    is_there: Arc<AtomicBool>,
    /// None for backends that cannot sign, or have nothing to sign with.
    signer: Option<UrlSigner>,
}

impl Store {
    pub(crate) fn new(
        objects: Arc<dyn ObjectStore>,
        identity: Option<&str>,
        access: Access,
    ) -> Self {
        Self {
            objects,
            identity: identity.map(Into::into),
            access,
            is_there: Arc::default(),
            signer: None,
        }
    }

    /// Sets what signs URLs.
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    pub(crate) fn with_signer(mut self, signer: Option<UrlSigner>) -> Self {
        self.signer = signer;
        self
    }

    pub(super) fn has_signer(&self) -> bool {
        self.signer.is_some()
    }

    pub(crate) async fn signed_url(
        &self,
        key: &str,
        expires_in: Duration,
        context: Context<'_>,
    ) -> Result<Option<String>> {
        let Some(signer) = &self.signer else {
            return Ok(None);
        };
        let signed = signer(path(key, context)?, expires_in).await;
        signed.map(Some).map_err(|error| context.store(error))
    }

    pub(super) fn objects(&self) -> &dyn ObjectStore {
        &*self.objects
    }

    pub(crate) fn access(&self) -> Access {
        self.access
    }

    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        match (&self.identity, &other.identity) {
            (Some(identity), Some(other)) => identity == other,
            _ => Arc::ptr_eq(&self.objects, &other.objects),
        }
    }

    pub(crate) async fn get(
        &self,
        key: &str,
        max_bytes: u64,
        context: Context<'_>,
    ) -> Result<Bytes> {
        let path = path(key, context)?;
        let found = self.objects.get(&path).await;
        let found = found.map_err(|error| context.store(error))?;
        // Before anything is allocated from what the backend says.
        if found.meta.size > max_bytes {
            return Err(context.too_large(found.meta.size, max_bytes));
        }
        body(found, context).await
    }

    pub(crate) async fn fetch(
        &self,
        key: &str,
        in_memory_max_bytes: u64,
        context: Context<'_>,
    ) -> Result<Fetched> {
        let path = path(key, context)?;
        let found = self.objects.get(&path).await;
        let found = found.map_err(|error| context.store(error))?;
        let size_bytes = found.meta.size;
        if size_bytes > in_memory_max_bytes {
            let received = temporary::receive(found.into_stream(), size_bytes, context);
            return received.await.map(Fetched::File);
        }
        body(found, context).await.map(Fetched::Memory)
    }

    pub(crate) async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        context: Context<'_>,
    ) -> Result<Bytes> {
        let path = path(key, context)?;
        let options = GetOptions {
            range: Some(range.into()),
            ..GetOptions::default()
        };
        let found = self.objects.get_opts(&path, options).await;
        let found = found.map_err(|error| context.store(error))?;
        body(found, context).await
    }

    /// Reads a whole object unless it is the version `known`.
    pub(crate) async fn get_if_changed(
        &self,
        key: &str,
        known: Option<&ObjectInfo>,
        max_bytes: u64,
        context: Context<'_>,
    ) -> Result<Option<(ObjectInfo, Bytes)>> {
        let path = path(key, context)?;
        let untagged = |known: &&ObjectInfo| known.e_tag.is_none();
        let options = GetOptions {
            if_none_match: known.and_then(|known| known.e_tag.clone()),
            if_modified_since: known
                .filter(untagged)
                .and_then(|known| known.last_modified)
                .map(Into::into),
            ..GetOptions::default()
        };
        let found = match self.objects.get_opts(&path, options).await {
            Err(object_store::Error::NotModified { .. }) => return Ok(None),
            found => found.map_err(|error| context.store(error))?,
        };
        let info = info(found.meta.clone());
        // Not every server looks at conditions; at least the body is not read.
        if known.is_some_and(|known| known.version() == info.version()) {
            return Ok(None);
        }
        if info.size_bytes > max_bytes {
            return Err(context.too_large(info.size_bytes, max_bytes));
        }
        let body = body(found, context).await?;
        Ok(Some((info, body)))
    }

    /// Reads a range that is not empty and lies within the object, if that is the version `known`.
    pub(crate) async fn get_version(
        &self,
        key: &str,
        range: Range<u64>,
        known: &ObjectInfo,
        context: Context<'_>,
    ) -> Result<Bytes> {
        let path = path(key, context)?;
        // A weak tag never matches (RFC 9110 §13.1.1).
        let strong = |tag: &&String| !tag.starts_with("W/");
        let options = GetOptions {
            range: Some(range.into()),
            if_match: known.e_tag.as_ref().filter(strong).cloned(),
            ..GetOptions::default()
        };
        let found = match self.objects.get_opts(&path, options).await {
            Err(object_store::Error::Precondition { .. }) => return Err(context.changed()),
            found => found.map_err(|error| context.store(error))?,
        };
        // Not every server looks at conditions.
        if info(found.meta.clone()).version() != known.version() {
            return Err(context.changed());
        }
        body(found, context).await
    }

    pub(crate) async fn head(&self, key: &str, context: Context<'_>) -> Result<ObjectInfo> {
        let path = path(key, context)?;
        let error = match self.objects.head(&path).await {
            Ok(meta) => {
                self.is_there.store(true, Ordering::Relaxed);
                return Ok(info(meta));
            }
            Err(error) => error,
        };
        // Only the answer to a `GET` tells a missing bucket from a missing object.
        let is_missing = |error: &_| matches!(error, object_store::Error::NotFound { .. });
        let is_open = is_missing(&error) && !self.is_there.load(Ordering::Relaxed);
        if !is_open || self.access != Access::ReadWrite {
            return Err(context.store(error));
        }
        let read = self.objects.get_range(&path, 0..1).await;
        let told = read.err().filter(is_missing);
        let error = context.store(told.unwrap_or(error));
        if error.kind() == ErrorKind::NotFound {
            self.is_there.store(true, Ordering::Relaxed);
        }
        Err(error)
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        body: Bytes,
        media_type: &str,
        context: Context<'_>,
    ) -> Result<()> {
        let path = path(key, context)?;
        let attributes = media_type_attribute(media_type);
        let put = match self.put_with(&path, body.clone(), attributes).await {
            // Not every store keeps a media type; all of them keep the bytes.
            Err(object_store::Error::NotImplemented { .. }) => {
                self.put_with(&path, body, Attributes::new()).await
            }
            put => put,
        };
        put.map_err(|error| context.store(error))
    }

    /// Puts a body in one request.
    pub(crate) async fn put_at_once(
        &self,
        key: &str,
        body: PutPayload,
        put_as: PutAs<'_>,
        context: Context<'_>,
    ) -> Result<()> {
        let path = path(key, context)?;
        let put = |attributes| {
            let options = PutOptions {
                mode: match put_as.overwrite {
                    Overwrite::Allowed => PutMode::Overwrite,
                    Overwrite::Forbidden => PutMode::Create,
                },
                attributes,
                ..PutOptions::default()
            };
            self.objects.put_opts(&path, body.clone(), options)
        };
        let put = match put(media_type_attribute(put_as.media_type)).await {
            // Not every store keeps a media type; all of them keep the bytes.
            Err(object_store::Error::NotImplemented { .. }) => put(Attributes::new()).await,
            put => put,
        };
        match put {
            Ok(_) => Ok(()),
            // Backends also say so of other conflicts.
            Err(object_store::Error::AlreadyExists { .. })
                if put_as.overwrite == Overwrite::Forbidden =>
            {
                Err(context.exists())
            }
            Err(error) => Err(context.store(error)),
        }
    }

    pub(crate) async fn delete(&self, key: &str, context: Context<'_>) -> Result<()> {
        let path = path(key, context)?;
        match self.objects.delete(&path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(context.store(error)),
        }
    }

    pub(crate) fn list(
        &self,
        prefix: &str,
    ) -> BoxStream<'static, object_store::Result<ObjectInfo>> {
        let prefix = match Path::parse(prefix) {
            Ok(prefix) => prefix,
            Err(error) => return futures::stream::iter([Err(error.into())]).boxed(),
        };
        let prefix = (!prefix.is_root()).then_some(prefix);
        self.objects
            .list(prefix.as_ref())
            .map(|found| found.map(info))
            .boxed()
    }

    async fn put_with(
        &self,
        path: &Path,
        body: Bytes,
        attributes: Attributes,
    ) -> object_store::Result<()> {
        if body.len() < MULTIPART_FROM_BYTES {
            let options = PutOptions {
                attributes,
                ..PutOptions::default()
            };
            self.objects.put_opts(path, body.into(), options).await?;
            return Ok(());
        }
        let options = PutMultipartOptions {
            attributes,
            ..PutMultipartOptions::default()
        };
        let upload = self.objects.put_multipart_opts(path, options).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        for start in (0..body.len()).step_by(PART_BYTES) {
            if let Err(error) = upload.wait_for_capacity(PARTS_AT_ONCE).await {
                // What was wrong first matters more than that the parts could not be removed.
                let _ = upload.abort().await;
                return Err(error);
            }
            upload.put(body.slice(start..body.len().min(start + PART_BYTES)));
        }
        upload.finish().await?;
        Ok(())
    }
}

pub(super) fn media_type_attribute(media_type: &str) -> Attributes {
    Attributes::from_iter([(Attribute::ContentType, media_type.to_owned())])
}

/// Takes a key as it is; `Path::from` would percent-encode some of its characters.
pub(super) fn path(key: &str, context: Context<'_>) -> Result<Path> {
    Path::parse(key).map_err(|error| context.failed(error))
}

/// Reads a body to its end, which is where its stream ends: proxies and servers that fail make that shorter
/// than the range that they answer with. Of one that is longer no more is held. The bytes are copied: parts of
/// a stream may be slices of larger buffers, which they keep.
async fn body(found: GetResult, context: Context<'_>) -> Result<Bytes> {
    let announced = found.range.end - found.range.start;
    let mut body = Vec::new();
    // It may announce more than the memory.
    usize::try_from(announced)
        .ok()
        .and_then(|length| body.try_reserve_exact(length).ok())
        .ok_or_else(|| context.failed("the body is larger than memory can be"))?;
    let mut received = 0;
    let mut parts = found.into_stream();
    while received <= announced
        && let Some(part) = parts.next().await
    {
        let part = part.map_err(|error| context.store(error))?;
        received += part.len() as u64;
        if received <= announced {
            body.extend_from_slice(&part);
        }
    }
    if received != announced {
        return Err(context.unavailable(OtherLengthError {
            received,
            announced,
        }));
    }
    Ok(body.into())
}

/// A body is not the range that it was announced as.
#[derive(Debug, thiserror::Error)]
#[error("received {received} bytes; expected the {announced} that were announced")]
struct OtherLengthError {
    received: u64,
    announced: u64,
}

fn info(meta: ObjectMeta) -> ObjectInfo {
    ObjectInfo {
        key: meta.location.into(),
        size_bytes: meta.size,
        e_tag: meta.e_tag,
        last_modified: Some(meta.last_modified.into()),
    }
}
