//! The images that are served: their versions, and what their headers say.

use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use iiif_image_api::Identifier;
use iiif_pipeline::{DecodeLimits, ReadAt, SourceFormat, SourceImage};
use iiif_storage::{BlockingReader, Bucket, ErrorKind, ObjectInfo, ObjectVersion, OpenObject};
use moka::future::Cache;
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::held::Held;
use crate::memory::Memory;
use crate::{Problem, ServiceOptions, store};

/// A source as it is at the moment: named, not opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Version {
    pub(crate) identifier: Identifier,
    pub(crate) object: ObjectVersion,
    pub(crate) info: Arc<ObjectInfo>,
    /// The number of the configuration that found it.
    pub(crate) config: u64,
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
    memory: Arc<Memory>,
    config: u64,
    timeout: Duration,
    /// What a source counts for at least, so that not too many have an open file.
    least_bytes: u64,
    /// What is not there is remembered too.
    versions: Cache<Identifier, Option<Version>>,
}

/// What the versions that are remembered take, beside the memory of the service.
const VERSIONS_BYTES: u64 = 8 << 20;

/// What one takes: its identifier, which is its key here and in the bucket, and some other facts.
const IDENTIFIER_COPIES: usize = 3;
const VERSION_BYTES: usize = 512;

/// What is read at once of the beginning of an object: as much as the pipeline reads of a TIFF.
const HEAD_BYTES: u64 = 32 << 10;

/// What is read of the beginning of a local file: any signature.
const SIGNATURE_BYTES: u64 = 16;

/// What an opened source takes besides what it [holds](SourceImage::held_bytes) and its
/// [header](SourceImage::header_bytes): some facts, an open file, and the beginning of an object.
const OPENED_BYTES: u64 = HEAD_BYTES + (8 << 10);

/// What opening takes where the image stays in its object: the parts that the pipeline keeps meanwhile.
const OPENING_BYTES: u64 = 1 << 20;

impl Sources {
    /// `config` is the number of the configuration.
    pub(crate) fn new(
        bucket: Bucket,
        limits: DecodeLimits,
        memory: Arc<Memory>,
        config: u64,
        options: &ServiceOptions,
    ) -> Self {
        let most = options.max_sources.get() as u64;
        Self {
            bucket,
            limits,
            least_bytes: OPENED_BYTES.max(memory.shares.sources / most),
            memory,
            config,
            timeout: options.source_timeout,
            versions: Cache::builder()
                .max_capacity(VERSIONS_BYTES)
                .weigher(|identifier: &Identifier, _| {
                    let bytes = IDENTIFIER_COPIES * identifier.as_str().len() + VERSION_BYTES;
                    u32::try_from(bytes).unwrap_or(u32::MAX)
                })
                .time_to_live(options.source_refresh)
                .build(),
        }
    }

    /// Returns the version of a source, as it was at most the time of refreshing ago.
    pub(crate) async fn version(&self, identifier: &Identifier) -> Result<Version, Problem> {
        if store::is_in_folder(identifier.as_str()) {
            return Err(Problem::no_such_image());
        }
        let look_up = async {
            let looked = timeout(self.timeout, self.bucket.head(identifier.as_str())).await;
            match looked {
                Ok(Ok(info)) => Ok(Some(Version {
                    identifier: identifier.clone(),
                    object: info.version(),
                    info: Arc::new(info),
                    config: self.config,
                })),
                Ok(Err(error)) if error.kind() == ErrorKind::NotFound => Ok(None),
                Ok(Err(error)) => Err(Problem::storage(&error)),
                Err(_elapsed) => {
                    tracing::warn!("{} tells nothing of {}", self.bucket, identifier.as_str());
                    Err(Problem::silent_storage())
                }
            }
        };
        let found = self.versions.try_get_with_by_ref(identifier, look_up).await;
        found
            .map_err(|problem| Problem::clone(&problem))?
            .ok_or_else(Problem::no_such_image)
    }

    /// Forgets which version a source has.
    pub(crate) async fn forget(&self, identifier: &Identifier) {
        self.versions.invalidate(identifier).await;
    }

    /// Returns a source with its header, which is read once for each version.
    pub(crate) async fn open(self: &Arc<Self>, version: Version) -> Result<Held<Source>, Problem> {
        let read = || {
            let (sources, version) = (Arc::clone(self), version.clone());
            async move { sources.read(version).await }
        };
        self.memory.sources.get_or_make(&version, read).await
    }

