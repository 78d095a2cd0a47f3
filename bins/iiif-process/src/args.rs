//! The flags of `iiif-process`: those of go-iiif's first and eighth generation, and ours.

use std::io::IsTerminal as _;
use std::num::NonZeroUsize;
use std::sync::LazyLock;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser, ValueEnum};
use iiif_cli::{ByteSize, LogFormat, Verbosity, parse_count};
use iiif_config::ReportName;
use iiif_derivatives::JPEG_BACK_END;

/// The prefixes of the variables that stand for flags, the first wins.
pub(crate) const VARIABLE_PREFIXES: [&str; 2] = ["IIIF_", "IIIF_PROCESS_"];

const AFTER_HELP: &str = "\
Flags take one dash or two, before or after the URIs. A flag that is not given is read from the \
variable of its name: IIIF_CONFIG_SOURCE, or IIIF_PROCESS_CONFIG_SOURCE, for -config-source. The \
command line wins over the variables, and both win over the files.

A URI is file:///ORIGIN[?target=TARGET], rewrite:///ORIGIN?target=TARGET, \
idsecret:///ORIGIN?id=ID[&secret=S&secret_o=S], or just the name of a file in the source bucket.

Exit codes: 0 everything was written, 1 something failed and the report says what, 2 usage or \
configuration, 3 nothing to do, 130 and 143 stopped by a signal.";

/// The names of files in their buckets, where none is given.
const CONFIG_NAME: &str = "config.json";
const INSTRUCTIONS_NAME: &str = "instructions.json";

const CONFIGURATION: &str = "Configuration";
#[cfg(feature = "aws")]
const LAMBDA: &str = "Lambda";
const REPORTS: &str = "Reports";
const RUN: &str = "Run";

/// Makes named derivatives of images, with a palette and a JSON report.
///
/// Without a config, images are read from the current folder and derivatives go to ./derivatives.
#[derive(Debug, Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[expect(clippy::doc_markdown, reason = "help texts have no markup")]
#[command(name = "iiif-process", version = version(), max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Images to process
    #[arg(value_name = "URI")]
    pub(crate) uris: Vec<String>,

    /// An image to process; may be repeated
    #[arg(long = "uri", value_name = "URI", help_heading = RUN)]
    pub(crate) more_uris: Vec<String>,

    /// A list with a URI a line: a file, - for stdin, or an object such as s3://BUCKET/KEY
    #[arg(long, value_name = "PATH", help_heading = RUN)]
    pub(crate) manifest: Option<String>,

    /// Process the URIs, watch a file:// source and process what lands in it, or be a Lambda function
    #[arg(long, value_enum, default_value_t, help_heading = RUN)]
    pub(crate) mode: Mode,

    /// Images decoded and rendered at the same time; more are fetched and written meanwhile
    /// [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = parse_count::<NonZeroUsize>, help_heading = RUN)]
    pub(crate) concurrency: Option<NonZeroUsize>,

    /// Memory that all images under way may take, such as 512MiB [default: half of the machine's]
    #[arg(long, value_name = "BYTES", help_heading = RUN)]
    pub(crate) memory_limit: Option<ByteSize>,

    /// Log everything that is done
    #[arg(long, help_heading = RUN, default_value_t = false, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) verbose: bool,

    /// Print nothing but the report, and errors
    #[arg(long, help_heading = RUN, default_value_t = false, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) quiet: bool,

    /// The form of log lines
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = RUN)]
    pub(crate) log_format: LogFormat,

    /// A config file; the same as -config-source and -config-name
    #[arg(long, value_name = "PATH", help_heading = CONFIGURATION)]
    pub(crate) config: Option<String>,

    /// The bucket of the config file, such as file:///etc/go-iiif
    #[arg(long, value_name = "BUCKET", help_heading = CONFIGURATION, conflicts_with = "config")]
    pub(crate) config_source: Option<String>,

    /// The name of the config file in its bucket
    #[arg(long, value_name = "NAME", default_value = CONFIG_NAME, help_heading = CONFIGURATION)]
    pub(crate) config_name: String,

    /// An instructions file; the same as -instructions-source and -instructions-name
    #[arg(long, value_name = "PATH", help_heading = CONFIGURATION)]
    pub(crate) instructions: Option<String>,

    /// The bucket of the instructions file
    #[arg(long, value_name = "BUCKET", help_heading = CONFIGURATION, conflicts_with = "instructions")]
    pub(crate) instructions_source: Option<String>,

    /// The name of the instructions file in its bucket
    #[arg(long, value_name = "NAME", default_value = INSTRUCTIONS_NAME, help_heading = CONFIGURATION)]
    pub(crate) instructions_name: String,

    /// The bucket of source images; replaces images.source.uri of the config
    #[arg(long, value_name = "BUCKET", help_heading = CONFIGURATION)]
    pub(crate) config_images_source_uri: Option<String>,

    /// The bucket of derivatives; replaces derivatives.cache.uri of the config
    #[arg(long, value_name = "BUCKET", help_heading = CONFIGURATION)]
    pub(crate) config_derivatives_cache_uri: Option<String>,

    /// Print the config in effect, secrets redacted, log instructions and limits, and exit
    #[arg(long, help_heading = CONFIGURATION, default_value_t = false, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) print_config: bool,

    /// Read images from the bucket that an event names, in place of images.source.uri
    #[cfg(feature = "aws")]
    #[arg(long, help_heading = LAMBDA, default_value_t = false, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) source_from_event: bool,

    /// Process only objects of an event that match, such as BUCKET/scans/**; may be repeated
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "GLOB", help_heading = LAMBDA)]
    pub(crate) include: Vec<String>,

    /// Never process objects of an event that match; may be repeated
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "GLOB", help_heading = LAMBDA)]
    pub(crate) exclude: Vec<String>,

    /// A place whose objects are never processed, beside the config's for derivatives: BUCKET/FOLDER
    #[cfg(feature = "aws")]
    #[arg(long, value_name = "PLACE", help_heading = LAMBDA)]
    pub(crate) derivatives: Option<String>,

    /// Write a JSON report for each image
    #[arg(long, help_heading = REPORTS, default_value_t = false, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) report: bool,

    /// The name of reports, in the folder of each image's derivatives [default: process.json]
    #[arg(long, value_name = "NAME", help_heading = REPORTS)]
    pub(crate) report_name: Option<ReportName>,

    /// The name of reports, in which {sha256_origin} stands for the hash of the image's key
    #[arg(long, value_name = "TEMPLATE", help_heading = REPORTS, conflicts_with = "report_name")]
    pub(crate) report_template: Option<ReportName>,

    /// A bucket for reports, which then lie in its root [default: beside the derivatives]
    #[arg(long, value_name = "BUCKET", help_heading = REPORTS, alias = "report-source")]
    pub(crate) report_bucket_uri: Option<String>,

    /// Also write a contact sheet, index.html, beside the derivatives; implies -report
    #[arg(long, help_heading = REPORTS, alias = "generate-report-html", default_value_t = false,
          num_args = 0..=1, require_equals = true, default_missing_value = "true",
          action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) report_html: bool,
}

