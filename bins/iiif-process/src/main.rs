//! `iiif-process`: makes named derivatives of images, with a palette and a JSON report.

mod args;
mod batch;
#[cfg(feature = "aws")]
mod lambda;
mod load;
mod watch;

use std::process::ExitCode;

use args::{Args, Mode, VARIABLE_PREFIXES};
use iiif_cli::{Environment, ExitStatus};

#[global_allocator]
static ALLOCATOR: iiif_cli::Allocator = iiif_cli::Allocator;

fn main() -> ExitCode {
    iiif_cli::free_at_once();
    let environment = Environment::of_process();
    let args: Args =
        match iiif_cli::parse_args(std::env::args_os(), &environment, &VARIABLE_PREFIXES) {
            Ok(args) => args,
            Err(error) => return ending(&error).into(),
        };
    iiif_cli::init_logging(args.verbosity(), args.log_format);
    match run(&args) {
        Ok(status) => status.into(),
        Err(error) => {
            refuse(&args, &error);
            ExitStatus::Usage.into()
        }
    }
}

#[tokio::main]
async fn run(args: &Args) -> anyhow::Result<ExitStatus> {
    if args.print_config {
        let config = load::config(args).await?;
        iiif_cli::print_line(&format!("{:#}", config.to_redacted_json()))?;
        return Ok(ExitStatus::Success);
    }
    for (flag, needed) in args.without_effect() {
        tracing::warn!("{flag} has no effect without {needed}");
    }
    let job = load::job(args).await?;
    match args.mode {
        Mode::Cli => batch::run(args, &job).await,
        Mode::Fsnotify => watch::run(&job).await,
        #[cfg(feature = "aws")]
        Mode::Lambda => lambda::run(args, &job).await,
    }
}

/// Prints help or a wrong flag where clap wants it.
fn ending(error: &clap::Error) -> ExitStatus {
    // Nobody is left to tell when the terminal is gone.
    let _ = error.print();
    if error.use_stderr() {
        ExitStatus::Usage
    } else {
        ExitStatus::Success
    }
}

/// Says why the run was refused, in the form of the logs.
fn refuse(args: &Args, error: &anyhow::Error) {
    if args.logs_are_text() {
        iiif_cli::print_error(error);
    } else {
        tracing::error!("{error:#}");
    }
}
