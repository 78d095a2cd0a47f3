//! The images that are served: their versions, and what their headers say.

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use iiif_image_api::Identifier;
use iiif_pipeline::{DecodeLimits, ReadAt, SourceFormat, SourceImage};
use iiif_storage::{BlockingReader, Bucket, ErrorKind, ObjectInfo, ObjectVersion, OpenObject};
use moka::future::Cache;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::Problem;
use crate::admission::Admission;
use crate::held::{Held, HeldCache};
use crate::store;

/// A source as it is at the moment: named, not opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Version {
    pub(crate) identifier: Identifier,
    pub(crate) object: ObjectVersion,
    pub(crate) info: Arc<ObjectInfo>,
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
    admission: Arc<Admission>,
    /// What is not there is remembered too.
    versions: Cache<Identifier, Option<Version>>,
    opened: HeldCache<Version, Source>,
}

/// Versions that are remembered, each of some hundred bytes.
const MAX_VERSIONS: u64 = 10_000;

/// What is read at once of the beginning of an object: as much as the pipeline reads of a TIFF.
const HEAD_BYTES: u64 = 32 << 10;

/// What an opened source takes besides compressed bytes: directories, the profile, an open file, and the
/// beginning of an object.
const OPENED_BYTES: u64 = HEAD_BYTES + (16 << 10);

/// What opening takes where the image stays in its object: the parts that the pipeline keeps meanwhile.
const OPENING_BYTES: u64 = 512 << 10;

impl Sources {
    /// `memory_bytes` bounds what is held of opened sources.
    pub(crate) fn new(
        bucket: Bucket,
        limits: DecodeLimits,
        admission: Arc<Admission>,
        refresh: Duration,
        memory_bytes: u64,
    ) -> Self {
        let opened = HeldCache::new(memory_bytes, admission.max_wait());
        Self {
            bucket,
            limits,
            admission,
            versions: Cache::builder()
                .max_capacity(MAX_VERSIONS)
                .time_to_live(refresh)
                .build(),
            opened,
        }
    }

    /// Returns the version of a source, as it was at most the time of refreshing ago.
    pub(crate) async fn version(&self, identifier: &Identifier) -> Result<Version, Problem> {
        // Where it is the bucket of derivatives too, these are no images.
        let (first_step, _) = identifier.as_str().split_once('/').unwrap_or_default();
        if first_step == store::FOLDER {
            return Err(Problem::no_such_image());
        }
        let look_up = async {
            match self.bucket.head(identifier.as_str()).await {
                Ok(info) => Ok(Some(Version::of(identifier.clone(), info))),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(Problem::storage(&error)),
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

    /// Returns what is held in memory, by name, in bytes.
    pub(crate) fn held_bytes(&self) -> (&'static str, u64) {
        ("sources", self.opened.held_bytes())
    }

    /// Returns a source with its header, which is read once for each version.
    pub(crate) async fn open(&self, version: Version) -> Result<Held<Source>, Problem> {
        self.opened.get_or_make(&version, self.read(&version)).await
    }

    async fn read(&self, version: &Version) -> Result<Held<Source>, Problem> {
        let object = self.open_object(version).await?;
        let reader = Reader::new(object);
        let bytes = sniffed_opening_bytes(&reader).await;
        let mut memory = self.opened.reserve(bytes).await?;
        let opened = self.open_image(reader, bytes).await?;
        let image = opened.map_err(|error| Problem::pipeline(&version.identifier, &error))?;
        memory.shrink_to(image.held_bytes() + OPENED_BYTES);
        let version = version.clone();
        Ok(memory.hold(Source { version, image }))
    }

    /// Opens the object of a version, or tells that there is another version by now.
    pub(crate) async fn open_object(&self, version: &Version) -> Result<OpenObject, Problem> {
        let object = self.bucket.open_version(&version.info).await;
        object.map_err(|error| Problem::storage(&error))
    }

    /// Reads the header of an image, wherever it lies, which takes [`opening_bytes`].
    pub(crate) async fn open_image(
        &self,
        reader: impl ReadAt + 'static,
        opening_bytes: u64,
    ) -> Result<iiif_pipeline::Result<SourceImage>, Problem> {
        let limits = self.limits;
        let open = move || SourceImage::open(reader, &limits);
        Ok(self.admission.run(opening_bytes, open).await?.value)
    }
}

/// Returns the memory that opening an image takes. A clone of `reader` is another handle to it.
pub(crate) async fn sniffed_opening_bytes<R: ReadAt + Clone + 'static>(reader: &R) -> u64 {
    let sniffed = reader.clone();
    let format = spawn_blocking(move || SourceFormat::sniff_at(&sniffed)).await;
    // What is wrong is what opening it says.
    let format = format.ok().and_then(Result::ok);
    opening_bytes(format.as_ref(), reader.len_bytes())
}

impl Version {
    fn of(identifier: Identifier, info: ObjectInfo) -> Self {
        Self {
            identifier,
            object: info.version(),
            info: Arc::new(info),
        }
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
    head: Option<Arc<OnceLock<Bytes>>>,
}

impl Reader {
    fn new(object: OpenObject) -> Self {
        Self {
            head: object.is_remote().then(Arc::default),
            object: object.blocking_reader(Handle::current()),
        }
    }
}

impl ReadAt for Reader {
    fn len_bytes(&self) -> u64 {
        self.object.len_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let head_bytes = self.len_bytes().min(HEAD_BYTES);
        let end = offset.saturating_add(length as u64);
        let Some(head) = self.head.as_ref().filter(|_| end <= head_bytes) else {
            return self.object.read_at(offset, length);
        };
        let head = if let Some(head) = head.get() {
            head
        } else {
            let read = self.object.read_at(0, head_bytes as usize)?;
            head.get_or_init(|| read)
        };
        Ok(head.slice(offset as usize..end as usize))
    }
}
