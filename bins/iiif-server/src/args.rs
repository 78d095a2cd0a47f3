//! The flags of `iiif-server`: those of go-iiif, and ours.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser, ValueEnum};
use iiif_cli::{ByteSize, LogFormat, Verbosity, parse_count, parse_seconds};
use iiif_derivatives::JPEG_BACK_END;
use iiif_image_api::OversizedBox;

use crate::repository::RepositoryArgs;

/// The prefixes of the variables that stand for flags, the first wins.
pub(crate) const VARIABLE_PREFIXES: [&str; 2] = ["IIIF_", "IIIF_SERVER_"];

const AFTER_HELP: &str = "\
iiif-server check PATH... says how images would be served, and what would make them faster; \
iiif-server check -help says more.

Images are at /iiif/3/IDENTIFIER (Image API 3.0), /iiif/2/IDENTIFIER and /IDENTIFIER (2.1). An \
identifier is the name of an image in its bucket, with %2F for the slashes.

Flags take one dash or two. A flag that is not given is read from the variable of its name: \
IIIF_CONFIG_SOURCE for -config-source. The command line wins over the variables, and both win over \
the config.";

const CONFIGURATION: &str = "Configuration";
const SERVER: &str = "Server";
const LIMITS: &str = "Limits";

const DEFAULT_SERVER_URI: &str = "http://localhost:8080";

/// Serves images of any bucket with the IIIF Image API 2.1 and 3.0.
///
/// Without a config, the images of the current folder are served.
#[derive(Debug, Parser)]
#[expect(clippy::doc_markdown, reason = "help texts have no markup")]
#[command(name = "iiif-server", version = version(), max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Where to listen: http://HOST:PORT, https://HOST:PORT?cert=FILE&key=FILE, lambda:// or
    /// functionurl://; with header_timeout, read_timeout, write_timeout and idle_timeout in seconds and
    /// write_rate in bytes a second, as in http://HOST:PORT?write_timeout=30&idle_timeout=60
    #[arg(long, value_name = "URI", default_value = DEFAULT_SERVER_URI, help_heading = SERVER)]
    pub(crate) server_uri: String,

    /// Where to answer who runs the server: /metrics, DELETE /cache/IDENTIFIER, /health, /ready; keep it
    /// from everybody else [default: nowhere]
    #[arg(long, value_name = "URI", help_heading = SERVER)]
    pub(crate) admin_uri: Option<String>,

    /// The URI of the server as clients see it [default: told by each request]
    #[arg(long, value_name = "URI", help_heading = SERVER)]
    pub(crate) public_uri: Option<String>,

    /// How long clients and proxies may keep what they got
    #[arg(long, value_name = "HEADER", default_value = "public, max-age=3600", help_heading = SERVER)]
    pub(crate) cache_control: String,

    /// Seconds after which a source is looked at again, to see whether it changed
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = parse_seconds,
          allow_negative_numbers = true, help_heading = SERVER)]
    pub(crate) source_refresh: u64,

    /// What !w,h gives in 3.0 where it is larger than the region: an error, as the official validator
    /// wants it, or the region, as the specification has it
    #[arg(long, value_enum, default_value_t, value_name = "ANSWER", help_heading = SERVER)]
    pub(crate) oversized_box: BoxAnswer,

    /// Serve pages that list all images, at /, and show them [default: only where no config, no images,
    /// no -server-uri and no -repository are given]
    #[arg(long, help_heading = SERVER, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    example: Option<bool>,

    /// The folder of OpenSeadragon, with which -example zooms [default: viewer, beside the program or
    /// its folder]
    #[arg(long, value_name = "PATH", help_heading = SERVER)]
    pub(crate) viewer: Option<PathBuf>,

    /// Memory for caches and work, such as 512MiB [default: half of the machine's]
    #[arg(long, value_name = "BYTES", help_heading = LIMITS)]
    pub(crate) memory_limit: Option<ByteSize>,

    /// The most bytes of derivatives in their bucket; the oldest are deleted
    #[arg(long, value_name = "BYTES", default_value = "10GiB", help_heading = LIMITS)]
    pub(crate) derivatives_limit: ByteSize,

    /// Threads that decode small requests, and as many others for large ones [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = parse_count::<NonZeroUsize>, help_heading = LIMITS)]
    pub(crate) concurrency: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) config: ConfigArgs,

    /// Seconds after which the config file is looked at again, to go on with what it says; 0 for never
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = parse_seconds,
          allow_negative_numbers = true, help_heading = CONFIGURATION)]
    pub(crate) config_refresh: u64,

    /// The bucket of images; replaces images.source.uri of the config
    #[arg(long, value_name = "BUCKET", help_heading = CONFIGURATION)]
    pub(crate) config_images_source_uri: Option<String>,

    /// A bucket in which derivatives are kept; replaces derivatives.cache.uri of the config
    #[arg(long, value_name = "BUCKET", help_heading = CONFIGURATION)]
    pub(crate) config_derivatives_cache_uri: Option<String>,

    /// Log everything that is done
    #[arg(long, help_heading = SERVER, default_value_t = false, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,

    /// The form of log lines
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = SERVER)]
    pub(crate) log_format: LogFormat,

    #[command(flatten)]
    pub(crate) repository: RepositoryArgs,

    /// Nothing: it says what the folder that was meant is given as.
    #[arg(hide = true, value_parser = no_folder)]
    folder: Option<String>,
}

/// The config file.
#[derive(Debug, clap::Args)]
#[expect(clippy::doc_markdown, reason = "help texts have no markup")]
pub(crate) struct ConfigArgs {
    /// A config file; the same as -config-source and -config-name
    #[arg(long, value_name = "PATH", help_heading = CONFIGURATION)]
    pub(crate) config: Option<String>,

    /// The bucket of the config file, such as file:///etc/go-iiif
    #[arg(long, value_name = "BUCKET", help_heading = CONFIGURATION, conflicts_with = "config")]
    pub(crate) config_source: Option<String>,

    /// The name of the config file in its bucket
    #[arg(long, value_name = "NAME", default_value = "config.json", help_heading = CONFIGURATION)]
    pub(crate) config_name: String,
}

/// What `!w,h` gives in 3.0 where it is larger than the region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum BoxAnswer {
    /// An error.
    #[default]
    Error,
    /// The region.
    Region,
}

impl From<BoxAnswer> for OversizedBox {
    fn from(answer: BoxAnswer) -> Self {
        match answer {
            BoxAnswer::Error => Self::Refused,
            BoxAnswer::Region => Self::Region,
        }
    }
}

impl Args {
    /// Returns whether there are pages: without any configuration, for whoever is at the machine.
    pub(crate) fn shows_pages(&self) -> bool {
        self.example.unwrap_or_else(|| {
            self.config.config.is_none()
                && self.config.config_source.is_none()
                && self.config_images_source_uri.is_none()
                && self.server_uri == DEFAULT_SERVER_URI
                && !self.repository.is_on()
        })
    }

    pub(crate) fn verbosity(&self) -> Verbosity {
        if self.verbose {
            Verbosity::Verbose
        } else {
            Verbosity::Normal
        }
    }
}

fn no_folder(_given: &str) -> Result<String, &'static str> {
    Err(
        "expected flags only; a folder of images is given as -config-images-source-uri file:///FOLDER",
    )
}

/// The version and what decides how fast the program is.
fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| format!("{} (jpeg: {JPEG_BACK_END})", env!("CARGO_PKG_VERSION")));
    &VERSION
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }
}
