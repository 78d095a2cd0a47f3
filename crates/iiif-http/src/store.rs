//! Derivatives that are kept in a bucket, beyond the life of the process.
//!
//! They lie under `.iiif/{identifier}/{version}/{region}/{size}/{rotation}/{quality}.{format}`: digests
//! of the identifier and of the versions of the source and of what makes derivatives, and the canonical
//! request of 3.0. So what is there is never wrong, only no longer asked for; the oldest go when there
//! is too much.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::StreamExt as _;
use iiif_image_api::{ApiVersion, CanonicalRequest, Identifier, RenderPlan, ResolveOptions};
use iiif_storage::{Bucket, ErrorKind, Result};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::sources::Version;

/// The folder of the bucket in which nothing else lies.
const FOLDER: &str = ".iiif";

/// Derivatives that are written at the same time; with more, new ones are not written.
const WRITES_AT_ONCE: usize = 16;

/// Bytes of a digest that stand in a key.
const DIGEST_BYTES: usize = 16;

/// A bucket of derivatives.
pub(crate) struct DerivativeStore {
    bucket: Bucket,
    /// What makes derivatives, as a digest.
    maker: String,
    limit_bytes: u64,
    writes: Arc<Semaphore>,
}

impl DerivativeStore {
    pub(crate) fn new(bucket: Bucket, maker: &str, limit_bytes: u64) -> Self {
        Self {
            bucket,
            maker: digest(maker),
            limit_bytes,
            writes: Arc::new(Semaphore::new(WRITES_AT_ONCE)),
        }
    }

    /// Returns a derivative, if it is there and can be read.
    pub(crate) async fn get(&self, version: &Version, plan: &RenderPlan) -> Option<Bytes> {
        match self.bucket.get(&self.key(version, plan)).await {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        }
    }

    /// Writes a derivative, in the background.
    pub(crate) fn put(&self, version: &Version, plan: &RenderPlan, bytes: Bytes) {
        // What is not written is made again.
        let Ok(permit) = Arc::clone(&self.writes).try_acquire_owned() else {
            return;
        };
        let (bucket, key) = (self.bucket.clone(), self.key(version, plan));
        let media_type = plan.format().media_type();
        tokio::spawn(async move {
            if let Err(error) = bucket.put(&key, bytes, media_type).await {
                tracing::warn!("{error}");
            }
            drop(permit);
        });
    }

    /// Deletes all derivatives of an image.
    pub(crate) async fn purge(&self, identifier: &Identifier) -> Result<()> {
        let mut found = self.bucket.list(&folder(identifier));
        while let Some(object) = found.next().await {
            self.bucket.delete(&object?.key).await?;
        }
        Ok(())
    }

    /// Deletes the oldest where there are more bytes than the limit, and returns how many it deleted.
    pub(crate) async fn sweep(&self) -> Result<u64> {
        let mut objects: Vec<(SystemTime, u64, String)> = Vec::new();
        let mut found = self.bucket.list(FOLDER);
        while let Some(object) = found.next().await {
            let object = object?;
            let written = object.last_modified.unwrap_or(SystemTime::UNIX_EPOCH);
            objects.push((written, object.size_bytes, object.key));
        }
        objects.sort_unstable();
        let mut total: u64 = objects.iter().map(|(_, bytes, _)| bytes).sum();
        let before = total;
        for (_, bytes, key) in objects {
            if total <= self.limit_bytes {
                break;
            }
            self.bucket.delete(&key).await?;
            total -= bytes;
        }
        Ok(before - total)
    }

    fn key(&self, version: &Version, plan: &RenderPlan) -> String {
        let folder = folder(&version.identifier);
        let source = digest(version.object.as_str());
        // Without limits, so that `max` is the region itself.
        let options = ResolveOptions::default().with_version(ApiVersion::V3);
        let canonical = CanonicalRequest::of(plan, &options);
        format!("{folder}/{source}-{}/{canonical}", self.maker)
    }
}

fn folder(identifier: &Identifier) -> String {
    format!("{FOLDER}/{}", digest(identifier.as_str()))
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..DIGEST_BYTES])
}