/// What the program does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Process the URIs of the command line and the manifest.
    #[default]
    Cli,
    /// Watch the folder of source images.
    Fsnotify,
    /// Be a Lambda function that processes the images of events.
    #[cfg(feature = "aws")]
    Lambda,
}

impl Args {
    /// Returns whether reports are written at all: a contact sheet implies them.
    pub(crate) fn writes_reports(&self) -> bool {
        self.report || self.report_html
    }

    /// Returns whether the logs are for people.
    pub(crate) fn logs_are_text(&self) -> bool {
        self.log_format == LogFormat::Text
    }

    /// Returns whether a progress bar is shown: on a terminal, where no logs scroll over it.
    pub(crate) fn shows_progress(&self) -> bool {
        let wanted = !self.quiet && !self.verbose && !self.print_config && self.logs_are_text();
        wanted && self.mode == Mode::Cli && std::io::stderr().is_terminal()
    }

    /// Returns how much is logged: what the progress bar does not tell.
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ if self.shows_progress() => Verbosity::Warnings,
            _ => Verbosity::Normal,
        }
    }

    /// Returns the flags that have no effect without another one, with that one.
    pub(crate) fn without_effect(&self) -> Vec<(&'static str, &'static str)> {
        let reports = self.writes_reports();
        let cli = self.mode == Mode::Cli;
        let pairs = [
            (
                !reports && self.report_name.is_some(),
                "-report-name",
                "-report",
            ),
            (
                !reports && self.report_template.is_some(),
                "-report-template",
                "-report",
            ),
            (
                !reports && self.report_bucket_uri.is_some(),
                "-report-bucket-uri",
                "-report",
            ),
            (
                self.config_source.is_none() && self.config_name != CONFIG_NAME,
                "-config-name",
                "-config-source",
            ),
            (
                self.instructions_source.is_none() && self.instructions_name != INSTRUCTIONS_NAME,
                "-instructions-name",
                "-instructions-source",
            ),
            (!cli && !self.uris.is_empty(), "a URI", "-mode cli"),
            (!cli && self.manifest.is_some(), "-manifest", "-mode cli"),
        ];
        let found = pairs.into_iter().filter(|(is_idle, ..)| *is_idle);
        found.map(|(_, flag, needed)| (flag, needed)).collect()
    }

    /// Returns the name of reports. In a bucket of their own, where all lie in the root, the
    /// default tells images apart.
    pub(crate) fn report_name(&self) -> ReportName {
        let default = match self.report_bucket_uri {
            Some(_) => ReportName::per_origin(),
            None => ReportName::fixed(),
        };
        self.report_template
            .clone()
            .or_else(|| self.report_name.clone())
            .unwrap_or(default)
    }
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
