//! Reads what the server needs before it listens: the config, the bucket of images.

use std::path::Path;

use anyhow::Context as _;
use iiif_config::{Config, redact_uri};
use iiif_http::ServiceOptions;
use iiif_storage::{Bucket, Environment, MissingFolder, StorageOpener};
use std::time::Duration;

use crate::args::Args;

/// The config that ships with the program, in go-iiif's words.
const DEFAULTS: &str = "defaults://";

/// The share of the machine's memory that the server may take where no limit is given.
const DEFAULT_MEMORY_SHARE: u64 = 2;

/// Returns the config: that of the file, or the default, with what the flags replace.
pub(crate) async fn config(args: &Args) -> anyhow::Result<Config> {
    let mut config = match place(args) {
        None => Config::default(),
        Some((bucket, name)) => {
            let shown = format!("{}/{name}", redact_uri(&bucket).trim_end_matches('/'));
            let text = read(&bucket, &name).await;
            let text = text.with_context(|| format!("cannot read the config `{shown}`"))?;
            let parsed = Config::parse(&text, &shown)?;
            for warning in &parsed.warnings {
                tracing::warn!("{warning}");
            }
            parsed.value
        }
    };
    if let Some(uri) = &args.config_images_source_uri {
        config = config.with_source_uri(uri);
    }
    Ok(config)
}

/// Returns the bucket of images.
pub(crate) fn source(config: &Config) -> anyhow::Result<Bucket> {
    opener()
        .open(&config.source_uri, MissingFolder::Refuse)
        .context("cannot open the bucket of images (images.source.uri)")
}

pub(crate) fn options(args: &Args) -> ServiceOptions {
    let mut options = ServiceOptions::default();
    options.public_uri.clone_from(&args.public_uri);
    options.cache_control.clone_from(&args.cache_control);
    options.source_refresh = Duration::from_secs(args.source_refresh);
    options.oversized_box = args.oversized_box.into();
    if let Some(concurrency) = args.concurrency {
        options.concurrency = concurrency;
    }
    let share = || iiif_cli::memory_bytes().map(|bytes| bytes / DEFAULT_MEMORY_SHARE);
    let limit = args.memory_limit.map(|limit| limit.0).or_else(share);
    options.memory_limit_bytes = limit.unwrap_or(options.memory_limit_bytes);
    options
}

/// Returns the bucket and the name of the config file that the flags name.
fn place(args: &Args) -> Option<(String, String)> {
    if let Some(path) = &args.config {
        let path = Path::new(path);
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let bucket = folder.map_or(".".into(), |folder| folder.to_string_lossy());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        return Some((bucket.into_owned(), name.into_owned()));
    }
    let bucket = args
        .config_source
        .clone()
        .filter(|bucket| bucket != DEFAULTS)?;
    Some((bucket, args.config_name.clone()))
}

async fn read(bucket: &str, name: &str) -> anyhow::Result<String> {
    let bucket = opener().open(bucket, MissingFolder::Refuse)?;
    let bytes = bucket.get(name).await?;
    String::from_utf8(bytes.to_vec()).context("it is not text in UTF-8")
}

fn opener() -> StorageOpener {
    StorageOpener::new(Environment::from_process())
}
