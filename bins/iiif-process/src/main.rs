//! `iiif-process`: makes named derivatives of images, with a palette and a JSON report.

mod args;
mod batch;
#[cfg(feature = "aws")]
mod lambda;
mod load;
mod source_folder;
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
            Err(error) => return iiif_cli::print_usage(&error).into(),
        };
    iiif_cli::init_logging(args.verbosity(), args.log_format);
    match run(&args) {
        Ok(status) => status.into(),
        Err(error) => {
            iiif_cli::tell_error(&error, args.log_format);
            ExitStatus::Usage.into()
        }
    }
}

#[tokio::main]
async fn run(args: &Args) -> anyhow::Result<ExitStatus> {
    if args.print_config {
        let config = load::config(args).await?;
        iiif_cli::print_line(&format!("{:#}", config.to_redacted_json()))?;
        load::tell_beside_config(args, &config).await;
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
