//! `iiif-server`: serves images of any bucket with the IIIF Image API.

mod args;
mod check;
mod listen;
mod load;
mod repository;
mod serve;
mod upkeep;

use std::process::ExitCode;

use anyhow::Context as _;
use args::{Args, VARIABLE_PREFIXES};
use iiif_cli::{Environment, ExitStatus};
use iiif_http::ImageService;
use listen::ServerUri;
use load::ConfigFile;
use tokio::net::TcpListener;

#[global_allocator]
static ALLOCATOR: iiif_cli::Allocator = iiif_cli::Allocator;

fn main() -> ExitCode {
    let environment = Environment::of_process();
    if let Some(words) = check::asked(std::env::args_os().collect()) {
        return check::run(words, &environment).into();
    }
    let args: Args =
        match iiif_cli::parse_args(std::env::args_os(), &environment, &VARIABLE_PREFIXES) {
            Ok(args) => args,
            Err(error) => return iiif_cli::print_usage(&error).into(),
        };
    iiif_cli::init_logging(args.verbosity(), args.log_format);
    match run(&args, &environment) {
        Ok(status) => status.into(),
        Err(error) => {
            iiif_cli::tell_error(&error, args.log_format);
            ExitStatus::Usage.into()
        }
    }
}

#[tokio::main]
async fn run(args: &Args, environment: &Environment) -> anyhow::Result<ExitStatus> {
    let file = ConfigFile::of(&args.config)?;
    let read = match &file {
        Some(file) => file.read(None).await?,
        None => None,
    };
    let (version, config) = read.unzip();
    let config = load::with_flags(config.unwrap_or_default(), args);
    let buckets = load::buckets(args, &config)?;
    let service = &ImageService::new(buckets, &config, load::options(args)?)?;
    let router = args.repository.router(service, environment)?;
    let listener = bind(&args.server_uri).await?;
    if args.example {
        let local = format!("http://{}", listener.local_addr()?);
        let server = args.public_uri.as_ref().map_or(local, ToString::to_string);
        tracing::info!("the images are shown at {server}/");
    }
    let mut listeners = vec![(listener, router)];
    if let Some(uri) = &args.admin_uri {
        listeners.push((bind(uri).await?, service.admin_router()));
    }
    tokio::select! {
        ended = serve::run(listeners, &args.server_uri) => ended,
        () = upkeep::follow_config(args, file.zip(version), service) => Ok(ExitStatus::Failed),
        () = upkeep::sweep(service) => Ok(ExitStatus::Failed),
    }
}

async fn bind(uri: &ServerUri) -> anyhow::Result<TcpListener> {
    let listener = uri.bind().await;
    listener.with_context(|| format!("cannot listen at {uri}"))
}
