//! The flags of `iiif-process-ecs`: those of go-iiif-aws, and ours.

mod problems;

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Parser, ValueEnum};
use iiif_cli::{LogFormat, parse_count};
use iiif_config::ReportName;
use iiif_launch::{BucketFolder, CapacityProvider, ParseBucketFolderError, Tag};

/// The prefix of the variables that stand for flags.
pub(crate) const VARIABLE_PREFIXES: [&str; 1] = ["IIIF_PROCESS_"];

const AFTER_HELP: &str = "\
Flags take one dash or two, before or after the URIs. A flag that is not given is read from the \
variable of its name: IIIF_PROCESS_ECS_DSN for -ecs-dsn. Lists are repeated, or separated by commas.

A DSN is region=REGION credentials=CREDENTIALS [endpoint=URL], where the credentials are iam:, env:, \
PROFILE, PATH:PROFILE, anon:, static:ID:SECRET:TOKEN or iam:REGION:ARN.

Exit codes: 0 everything was done, 1 something failed, 2 usage or configuration, 3 nothing to do; with \
-wait the worst exit code of the tasks.";

const ECS: &str = "ECS task";
const LAMBDA: &str = "Lambda";
const CONTAINER: &str = "Container";
const RUN: &str = "Run";

/// Runs iiif-process as ECS tasks, from a command line or as a Lambda function.
#[derive(Debug, Parser)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
#[expect(clippy::doc_markdown, reason = "help texts have no markup")]
#[command(name = "iiif-process-ecs", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Images to process
    #[arg(value_name = "URI")]
    pub(crate) uris: Vec<String>,

    /// An image to process
    #[arg(long = "uri", value_name = "URI", value_delimiter = ',', value_parser = trimmed,
          help_heading = RUN)]
    pub(crate) more_uris: Vec<String>,

    /// A list with a URI a line: a file, - for stdin, or an object such as s3://BUCKET/KEY
    #[arg(long, value_name = "PATH", help_heading = RUN)]
    pub(crate) manifest: Option<String>,

    /// Run tasks, be a Lambda function that does, or invoke that function
    #[arg(long, value_enum, default_value_t, help_heading = RUN)]
    pub(crate) mode: Mode,

    /// Take only the file names of URIs: a/b.jpg is b.jpg
    #[arg(long, help_heading = RUN, default_value_t = true, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) strip_paths: bool,

    /// Pass over URIs that are no images by their extension, instead of refusing them
    #[arg(long, help_heading = RUN, default_value_t = false, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) skip_non_images: bool,

    /// Print the requests as JSON, one a line, and call nothing
    #[arg(long, help_heading = RUN, default_value_t = false, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) dry_run: bool,

    /// Wait until the tasks have stopped, and print what they report
    #[arg(long, help_heading = RUN, default_value_t = false, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) wait: bool,

    /// How long to wait at most, such as 90s, 30m or 2h; a number alone counts seconds [default: until all have stopped]
    #[arg(long, value_name = "TIME", value_parser = duration, help_heading = RUN)]
    pub(crate) wait_timeout: Option<Duration>,

    /// Where the URIs go that did not run, one a line: a file, or - for stdout, behind the report of -wait
    #[arg(long, value_name = "PATH", default_value = "-", help_heading = RUN)]
    pub(crate) left_manifest: String,

    /// The form of log lines
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = RUN)]
    pub(crate) log_format: LogFormat,

    /// The region and credentials of ECS
    #[arg(long, value_name = "DSN", help_heading = ECS)]
    pub(crate) ecs_dsn: Option<DsnText>,

    /// The cluster
    #[arg(long, value_name = "NAME", help_heading = ECS)]
    pub(crate) cluster: Option<String>,

    /// The task definition with its revision, such as go-iiif-process-ecs:1
    #[arg(long, value_name = "NAME", help_heading = ECS)]
    pub(crate) task: Option<String>,

    /// The container of the task definition that runs iiif-process
    #[arg(long, value_name = "NAME", help_heading = ECS)]
    pub(crate) container: Option<String>,

    /// Subnets in which tasks run
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = id, help_heading = ECS)]
    pub(crate) subnet: Vec<String>,

    /// Security groups of tasks
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = id, help_heading = ECS)]
    pub(crate) security_group: Vec<String>,

    /// What runs the tasks
    #[arg(long, value_enum, value_name = "TYPE", ignore_case = true, help_heading = ECS,
          conflicts_with = "capacity_provider")]
    pub(crate) launch_type: Option<LaunchType>,

    /// Capacity providers and their weights, such as FARGATE_SPOT=3,FARGATE=1
    #[arg(long, value_name = "NAME=WEIGHT", value_parser = provider, value_delimiter = ',',
          help_heading = ECS)]
    pub(crate) capacity_provider: Vec<CapacityProvider>,

    /// Give tasks a public address; without one they need a NAT gateway or endpoints
    /// [default: true on Fargate]
    #[arg(long, help_heading = ECS, num_args = 0..=1, require_equals = true,
          default_missing_value = "true", action = ArgAction::Set,
        value_parser = public_ip())]
    pub(crate) assign_public_ip: Option<bool>,

    /// The version of the platform
    #[arg(long, value_name = "VERSION", help_heading = ECS)]
    pub(crate) platform_version: Option<String>,

    /// CPU units of a task: 1024 are one core
    #[arg(long, value_name = "UNITS", value_parser = cpu_units, help_heading = ECS)]
    pub(crate) cpu: Option<u32>,

    /// Memory of a task in MiB
    #[arg(long, value_name = "MIB", value_parser = mib, help_heading = ECS)]
    pub(crate) memory: Option<u32>,

    /// Tags of tasks
    #[arg(long, value_name = "KEY=VALUE", value_parser = tag, value_delimiter = ',', help_heading = ECS)]
    pub(crate) tag: Vec<Tag>,

    /// The most URIs of a task
    #[arg(long, value_name = "N", default_value = "100", value_parser = parse_count::<NonZeroUsize>,
          help_heading = ECS)]
    pub(crate) uris_per_task: NonZeroUsize,

    /// The most tasks at a time
    #[arg(long, value_name = "N", default_value = "10", value_parser = parse_count::<NonZeroUsize>,
          help_heading = ECS)]
    pub(crate) max_tasks: NonZeroUsize,

    /// A bucket through which tasks get lists that are too long for their command, such as s3://BUCKET/FOLDER
    #[arg(long, value_name = "BUCKET", help_heading = ECS)]
    pub(crate) manifest_bucket: Option<String>,

    /// The config in the container
    #[arg(long, value_name = "PATH", default_value = "/etc/go-iiif/config.json",
          help_heading = CONTAINER)]
    pub(crate) config: String,

    /// The instructions in the container
    #[arg(long, value_name = "PATH", default_value = "/etc/go-iiif/instructions.json",
          help_heading = CONTAINER)]
    pub(crate) instructions: String,

    /// Write a JSON report for each image
    #[arg(long, help_heading = CONTAINER, default_value_t = false, num_args = 0..=1,
          require_equals = true, default_missing_value = "true", action = ArgAction::Set,
        value_parser = BoolishValueParser::new())]
    pub(crate) report: bool,

    /// The name of reports
    #[arg(long, value_name = "NAME", default_value_t = ReportName::fixed(), help_heading = CONTAINER)]
    pub(crate) report_name: ReportName,

    /// The region and credentials of Lambda
    #[arg(long, value_name = "DSN", help_heading = LAMBDA)]
    pub(crate) lambda_dsn: Option<DsnText>,

    /// The function to invoke
    #[arg(long, value_name = "NAME", help_heading = LAMBDA)]
    pub(crate) lambda_func: Option<String>,

    /// How it is invoked
    #[arg(long, value_enum, value_name = "TYPE", help_heading = LAMBDA)]
    pub(crate) lambda_type: Option<LambdaType>,

    /// Process only objects of an event that match, such as BUCKET/scans/**; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = LAMBDA)]
    pub(crate) include: Vec<String>,

    /// Never process objects of an event that match; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = LAMBDA)]
    pub(crate) exclude: Vec<String>,

    /// Where derivatives go, BUCKET/FOLDER or a URI such as s3://BUCKET/FOLDER: what events tell of it is
    /// not processed again, and -wait reads the reports there that are in no log
    #[arg(long, value_name = "PLACE", help_heading = RUN)]
    pub(crate) derivatives: Option<Place>,
}

