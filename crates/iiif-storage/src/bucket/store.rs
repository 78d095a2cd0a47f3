//! Objects in an object store.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMultipartOptions, PutOptions, WriteMultipart,
};

use super::temporary;
use crate::error::Context;
use crate::{Fetched, ObjectInfo, Result};

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

/// An object store and how to tell it from others.
#[derive(Clone)]
pub(crate) struct Store {
    objects: Arc<dyn ObjectStore>,
    /// Backend, endpoint and bucket; two stores with the same hold the same objects.
    identity: Option<Arc<str>>,
    access: Access,
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
        }
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
        found.bytes().await.map_err(|error| context.store(error))
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
        let body = found.bytes().await;
        body.map(Fetched::Memory)
            .map_err(|error| context.store(error))
    }

    pub(crate) async fn get_range(
        &self,
        key: &str,
        range: Range<u64>,
        context: Context<'_>,
    ) -> Result<Bytes> {
        let path = path(key, context)?;
        self.objects
            .get_range(&path, range)
            .await
            .map_err(|error| context.store(error))
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
        found.bytes().await.map_err(|error| context.store(error))
    }

    pub(crate) async fn head(&self, key: &str, context: Context<'_>) -> Result<ObjectInfo> {
        let path = path(key, context)?;
        self.objects
            .head(&path)
            .await
            .map(info)
            .map_err(|error| context.store(error))
    }

    pub(crate) async fn put(
        &self,
        key: &str,
        body: Bytes,
        media_type: &str,
        context: Context<'_>,
    ) -> Result<()> {
        let path = path(key, context)?;
        let attributes = Attributes::from_iter([(Attribute::ContentType, media_type.to_owned())]);
        let put = match self.put_with(&path, body.clone(), attributes).await {
            // Not every store keeps a media type; all of them keep the bytes.
            Err(object_store::Error::NotImplemented { .. }) => {
                self.put_with(&path, body, Attributes::new()).await
            }
            put => put,
        };
        put.map_err(|error| context.store(error))
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

/// Takes a key as it is; `Path::from` would percent-encode some of its characters.
fn path(key: &str, context: Context<'_>) -> Result<Path> {
    Path::parse(key).map_err(|error| context.failed(error))
}

fn info(meta: ObjectMeta) -> ObjectInfo {
    ObjectInfo {
        key: meta.location.into(),
        size_bytes: meta.size,
        e_tag: meta.e_tag,
        last_modified: Some(meta.last_modified.into()),
    }
}
