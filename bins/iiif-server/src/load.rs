//! Reads what the server needs before it listens: the config, the buckets.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use iiif_cli::ByteSize;
use iiif_config::{Config, NamedFile};
use iiif_http::{Buckets, ExamplePages, ServiceError, ServiceOptions, Viewer};
use iiif_image_api::BaseUri;
use iiif_storage::{Bucket, Environment, MissingFolder, ObjectInfo, StorageOpener};

use crate::args::{Args, ConfigArgs};

/// The folder of OpenSeadragon, beside the program or the folder of it.
const VIEWER: &str = "viewer";

/// The share of the machine's memory that the server may take where no limit is given.
const DEFAULT_MEMORY_SHARE: u64 = 2;

/// Of so many files that the process may open, one may be a source that is kept open; most are connections.
const OPEN_FILES_PER_SOURCE: u64 = 8;

/// The config file that the flags name.
pub(crate) struct ConfigFile {
    bucket: Bucket,
    file: NamedFile,
}

impl ConfigFile {
    /// Returns the file; `None` for the built-in default.
    pub(crate) fn of(args: &ConfigArgs) -> anyhow::Result<Option<Self>> {
        let Some(file) = named_file(args) else {
            return Ok(None);
        };
        let opened = opener().open(&file.bucket, MissingFolder::Refuse);
        let bucket = opened.with_context(|| format!("cannot read the config `{file}`"))?;
        Ok(Some(Self { bucket, file }))
    }

    /// Reads the config, and which version of the file it is; `None` if that is the one that is `known`.
    pub(crate) async fn read(
        &self,
        known: Option<&ObjectInfo>,
    ) -> anyhow::Result<Option<(ObjectInfo, Config)>> {
        let context = || format!("cannot read the config `{}`", self.file);
        let (name, most) = (&self.file.name, NamedFile::MAX_BYTES);
        let read = self.bucket.get_if_changed(name, known, most).await;
        let Some((info, bytes)) = read.with_context(context)? else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes).with_context(context)?;
        let parsed = Config::parse(text, &self.file.to_string())?;
        for warning in &parsed.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Some((info, parsed.value)))
    }
}

/// Returns what holds without a config file: no analyses, of which each takes a decode.
pub(crate) fn without_file() -> Config {
    let mut config = Config::default();
    config.services.clear();
    config
}

/// Returns a config with what the flags replace.
pub(crate) fn with_flags(mut config: Config, args: &Args) -> Config {
    if let Some(uri) = &args.config_images_source_uri {
        config = config.with_source_uri(uri);
    }
    if let Some(uri) = &args.config_derivatives_cache_uri {
        config = config.with_derivatives_uri(uri);
    }
    config
}

/// Opens the bucket of images and, where a config or a flag names one, that of derivatives.
pub(crate) fn buckets(args: &Args, config: &Config) -> anyhow::Result<Buckets> {
    let source = opener()
        .open(&config.source_uri, MissingFolder::Refuse)
        .context("cannot open the bucket of images (images.source.uri)")?;
    let buckets = Buckets::new(source);
    if named_file(&args.config).is_none() && args.config_derivatives_cache_uri.is_none() {
        return Ok(buckets);
    }
    let derivatives = opener()
        .open(&config.derivatives_uri, MissingFolder::Create)
        .context("cannot open the bucket of derivatives (derivatives.cache.uri)")?;
    Ok(buckets.with_derivatives(derivatives))
}

pub(crate) fn options(args: &Args, public_uri: Option<BaseUri>) -> anyhow::Result<ServiceOptions> {
    let mut options = ServiceOptions::default();
    options.public_uri = public_uri;
    options.cache_control.clone_from(&args.cache_control);
    options.source_refresh = Duration::from_secs(args.source_refresh);
    options.store_limit_bytes = args.derivatives_limit.0;
    options.oversized_box = args.oversized_box.into();
    if let Some(concurrency) = args.concurrency {
        options.concurrency = concurrency;
    }
    options.memory_limit_bytes = memory_limit(args.memory_limit);
    if let Some(files) = iiif_cli::open_files() {
        let sources = usize::try_from(files / OPEN_FILES_PER_SOURCE).unwrap_or(usize::MAX);
        options.max_sources = NonZeroUsize::new(sources).unwrap_or(NonZeroUsize::MIN);
    }
    if args.shows_pages() {
        options.example = Some(ExamplePages::default().with_viewer(viewer(args)?));
    }
    Ok(options)
}

/// Returns the memory that the server may take, in bytes.
pub(crate) fn memory_limit(given: Option<ByteSize>) -> u64 {
    let share = || iiif_cli::memory_bytes().map(|bytes| bytes / DEFAULT_MEMORY_SHARE);
    let default = || ServiceOptions::default().memory_limit_bytes;
    let given = given.map(|ByteSize(bytes)| bytes);
    given.or_else(share).unwrap_or_else(default)
}

/// Names the flag of what a service refuses.
pub(crate) fn refused(error: ServiceError) -> anyhow::Error {
    let refused = match error {
        ServiceError::MemoryLimit { .. } => {
            "cannot use the memory limit (-memory-limit, else half of the machine's)"
        }
        ServiceError::CacheControl(_) => "cannot use -cache-control",
        _ => "cannot serve the images",
    };
    anyhow::Error::from(error).context(refused)
}

/// Returns OpenSeadragon: from the folder that was given, or where `make viewer` and the container have
/// it; none where it is nowhere, without which images are shown all the same.
fn viewer(args: &Args) -> anyhow::Result<Option<Viewer>> {
    if let Some(folder) = &args.viewer {
        let viewer = Viewer::read(folder);
        let shown = folder.display();
        let viewer = viewer.with_context(|| format!("no OpenSeadragon in `{shown}` (-viewer)"))?;
        return Ok(Some(viewer));
    }
    let program = std::env::current_exe().unwrap_or_default();
    let folders: Vec<PathBuf> = (program.ancestors().skip(1).take(2))
        .map(|folder| folder.join(VIEWER))
        .collect();
    let found = folders.iter().find_map(|folder| Viewer::read(folder).ok());
    if found.is_none() {
        let folders: Vec<String> = folders.iter().map(|it| it.display().to_string()).collect();
        tracing::warn!(
            "images are shown without zooming: no OpenSeadragon in {}; make viewer fetches it, and \
             -viewer PATH says where it is",
            folders.join(", ")
        );
    }
    Ok(found)
}

/// Returns the config file that the flags name.
pub(crate) fn named_file(args: &ConfigArgs) -> Option<NamedFile> {
    let (path, source) = (args.config.as_deref(), args.config_source.as_deref());
    NamedFile::of(path, source, &args.config_name)
}

pub(crate) fn opener() -> StorageOpener {
    StorageOpener::new(Environment::from_process())
}