/// A DSN that is not read yet. The parser of flags repeats values that it cannot read, and these may
/// hold secrets.
#[derive(Clone)]
pub(crate) struct DsnText(pub(crate) String);

/// A place in a bucket, or why it is none: that is told with all other problems.
#[derive(Clone, Debug)]
pub(crate) struct Place(pub(crate) Result<BucketFolder, ParseBucketFolderError>);

/// What the program does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// Run ECS tasks.
    #[default]
    Task,
    /// Be a Lambda function that runs ECS tasks.
    Lambda,
    /// Invoke that function.
    Invoke,
}

/// What runs tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum LaunchType {
    /// AWS Fargate.
    Fargate,
    /// EC2 instances of the cluster.
    Ec2,
    /// Machines outside AWS.
    External,
}

/// How a function is invoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "PascalCase")]
pub(crate) enum LambdaType {
    /// The answer is waited for.
    RequestResponse,
    /// Queued.
    Event,
    /// Only checked.
    DryRun,
}

impl From<&str> for DsnText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<&str> for Place {
    fn from(text: &str) -> Self {
        Self(text.parse())
    }
}

impl std::fmt::Debug for DsnText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DsnText(..)")
    }
}

impl Args {
    /// Returns where derivatives go.
    pub(crate) fn derivatives(&self) -> Option<&BucketFolder> {
        self.derivatives.as_ref()?.0.as_ref().ok()
    }

