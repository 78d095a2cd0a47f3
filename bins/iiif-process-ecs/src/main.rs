//! `iiif-process-ecs`: runs `iiif-process` as ECS tasks, from a command line or as a Lambda function.

mod args;
mod connect;
mod invoke;
mod lambda;
mod left;
mod outcomes;
mod reports;
mod task;
mod uris;

use std::process::ExitCode;

use anyhow::{anyhow, bail};
use args::{Args, Mode, VARIABLE_PREFIXES};
use iiif_cli::{Environment, ExitStatus, Verbosity};

#[global_allocator]
static ALLOCATOR: iiif_cli::Allocator = iiif_cli::Allocator;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    let args: Args =
        match iiif_cli::parse_args(std::env::args_os(), &environment, &VARIABLE_PREFIXES) {
            Ok(args) => args,
            Err(error) => return iiif_cli::print_usage(&error).into(),
        };
    iiif_cli::init_logging(Verbosity::Normal, args.log_format);
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            iiif_cli::tell_error(&error, args.log_format);
            ExitStatus::Usage.into()
        }
    }
}

#[tokio::main]
async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut problems = args.problems();
    let uris = if args.mode == Mode::Lambda {
        Vec::new()
    } else {
        uris::read(args, &mut problems).await
    };
    if !problems.is_empty() {
        bail!("{}", problems.join("; "));
    }
    if args.mode == Mode::Lambda {
        return lambda::run(args).await;
    }
    if uris.is_empty() {
        let error = anyhow!("no images to process; expected URIs as arguments, -uri or -manifest");
        iiif_cli::tell_error(&error, args.log_format);
        return Ok(ExitStatus::NothingToDo.into());
    }
    match args.mode {
        Mode::Invoke => invoke::run(args, &uris).await,
        _ => task::run(args, &uris).await,
    }
}
