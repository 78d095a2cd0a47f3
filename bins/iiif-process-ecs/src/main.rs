//! `iiif-process-ecs`: runs `iiif-process` as ECS tasks, from a command line or as a Lambda function.

mod args;
mod connect;
mod invoke;
mod lambda;
mod task;
mod uris;

use std::process::ExitCode;

use anyhow::bail;
use args::{Args, Mode, VARIABLE_PREFIXES};
use iiif_cli::{Environment, ExitStatus, LogFormat, Verbosity};

#[global_allocator]
static ALLOCATOR: iiif_cli::Allocator = iiif_cli::Allocator;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let args: Args =
        match iiif_cli::parse_args(std::env::args_os(), &environment, &VARIABLE_PREFIXES) {
            Ok(args) => args,
            Err(error) => {
                // Nobody is left to tell when the terminal is gone.
                let _ = error.print();
                let is_usage = error.use_stderr();
                return if is_usage {
                    ExitStatus::Usage
                } else {
                    ExitStatus::Success
                }
                .into();
            }
        };
    iiif_cli::init_logging(Verbosity::Normal, args.log_format);
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            if args.log_format == LogFormat::Text {
                iiif_cli::print_error(&error);
            } else {
                tracing::error!("{error:#}");
            }
            ExitStatus::Usage.into()
        }
    }
}

#[tokio::main]
async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let missing = args.missing();
    if !missing.is_empty() {
        let mode = format!("{:?}", args.mode).to_lowercase();
        bail!("-mode {mode} needs {}", missing.join(", "));
    }
    match args.mode {
        Mode::Lambda => lambda::run(args).await,
        Mode::Task => task::run(args, &uris::read(args).await?).await,
        Mode::Invoke => invoke::run(args, &uris::read(args).await?).await,
    }
}
