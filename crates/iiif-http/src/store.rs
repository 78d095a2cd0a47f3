//! Derivatives that are kept in a bucket, beyond the life of the process.
//!
//! They lie under `.iiif/{identifier}/{version}/{region}/{size}/{rotation}/{quality}.{format}`: digests
//! of the identifier and of the versions of the source and of what makes derivatives, and the canonical
//! request of 3.0. So what is there is never wrong, only no longer asked for; the oldest go when there
//! is too much.

use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::StreamExt as _;
use iiif_image_api::{
    ApiVersion, CanonicalRequest, Format, Identifier, RenderPlan, ResolveOptions,
};
use iiif_storage::{Bucket, ErrorKind};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::held::{Held, HeldCache, Room};
use crate::shares::TILE_BYTES;
use crate::sources::Version;
use crate::{Problem, ServiceOptions};

/// The folder of the bucket in which nothing else lies.
const FOLDER: &str = ".iiif";

/// Returns whether a key is of a derivative that is kept here, or in a bucket inside that of the images.
pub(crate) fn is_in_folder(key: &str) -> bool {
    key.rsplit('/').skip(1).any(|step| step == FOLDER)
}

/// Derivatives that are written at the same time; with more, new ones are not written.
const WRITES_AT_ONCE: usize = 16;

/// More than any format takes for a pixel of 16 bits and four channels, and for what stands before.
const MAX_BYTES_PER_PIXEL: u64 = 16;
const MAX_HEAD_BYTES: u64 = 1 << 20;

/// Deletions that fail before a sweep is given up: who may delete nothing at all need not try everything.
const MAX_FAILURES: usize = 100;

/// Bytes of a digest that stand in a key.
const DIGEST_BYTES: usize = 16;

/// A bucket of derivatives.
pub(crate) struct DerivativeStore {
    bucket: Bucket,
    /// What makes derivatives, as a digest.
    maker: String,
    limit_bytes: u64,
    /// How long a read may take.
    timeout: Duration,
    writes: Arc<Semaphore>,
}

impl DerivativeStore {
    pub(crate) fn new(bucket: Bucket, maker: &str, options: &ServiceOptions) -> Self {
        Self {
            bucket,
            maker: digest(maker),
            limit_bytes: options.store_limit_bytes,
            timeout: options.source_timeout,
            writes: Arc::new(Semaphore::new(WRITES_AT_ONCE)),
        }
    }

    /// Returns a derivative, if it is there, whole, and can be read, in room of `held`.
    pub(crate) async fn get<K>(
        &self,
        version: &Version,
        plan: &RenderPlan,
        held: &HeldCache<K, Bytes>,
    ) -> Result<Option<Held<Bytes>>, Problem>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
    {
        let room = held.reserve(TILE_BYTES).await?;
        let read = self.read(version, plan, room, held);
        let read = timeout(self.timeout, read).await;
        read.unwrap_or_else(|_elapsed| {
            tracing::warn!("{} tells nothing of a derivative", self.bucket);
            Ok(None)
        })
    }

