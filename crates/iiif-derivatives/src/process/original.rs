//! The compressed bytes of a source image, fetched into memory or into a file.

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use iiif_pipeline::{DecodeLimits, FileSource, ReadAt as _, SourceFormat, SourceImage};
use iiif_storage::{Bucket, ErrorKind, Fetched};
use sha2::{Digest as _, Sha256};

use crate::Failure;
use crate::budget::{MemoryBudget, Reservation};

/// How much of a file is hashed at a time.
const HASHED_BYTES: u64 = 1 << 20;

/// The compressed bytes of a source image.
#[derive(Debug)]
pub(super) struct Original {
    bytes: Place,
    /// For what is in memory, as long as nothing else was reserved for it.
    _waiting: Reservation,
}

/// Why a source image could not be fetched.
#[derive(Debug)]
pub(super) enum FetchFailure {
    /// There is no such object.
    Missing(Failure),
    /// It is there, or may be.
    Failed(Failure),
}

#[derive(Debug)]
enum Place {
    Memory(Bytes),
    File(Arc<FileSource>),
}

impl Original {
    /// Fetches the object: into memory if there may be room for several of its size beside each
    /// other, else into a file. Waits until there is room.
    pub(super) async fn fetch(
        bucket: &Bucket,
        key: &str,
        budget: &MemoryBudget,
    ) -> Result<Self, FetchFailure> {
        let size = bucket.head(key).await?.size_bytes;
        let in_memory = if size <= budget.in_memory_max_bytes() {
            size
        } else {
            0
        };
        let waiting = budget.reserve_waiting(in_memory).await;
        let waiting = waiting.map_err(|error| FetchFailure::failed(&error))?;
        // One that grew since it was looked up comes as a file.
        let bytes = match bucket.fetch(key, in_memory).await? {
            Fetched::Memory(bytes) => Place::Memory(bytes),
            Fetched::File(file) => {
                Place::file(file).map_err(|error| FetchFailure::failed(&error))?
            }
        };
        Ok(Self {
            bytes,
            _waiting: waiting,
        })
    }

    /// Returns how many bytes [`open`](Self::open), or planning with `limit_bytes`, reads into
    /// memory at once: those of a file whose format is not read in parts, and those of a PNG that
    /// may be a derivative as it is. Blocks.
    pub(super) fn read_bytes(&self, limit_bytes: u64) -> iiif_pipeline::Result<u64> {
        let Place::File(file) = &self.bytes else {
            return Ok(0);
        };
        let (format, len_bytes) = (SourceFormat::sniff_at(file)?, file.len_bytes());
        let is_read =
            !format.is_read_in_parts() || (format == SourceFormat::Png && len_bytes <= limit_bytes);
        Ok(if is_read { len_bytes } else { 0 })
    }

    /// Reads the header. Blocks.
    pub(super) fn open(&self, limits: &DecodeLimits) -> iiif_pipeline::Result<SourceImage> {
        match &self.bytes {
            Place::Memory(bytes) => SourceImage::probe(bytes.clone(), limits),
            Place::File(file) => SourceImage::open(Arc::clone(file), limits),
        }
    }

    /// Returns `sha256:` and the digest of the bytes. Blocks.
    pub(super) fn fingerprint(&self) -> io::Result<String> {
        let mut hash = Sha256::new();
        match &self.bytes {
            Place::Memory(bytes) => hash.update(bytes),
            Place::File(file) => {
                let mut offset = 0;
                while offset < file.len_bytes() {
                    let length = HASHED_BYTES.min(file.len_bytes() - offset);
                    // At most a block, so within `usize`.
                    hash.update(file.read_at(offset, length as usize)?);
                    offset += length;
                }
            }
        }
        Ok(format!("sha256:{}", hex::encode(hash.finalize())))
    }
}

impl FetchFailure {
    fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::Failed(Failure::new(error, None))
    }
}

impl From<iiif_storage::Error> for FetchFailure {
    fn from(error: iiif_storage::Error) -> Self {
        if error.kind() == ErrorKind::NotFound {
            Self::Missing(Failure::new(&error, None))
        } else {
            Self::failed(&error)
        }
    }
}

impl Place {
    fn file(file: File) -> io::Result<Self> {
        FileSource::new(file).map(|file| Self::File(Arc::new(file)))
    }
}

#[cfg(test)]
mod tests {
    use iiif_storage::{Environment, MissingFolder, StorageOpener};

    use super::*;

    async fn fetch(body: &'static [u8], budget: &MemoryBudget) -> Original {
        let storage = StorageOpener::new(Environment::empty());
        let bucket = storage.open("mem://", MissingFolder::Refuse).unwrap();
        bucket.put("a", body.into(), "image/tiff").await.unwrap();
        Original::fetch(&bucket, "a", budget).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_large_for_the_budget_is_in_a_file_and_hashed_there() {
        // Two blocks and a byte of zeros; the digest is that of sha256sum.
        static BODY: [u8; (2 << 20) + 1] = [0; (2 << 20) + 1];
        let expected = "sha256:e9a099c75ef837c28bc91683bee127e463fa0ee10c11fd816f8d2d428c0d610e";
        for (limit_bytes, is_file) in [(32 << 20, true), (64 << 20, false)] {
            let original = fetch(&BODY, &MemoryBudget::new(limit_bytes)).await;
            assert_eq!(matches!(original.bytes, Place::File(_)), is_file);
            assert_eq!(original.fingerprint().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn only_formats_that_are_not_read_in_parts_are_read_from_a_file() {
        let budget = MemoryBudget::new(0);
        let jpeg = fetch(b"\xff\xd8\xff\xe0 and so on", &budget).await;
        assert_eq!(jpeg.read_bytes(13).unwrap(), 14);
        let tiff = fetch(b"II*\0 and so on", &budget).await;
        assert_eq!(tiff.read_bytes(100).unwrap(), 0);
        // The source's own data becomes a derivative only where it fits into the limit.
        let png = fetch(b"\x89PNG\r\n\x1a\n and so on", &budget).await;
        assert_eq!(png.read_bytes(17).unwrap(), 0);
        assert_eq!(png.read_bytes(18).unwrap(), 18);
        let text = fetch(b"and so on", &budget).await;
        assert!(text.read_bytes(100).is_err());
    }
}