    async fn read(&self, version: Version) -> Result<Held<Source>, Problem> {
        let cache = &self.memory.sources;
        // Before a file is open: it bounds how many are.
        let mut room = cache.reserve(self.least_bytes).await?;
        // Who does not answer keeps neither a thread nor a place in a lane from others.
        let (mut reader, format) = Reader::begin(self.open_object(&version).await?).await?;
        let opening_bytes = opening_bytes(format.as_ref(), reader.len_bytes());
        let mut needed = opening_bytes
            .saturating_add(OPENED_BYTES)
            .max(self.least_bytes);
        loop {
            if !cache.try_grow(&mut room, needed) {
                // Who waits holds nothing, neither the beginning nor an open file.
                drop((room, reader));
                room = cache.reserve(needed).await?;
                (reader, _) = Reader::begin(self.open_object(&version).await?).await?;
            }
            let opened = self.open_image(reader.clone(), opening_bytes).await?;
            let image = opened.map_err(|error| Problem::pipeline(&version.identifier, &error))?;
            let kept = image.held_bytes() + image.header_bytes() + OPENED_BYTES;
            let kept = kept.max(self.least_bytes);
            // Of large profiles and many tiles is known only now.
            if kept <= needed || cache.try_grow(&mut room, kept) {
                room.shrink_to(kept);
                return Ok(room.hold(Source { version, image }));
            }
            needed = kept;
        }
    }

    /// Opens the object of a version, or tells that there is another version by now.
    pub(crate) async fn open_object(&self, version: &Version) -> Result<OpenObject, Problem> {
        let object = self.bucket.open_version(&version.info).await;
        let object = object.map_err(|error| Problem::storage(&error))?;
        Ok(object.with_timeout(self.timeout))
    }

    /// Reads the header of an image, wherever it lies, which takes [`opening_bytes`].
    pub(crate) async fn open_image(
        &self,
        reader: impl ReadAt + 'static,
        opening_bytes: u64,
    ) -> Result<iiif_pipeline::Result<SourceImage>, Problem> {
        let limits = self.limits;
        let open = move || SourceImage::open(reader, &limits);
        Ok(self.memory.admission.read(opening_bytes, open).await?.value)
    }
}

impl Source {
    /// Returns what a client is told when this image cannot be read.
    pub(crate) fn problem(&self, error: &iiif_pipeline::Error) -> Problem {
        Problem::pipeline(&self.version.identifier, error)
    }
}

/// Returns the memory that opening an image of a format takes.
pub(crate) fn opening_bytes(format: Option<&SourceFormat>, len_bytes: u64) -> u64 {
    match format {
        Some(format) if format.is_read_in_parts() => OPENING_BYTES,
        _ => len_bytes,
    }
}

/// An object of storage in the words of the pipeline.
#[derive(Clone, Debug)]
struct Reader {
    object: BlockingReader,
    /// The beginning of what is far away, which is looked at several times; nothing of a local file.
    head: Bytes,
}

impl Reader {
    /// Reads the beginning of an object, and finds out the format by it; what is wrong is what opening it
    /// says.
    async fn begin(object: OpenObject) -> Result<(Self, Option<SourceFormat>), Problem> {
        let is_remote = object.is_remote();
        let bytes = if is_remote {
            HEAD_BYTES
        } else {
            SIGNATURE_BYTES
        };
        let read = object
            .read_range(0..object.info().size_bytes.min(bytes))
            .await;
        let head = read.map_err(|error| Problem::storage(&error))?;
        let format = SourceFormat::sniff(&head).ok();
        let reader = Self {
            head: if is_remote { head } else { Bytes::new() },
            object: object.blocking_reader(Handle::current()),
        };
        Ok((reader, format))
    }
}

impl ReadAt for Reader {
    fn len_bytes(&self) -> u64 {
        self.object.len_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let end = offset.saturating_add(length as u64);
        if end > self.head.len() as u64 {
            return self.object.read_at(offset, length);
        }
        Ok(self.head.slice(offset as usize..end as usize))
    }

    fn read_parts(&self, parts: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        let is_near = |part: &&Range<u64>| part.end <= self.head.len() as u64;
        let far: Vec<_> = parts
            .iter()
            .filter(|part| !is_near(part))
            .cloned()
            .collect();
        let mut read = self.object.read_parts(&far)?.into_iter();
        let near = |part: &Range<u64>| self.head.slice(part.start as usize..part.end as usize);
        let parts = parts.iter().map(|part| {
            if is_near(&part) {
                Some(near(part))
            } else {
                read.next()
            }
        });
        // There are as many as were asked for.
        Ok(parts.flatten().collect())
    }

    fn is_remote(&self) -> bool {
        self.object.object().is_remote()
    }
}
