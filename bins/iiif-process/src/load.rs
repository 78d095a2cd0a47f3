//! Reads what a run needs before it begins: config, instructions, buckets, URIs.

use anyhow::Context as _;
use iiif_cli::ByteSize;
use iiif_config::{
    Config, InstructionSet, NamedFile, ProcessingUri, manifest_lines, without_parameters,
};
use iiif_derivatives::{ContactSheets, Job, JobOptions, ReportOptions};
use iiif_storage::{Environment, MissingFolder, StorageOpener};

use crate::args::Args;
use crate::source_folder::SourceFolder;

/// The share of the machine's memory that images may take where no limit is given.
const DEFAULT_MEMORY_SHARE: u64 = 2;

/// Returns the config: that of the file, or the default, with what the flags replace.
pub(crate) async fn config(args: &Args) -> anyhow::Result<Config> {
    let file = NamedFile::of(
        args.config.as_deref(),
        args.config_source.as_deref(),
        &args.config_name,
    );
    let mut config = match file {
        None => Config::default(),
        Some(file) => {
            let parsed = Config::parse(&read(&file, "config").await?, &file.to_string())?;
            for warning in &parsed.warnings {
                tracing::warn!("{warning}");
            }
            parsed.value
        }
    };
    if let Some(uri) = &args.config_images_source_uri {
        config = config.with_source_uri(uri);
    }
    if let Some(uri) = &args.config_derivatives_cache_uri {
        config = config.with_derivatives_uri(uri);
    }
    Ok(config)
}

/// Returns the job, its buckets open.
pub(crate) async fn job(args: &Args) -> anyhow::Result<Job> {
    let config = config(args).await?;
    let instructions = instructions(args, &config).await?;
    let opener = opener();
    let source = opener
        .open(&config.source_uri, MissingFolder::Refuse)
        .context("cannot open the bucket of source images (images.source.uri)")?;
    let derivatives = opener
        .open(&config.derivatives_uri, MissingFolder::Create)
        .context("cannot open the bucket of derivatives (derivatives.cache.uri)")?;
    let mut job = Job::new(source, derivatives, instructions);
    job.config = config;
    job.reports = reports(args, &opener)?;
    job.options = options(args);
    Ok(job)
}

/// Logs what is in effect and no part of the config: instructions, memory limit, concurrency.
pub(crate) async fn tell_beside_config(args: &Args, config: &Config) {
    let file = instructions_file(args);
    let place = file.map_or_else(|| "built in".to_owned(), |file| file.to_string());
    tracing::info!("instructions: {place}");
    match instructions(args, config).await {
        Ok(instructions) => {
            for (label, instructions) in instructions.iter() {
                tracing::info!("label {label}: {}", instructions.path());
            }
        }
        Err(error) => tracing::warn!("no instructions are in effect: {error:#}"),
    }
    let options = options(args);
    // A share of the machine's memory is told in whole MiB.
    let share = ByteSize(options.memory_limit_bytes >> 20 << 20);
    let limit = args.memory_limit.unwrap_or(share);
    tracing::info!("memory limit: {limit}");
    tracing::info!("concurrency: {}", options.concurrency);
}

/// Returns the URIs of the command line, folders passed over, then those of the manifest.
pub(crate) async fn uris(
    args: &Args,
    source: SourceFolder<'_>,
) -> anyhow::Result<Vec<ProcessingUri>> {
    let manifest = match args.manifest.as_deref() {
        None => String::new(),
        Some("-") => {
            std::io::read_to_string(std::io::stdin()).context("cannot read URIs from stdin")?
        }
        Some(uri) if uri.contains("://") => object(uri).await.context("cannot read -manifest")?,
        Some(path) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the manifest `{path}`"))?,
    };
    let parse = |place: &str, text: &str| {
        ProcessingUri::parse(text).with_context(|| {
            let shown = without_parameters(text);
            match source.expected_for_path(text) {
                Some(expected) => format!("{place}`{shown}` is no processing URI; {expected}"),
                None => format!("{place}`{shown}` is no processing URI"),
            }
        })
    };
    let given = args.uris.iter().chain(&args.more_uris);
    let mut uris: Vec<_> = given
        .map(|text| parse("", text))
        .collect::<Result<_, _>>()?;
    source.pass_over_folders(&mut uris);
    for (number, line) in manifest_lines(&manifest) {
        uris.push(parse(&format!("manifest line {number}: "), line)?);
    }
    Ok(uris)
}

pub(crate) fn opener() -> StorageOpener {
    StorageOpener::new(Environment::from_process())
}

async fn instructions(args: &Args, config: &Config) -> anyhow::Result<InstructionSet> {
    let Some(file) = instructions_file(args) else {
        return Ok(InstructionSet::defaults(config)?);
    };
    let parsed = InstructionSet::parse(
        &read(&file, "instructions").await?,
        &file.to_string(),
        config,
    )?;
    for warning in &parsed.warnings {
        tracing::warn!("{warning}");
    }
    Ok(parsed.value)
}

fn instructions_file(args: &Args) -> Option<NamedFile> {
    NamedFile::of(
        args.instructions.as_deref(),
        args.instructions_source.as_deref(),
        &args.instructions_name,
    )
}

fn options(args: &Args) -> JobOptions {
    let mut options = JobOptions::default();
    if let Some(concurrency) = args.concurrency {
        options.concurrency = concurrency;
    }
    let limit = args.memory_limit.map(|limit| limit.0);
    let share = || iiif_cli::memory_bytes().map(|bytes| bytes / DEFAULT_MEMORY_SHARE);
    if let Some(bytes) = limit.or_else(share) {
        options.memory_limit_bytes = bytes;
    }
    options
}

fn reports(args: &Args, opener: &StorageOpener) -> anyhow::Result<Option<ReportOptions>> {
    if !args.writes_reports() {
        return Ok(None);
    }
    let open = |uri: &String| {
        opener
            .open(uri, MissingFolder::Create)
            .context("cannot open the bucket of reports (-report-bucket-uri)")
    };
    let mut options = ReportOptions::default();
    options.name = args.report_name();
    options.bucket = args.report_bucket_uri.as_ref().map(open).transpose()?;
    if args.report_html {
        options.contact_sheet = ContactSheets::Written;
    }
    Ok(Some(options))
}

/// Reads the object of a bucket.
async fn object(uri: &str) -> anyhow::Result<String> {
    let (bucket, key) = opener().open_object(uri)?;
    let bytes = bucket.get(&key).await?;
    String::from_utf8(bytes.to_vec()).with_context(|| format!("`{key}` is not text in UTF-8"))
}

/// Reads the file of the flags that begin with `-{flags}`.
async fn read(file: &NamedFile, flags: &str) -> anyhow::Result<String> {
    let context = || format!("cannot read the file of -{flags} or -{flags}-source, `{file}`");
    let bucket = opener()
        .open(&file.bucket, MissingFolder::Refuse)
        .with_context(context)?;
    let bytes = bucket.get_at_most(&file.name, NamedFile::MAX_BYTES).await;
    let bytes = bytes.with_context(context)?;
    String::from_utf8(bytes.to_vec()).with_context(|| format!("`{file}` is not text in UTF-8"))
}
