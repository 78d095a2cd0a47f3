//! Logs for people and for machines, on stderr.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// How much is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Warnings and errors: a progress bar tells the rest.
    Warnings,
    /// What is done, an image a line.
    #[default]
    Normal,
    /// Everything.
    Verbose,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
#[non_exhaustive]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to stderr. Only the first call in a process has an effect.
pub fn init_logging(verbosity: Verbosity, format: LogFormat) {
    let level = match verbosity {
        Verbosity::Quiet => LevelFilter::ERROR,
        Verbosity::Warnings => LevelFilter::WARN,
        Verbosity::Normal => LevelFilter::INFO,
        Verbosity::Verbose => LevelFilter::DEBUG,
    };
    let targets = AWS_SDK_MODULES
        .iter()
        .fold(Targets::new().with_default(level), |targets, target| {
            targets.with_target(*target, LevelFilter::ERROR)
        });
    let targets = targets.with_target(LAMBDA_PANIC_MODULE, LevelFilter::OFF);
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_writer(std::io::stderr);
    // A second subscriber is refused; the first one stays in place.
    let _ = match format {
        LogFormat::Text => {
            let text = builder.with_ansi(colors_wanted());
            text.finish().with(targets).try_init()
        }
        LogFormat::Json => {
            let json = builder.json().flatten_event(true);
            json.finish().with(targets).try_init()
        }
    };
}

/// Modules of the AWS SDK, whose warnings come back as errors, which are told in better words.
const AWS_SDK_MODULES: [&str; 4] = ["aws_config", "aws_runtime", "aws_sdk", "aws_smithy"];

/// The module of the runtime of Lambda that repeats why a function fails, which is told by then.
const LAMBDA_PANIC_MODULE: &str = "lambda_runtime::layers::panic";

/// Colors on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
fn colors_wanted() -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::IsTerminal::is_terminal(&std::io::stderr()) && !no_color
}