    /// Returns whether tasks run on Fargate.
    pub(crate) fn is_fargate(&self) -> bool {
        match (&self.launch_type, &self.capacity_provider[..]) {
            (None, []) => true,
            (launch_type, []) => *launch_type == Some(LaunchType::Fargate),
            (_, providers) => providers
                .iter()
                .any(|provider| provider.name.starts_with("FARGATE")),
        }
    }
}

/// ECS writes `ENABLED` and `DISABLED`.
fn public_ip() -> impl clap::builder::TypedValueParser<Value = bool> {
    use clap::builder::{PossibleValuesParser, TypedValueParser as _};
    let names = ["true", "false", "ENABLED", "DISABLED"];
    PossibleValuesParser::new(names).map(|value| matches!(&value[..], "true" | "ENABLED"))
}

/// Reads one of a list, which may have spaces around its commas.
#[expect(clippy::unnecessary_wraps, reason = "parsers of values return results")]
fn trimmed(text: &str) -> Result<String, String> {
    Ok(text.trim().to_owned())
}

/// Reads an id of a list.
fn id(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected an id between the commas".to_owned()),
        id => Ok(id.to_owned()),
    }
}

fn cpu_units(text: &str) -> Result<u32, String> {
    let units = text.parse();
    units.map_err(|_no_number| "expected CPU units, a whole number such as `1024`".to_owned())
}

fn mib(text: &str) -> Result<u32, String> {
    let mib = text.parse();
    mib.map_err(|_no_number| "expected MiB, a whole number such as `2048`".to_owned())
}

fn provider(text: &str) -> Result<CapacityProvider, String> {
    let text = text.trim();
    let (name, weight) = text.split_once('=').unwrap_or((text, "1"));
    match weight.parse() {
        Ok(weight @ 0..=1000) if !name.is_empty() => Ok(CapacityProvider {
            name: name.to_owned(),
            weight,
            base: 0,
        }),
        _ => Err("expected `NAME=WEIGHT` with a weight of 0 to 1000".to_owned()),
    }
}

fn tag(text: &str) -> Result<Tag, String> {
    match text.trim().split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok(Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        }),
        _ => Err("expected `KEY=VALUE`".to_owned()),
    }
}

/// Reads `90s`, `30m` or `2h`; a number alone counts seconds.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    match digits.parse::<u64>() {
        Ok(number) if number > 0 && seconds > 0 => {
            Ok(Duration::from_secs(number.saturating_mul(seconds)))
        }
        _ => Err("expected a time such as `90s`, `30m` or `2h`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn times_have_units() {
        for (text, seconds) in [("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "0", "m", "1d", "-1", "1.5h"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
