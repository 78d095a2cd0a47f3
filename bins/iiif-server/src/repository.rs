//! `-repository`: the flags of the repository of images, which is off without it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};
use iiif_cli::{ByteSize, Environment, parse_count};
use iiif_http::{BearerToken, ImageRepository, ImageService, RepositoryOptions, ServedMetadata};
use iiif_storage::MissingFolder;

use crate::load::opener;

const REPOSITORY: &str = "Repository";

/// Where the repository is mounted.
const PATH: &str = "/images";

/// The variables of tokens, which are no flags: others can see the command line.
const TOKEN: &str = "IIIF_REPOSITORY_TOKEN";
const READ_TOKEN: &str = "IIIF_REPOSITORY_READ_TOKEN";

/// `-repository-metadata` that shows no tags.
const NO_TAGS: &str = "none";

/// The flags of the repository.
#[derive(Debug, Args)]
#[expect(clippy::doc_markdown, reason = "help texts have no markup")]
pub(crate) struct RepositoryArgs {
    /// Serve a repository of the images at /images: listings, thumbnails, zips, and uploads
    #[arg(long, help_heading = REPOSITORY, default_value_t = false, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", action = ArgAction::Set,
          value_parser = BoolishValueParser::new())]
    repository: bool,

    /// A file with the token that uploads and deletions need, or IIIF_REPOSITORY_TOKEN; without it
    /// nobody may
    #[arg(long, value_name = "PATH", help_heading = REPOSITORY)]
    repository_token_file: Option<PathBuf>,

    /// A file with the token that reading needs, or IIIF_REPOSITORY_READ_TOKEN; it is needed for the
    /// Image API too
    #[arg(long, value_name = "PATH", help_heading = REPOSITORY)]
    repository_read_token_file: Option<PathBuf>,

    /// The largest upload
    #[arg(long, value_name = "BYTES", default_value = "512MiB", help_heading = REPOSITORY)]
    repository_max_upload: ByteSize,

    /// The most images of a zip
    #[arg(long, value_name = "N", default_value = "500", value_parser = parse_count::<NonZeroUsize>,
          help_heading = REPOSITORY)]
    repository_max_images: NonZeroUsize,

    /// The side of the box of thumbnails, in pixels
    #[arg(long, value_name = "PIXELS", default_value = "50", value_parser = parse_count::<NonZeroU32>,
          help_heading = REPOSITORY)]
    repository_thumbnail: NonZeroU32,

    /// The EXIF tags that meta shows, or none [default: camera, date, exposure, orientation,
    /// resolution]
    #[arg(long, value_name = "TAG,…", value_delimiter = ',', help_heading = REPOSITORY)]
    repository_metadata: Vec<String>,

    /// Leave these tags in the JPEG, PNG and WebP images that are served
    #[arg(long, help_heading = REPOSITORY, default_value_t = false, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", action = ArgAction::Set,
          value_parser = BoolishValueParser::new())]
    repository_keep_metadata: bool,

    /// The bucket of the derivatives that url=True hands out signed URLs of
    #[arg(long, value_name = "BUCKET", help_heading = REPOSITORY)]
    repository_url_bucket: Option<String>,

    /// Seconds that these URLs hold
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, help_heading = REPOSITORY,
          value_parser = clap::value_parser!(u64).range(1..=7 * 24 * 60 * 60))]
    repository_url_expiry: u64,
}

impl RepositoryArgs {
    /// Returns whether there is a repository.
    pub(crate) fn is_on(&self) -> bool {
        self.repository
    }

    /// Returns whether signed URLs are handed out, if there is a repository.
    pub(crate) fn has_url_bucket(&self) -> bool {
        self.repository_url_bucket.is_some()
    }

