//! The images that are served: their versions, and what their headers say.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use iiif_image_api::Identifier;
use iiif_pipeline::{DecodeLimits, FileSource, SourceImage};
use iiif_storage::{Bucket, ErrorKind, Fetched, ObjectInfo};
use moka::future::Cache;
use tokio::task::spawn_blocking;

use crate::Problem;

/// A source as it is at the moment: named, not opened.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) identifier: Identifier,
    /// Changes with the content.
    pub(crate) tag: String,
    pub(crate) last_modified: Option<SystemTime>,
}

/// A source whose header was read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) version: Version,
    pub(crate) image: SourceImage,
}

/// Finds sources in a bucket, and remembers versions for a while and headers until their source
/// changes.
pub(crate) struct Sources {
    bucket: Bucket,
    limits: DecodeLimits,
    in_memory_max_bytes: u64,
    /// What is not there is remembered too.
    versions: Cache<Identifier, Option<Version>>,
    opened: Cache<(Identifier, String), Arc<Source>>,
}

/// Versions that are remembered, each of some hundred bytes.
const MAX_VERSIONS: u64 = 10_000;

/// Weights are counted in KiB, of which 32 bits suffice.
const WEIGHT_UNIT_BYTES: u64 = 1 << 10;

/// What an opened source takes besides compressed bytes: directories, the profile, an open file.
const OPENED_BYTES: u64 = 16 << 10;

impl Sources {
    /// `memory_bytes` bounds what is kept of opened sources.
    pub(crate) fn new(
        bucket: Bucket,
        limits: DecodeLimits,
        refresh: Duration,
        memory_bytes: u64,
    ) -> Self {
        let weight = |_: &(Identifier, String), source: &Arc<Source>| {
            let bytes = source.image.held_bytes() + OPENED_BYTES;
            u32::try_from(bytes / WEIGHT_UNIT_BYTES).unwrap_or(u32::MAX)
        };
        Self {
            bucket,
            limits,
            in_memory_max_bytes: memory_bytes / 4,
            versions: Cache::builder()
                .max_capacity(MAX_VERSIONS)
                .time_to_live(refresh)
                .build(),
            opened: Cache::builder()
                .max_capacity(memory_bytes / WEIGHT_UNIT_BYTES)
                .weigher(weight)
                .build(),
        }
    }

    /// Returns the version of a source, as it was at most the time of refreshing ago.
    pub(crate) async fn version(&self, identifier: &Identifier) -> Result<Version, Problem> {
        let look_up = async {
            match self.bucket.head(identifier.as_str()).await {
                Ok(info) => Ok(Some(Version::of(identifier.clone(), &info))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(told(&error)),
            }
        };
        let found = self.versions.try_get_with_by_ref(identifier, look_up).await;
        found
            .map_err(|problem| Problem::clone(&problem))?
            .ok_or_else(Problem::no_such_image)
    }

    /// Returns a source with its header, which is read once for each version.
    pub(crate) async fn open(&self, version: Version) -> Result<Arc<Source>, Problem> {
        let key = (version.identifier.clone(), version.tag.clone());
        let opened = self.opened.try_get_with(key, self.read(version)).await;
        opened.map_err(|problem| Problem::clone(&problem))
    }

    async fn read(&self, version: Version) -> Result<Arc<Source>, Problem> {
        let key = version.identifier.as_str();
        let fetched = self.bucket.fetch(key, self.in_memory_max_bytes).await;
        let fetched = fetched.map_err(|error| told(&error))?;
        let limits = self.limits;
        let open = move || match fetched {
            Fetched::Memory(bytes) => SourceImage::probe(bytes, &limits),
            Fetched::File(file) => {
                let file = FileSource::new(file)
                    .map_err(|source| iiif_pipeline::Error::Read { source })?;
                SourceImage::open(file, &limits)
            }
        };
        let opened = spawn_blocking(open).await;
        let opened = opened.map_err(|error| {
            tracing::error!("{key}: {error}");
            Problem::internal()
        })?;
        let image = opened.map_err(|error| {
            tracing::warn!("{key}: {error}");
            Problem::pipeline(&error)
        })?;
        Ok(Arc::new(Source { version, image }))
    }
}

impl Version {
    fn of(identifier: Identifier, info: &ObjectInfo) -> Self {
        let written = || {
            let since = info.last_modified?.duration_since(SystemTime::UNIX_EPOCH);
            Some(since.ok()?.as_nanos())
        };
        let tag = info.e_tag.clone();
        Self {
            identifier,
            tag: tag.unwrap_or_else(|| format!("{}-{:?}", info.size_bytes, written())),
            last_modified: info.last_modified,
        }
    }
}

/// Logs what storage says, which is not for clients.
fn told(error: &iiif_storage::Error) -> Problem {
    tracing::warn!("{error}");
    Problem::storage(error)
}