    /// Does the same in room for a small one.
    async fn read<K>(
        &self,
        version: &Version,
        plan: &RenderPlan,
        mut room: Room,
        held: &HeldCache<K, Bytes>,
    ) -> Result<Option<Held<Bytes>>, Problem>
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
    {
        let key = self.key(version, plan);
        // What is larger is asked for its size first.
        let mut read = self.bucket.get_at_most(&key, TILE_BYTES).await;
        if let Err(error) = &read
            && error.kind() == ErrorKind::TooLarge
        {
            drop(room);
            let most = plan.output().area().saturating_mul(MAX_BYTES_PER_PIXEL) + MAX_HEAD_BYTES;
            let size = self.bucket.head(&key).await.map(|info| info.size_bytes);
            let size = size.unwrap_or(most).min(most);
            room = held.reserve(size).await?;
            read = self.bucket.get_at_most(&key, size).await;
        }
        Ok(match read {
            Ok(bytes) if is_whole(plan.format(), &bytes) => {
                room.shrink_to(bytes.len() as u64);
                Some(room.hold(bytes))
            }
            Ok(_) => {
                let identifier = version.identifier.as_str();
                tracing::warn!("a derivative of {identifier} was damaged, and is made again");
                None
            }
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        })
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

    /// Waits until no derivative is being written.
    pub(crate) async fn settle(&self) {
        // It is never closed.
        let _ = self.writes.acquire_many(WRITES_AT_ONCE as u32).await;
    }

    /// Deletes all derivatives of an image.
    pub(crate) async fn purge(&self, identifier: &Identifier) -> iiif_storage::Result<()> {
        let folder = folder(identifier);
        let mut found = self.bucket.list(&folder);
        while let Some(object) = found.next().await {
            self.bucket.delete(&object?.key).await?;
        }
        self.tidy(&folder).await;
        Ok(())
    }

    /// Deletes the oldest where there are more bytes than the limit, and returns how many it deleted. What
    /// cannot be listed or deleted is passed over, and the first of it an error at the end.
    pub(crate) async fn sweep(&self) -> iiif_storage::Result<u64> {
        let mut objects: Vec<(SystemTime, u64, String)> = Vec::new();
        let mut first_error = None;
        let mut found = self.bucket.list(FOLDER);
        while let Some(object) = found.next().await {
            match object {
                Ok(object) => {
                    let written = object.last_modified.unwrap_or(SystemTime::UNIX_EPOCH);
                    objects.push((written, object.size_bytes, object.key));
                }
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        objects.sort_unstable();
        let mut total: u64 = objects.iter().map(|(_, bytes, _)| bytes).sum();
        let (before, mut failures) = (total, 0);
        for (_, bytes, key) in objects {
            if total <= self.limit_bytes {
                break;
            }
            match self.bucket.delete(&key).await {
                Ok(()) => total -= bytes,
                Err(error) => {
                    failures += 1;
                    let is_silent = error.kind() == ErrorKind::Unavailable;
                    first_error = first_error.or(Some(error));
                    if is_silent || failures == MAX_FAILURES {
                        break;
                    }
                }
            }
        }
        if total < before {
            self.tidy(FOLDER).await;
        }
        first_error.map_or(Ok(before - total), Err)
    }

    /// Removes empty folders, which do no harm where they may not be removed.
    async fn tidy(&self, folder: &str) {
        if let Err(error) = self.bucket.remove_empty_folders(folder).await {
            tracing::warn!("{error}");
        }
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

/// Returns whether a file begins and ends as its format does: something else may have written there, or
/// stopped in the middle.
fn is_whole(format: Format, bytes: &[u8]) -> bool {
    let (start, end): (&[u8], &[u8]) = match format {
        Format::Jpg => (&[0xFF, 0xD8, 0xFF], &[0xFF, 0xD9]),
        Format::Png => (b"\x89PNG", b"IEND\xAE\x42\x60\x82"),
        Format::Gif => (b"GIF8", b";"),
        Format::Webp => {
            let length = bytes.get(4..8).and_then(|length| length.try_into().ok());
            let length = length.map_or(0, u32::from_le_bytes);
            return bytes.starts_with(b"RIFF") && bytes.len() as u64 == u64::from(length) + 8;
        }
        Format::Tif => return ends_in_directory(bytes).unwrap_or(false),
        _ => return false,
    };
    !bytes.is_empty() && bytes.starts_with(start) && bytes.ends_with(end)
}

/// Returns whether a TIFF has all of its directory, which its encoder writes last (TIFF 6.0 §2).
fn ends_in_directory(bytes: &[u8]) -> Option<bool> {
    let offset = u32::from_le_bytes(*bytes.strip_prefix(b"II*\0")?.first_chunk()?) as usize;
    let count = u16::from_le_bytes(*bytes.get(offset..)?.first_chunk()?);
    let next_directory = 4;
    Some(bytes.len() >= offset + 2 + 12 * usize::from(count) + next_directory)
}

fn digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..DIGEST_BYTES])
}

#[cfg(test)]
mod tests {
    use iiif_pipeline::{EncodeOptions, encode};
    use iiif_testkit::pattern::photo;

    use super::*;

    #[test]
    fn files_that_were_cut_off_are_not_whole() {
        for format in [
            Format::Jpg,
            Format::Png,
            Format::Gif,
            Format::Webp,
            Format::Tif,
        ] {
            let image = photo(40, 30).into();
            let file = encode(&image, format, &EncodeOptions::default()).unwrap();
            assert!(is_whole(format, &file), "{format}");
            // A single byte ends a GIF, and may stand anywhere in it.
            let ends = |length: &usize| format != Format::Gif || file[length - 1] != b';';
            for length in (1..file.len()).filter(ends) {
                assert!(!is_whole(format, &file[..length]), "{format}: {length}");
            }
            assert!(!is_whole(format, b"something else"), "{format}");
        }
    }
}