    /// Returns the router of the service, with the repository where it is switched on. An upload may be
    /// silent for `upload_idle`.
    pub(crate) fn router(
        &self,
        images: &ImageService,
        environment: &Environment,
        upload_idle: Duration,
    ) -> anyhow::Result<Router> {
        if !self.repository {
            self.check_open(environment)?;
            if environment.value(TOKEN).is_some() {
                tracing::warn!("{TOKEN} has no effect without -repository");
            }
            return Ok(images.router());
        }
        let mut options = self.options(environment)?;
        options.upload_idle = upload_idle;
        if options.write_token.is_none() {
            tracing::info!("the repository is read only: it has no token for uploads");
        }
        let repository = ImageRepository::new(images, options);
        let repository = repository.context("cannot serve the repository (-repository)")?;
        let images = repository.protect(images.router());
        Ok(images.nest_service(PATH, repository.router()))
    }

    /// Returns whether reading needs a token.
    pub(crate) fn has_read_token(&self, environment: &Environment) -> bool {
        self.repository_read_token_file.is_some() || environment.value(READ_TOKEN).is_some()
    }

    /// Refuses to serve to everybody what was to be read with a token.
    fn check_open(&self, environment: &Environment) -> anyhow::Result<()> {
        if self.has_read_token(environment) {
            anyhow::bail!(
                "a token for reading is given (-repository-read-token-file or {READ_TOKEN}), and without \
                 -repository everybody would read; expected both or neither"
            );
        }
        Ok(())
    }

    fn options(&self, environment: &Environment) -> anyhow::Result<RepositoryOptions> {
        let mut options = RepositoryOptions::default();
        options.write_token = token(self.repository_token_file.as_deref(), TOKEN, environment)?;
        options.read_token = token(
            self.repository_read_token_file.as_deref(),
            READ_TOKEN,
            environment,
        )?;
        options.max_upload_bytes = self.repository_max_upload.0;
        options.max_images = self.repository_max_images;
        options.thumbnail_px = self.repository_thumbnail;
        if !self.repository_metadata.is_empty() {
            let tags = self.repository_metadata.iter();
            options.metadata_tags = tags.filter(|tag| *tag != NO_TAGS).cloned().collect();
        }
        if self.repository_keep_metadata {
            options.served_metadata = ServedMetadata::Allowed;
        }
        if let Some(uri) = &self.repository_url_bucket {
            let bucket = opener().open(uri, MissingFolder::Refuse);
            let bucket = bucket.context("cannot open the bucket of -repository-url-bucket")?;
            options.url_bucket = Some(bucket);
        }
        options.url_expiry = Duration::from_secs(self.repository_url_expiry);
        Ok(options)
    }
}

/// Returns a token: that of the file, else that of the variable.
fn token(
    file: Option<&Path>,
    variable: &str,
    environment: &Environment,
) -> anyhow::Result<Option<BearerToken>> {
    let (text, place) = if let Some(file) = file {
        let place = file.display().to_string();
        let text = std::fs::read_to_string(file);
        let text = text.with_context(|| format!("cannot read the token of `{place}`"))?;
        (text, place)
    } else if let Some(value) = environment.value(variable) {
        (value.to_string_lossy().into_owned(), variable.to_owned())
    } else {
        return Ok(None);
    };
    let token = BearerToken::new(&text);
    let token = token.with_context(|| format!("`{place}` has no token"))?;
    Ok(Some(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_from_the_file_or_the_variable_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "0123456789abcdef\n").unwrap();
        let empty = Environment::default();
        assert!(token(None, TOKEN, &empty).unwrap().is_none());
        assert!(token(Some(&file), TOKEN, &empty).unwrap().is_some());
        let weak: Environment = [(TOKEN, "too-short")].into_iter().collect();
        let error = format!("{:#}", token(None, TOKEN, &weak).unwrap_err());
        assert!(
            error.contains(TOKEN) && error.contains("expected"),
            "{error}"
        );
        assert!(!error.contains("too-short"), "{error}");
        let set: Environment = [(TOKEN, "0123456789abcdef")].into_iter().collect();
        assert!(token(None, TOKEN, &set).unwrap().is_some());
    }
}
