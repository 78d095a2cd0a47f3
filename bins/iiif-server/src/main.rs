//! `iiif-server`: serves images of any bucket with the IIIF Image API.

mod args;
mod listen;
mod load;
mod serve;

use std::process::ExitCode;

use anyhow::Context as _;
use args::{Args, VARIABLE_PREFIXES};
use iiif_cli::{Environment, ExitStatus};
use iiif_http::ImageService;

#[global_allocator]
static ALLOCATOR: iiif_cli::Allocator = iiif_cli::Allocator;

fn main() -> ExitCode {
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
    let config = load::config(args).await?;
    let source = load::source(&config)?;
    let service = ImageService::new(source, &config, load::options(args))?;
    let listener = args.server_uri.bind().await;
    let listener = listener.with_context(|| format!("cannot listen at {}", args.server_uri))?;
    serve::run(listener, &service.router(), &args.server_uri).await
}
