//! The way from flags to a server that answers.

use anyhow::Context as _;
use iiif_cli::{Environment, ExitStatus};
use iiif_http::ImageService;
use iiif_image_api::{BaseUri, BaseUriError};

use crate::args::Args;
#[cfg(feature = "aws")]
use crate::lambda;
#[cfg(feature = "aws")]
use crate::listen::Endpoint;
use crate::listen::ServerUri;
use crate::load::{self, ConfigFile};
use crate::serve::{self, Audience, Listener};
use crate::upkeep::{self, ConfigFollower};

/// Serves until a signal ends it.
#[tokio::main]
pub(crate) async fn run(args: &Args, environment: &Environment) -> anyhow::Result<ExitStatus> {
    iiif_cli::raise_open_files();
    // Not by the parser of flags, which hides what may be a secret, and with it what is wrong.
    let public_uri = args.public_uri.as_deref().map(public_uri).transpose()?;
    let server_uri: &ServerUri = &args.server_uri.parse().context("cannot use -server-uri")?;
    let admin_uri = args.admin_uri.as_ref().map(|uri| uri.parse());
    let admin_uri: Option<ServerUri> = admin_uri.transpose().context("cannot use -admin-uri")?;
    let file = ConfigFile::of(&args.config)?;
    let read = match &file {
        Some(file) => file.read(None).await?,
        None => None,
    };
    let (version, config) = read.unzip();
    let config = load::with_flags(config.unwrap_or_else(load::without_file), args);
    let buckets = load::buckets(args, &config)?;
    let images = buckets.source.clone();
    let service = ImageService::new(buckets, &config, load::options(args, public_uri.clone())?);
    let service = &service.map_err(load::refused)?;
    let upload_idle = server_uri.timeouts.read;
    let router = args.repository.router(service, environment, upload_idle)?;
    tracing::info!("the images are those of {images}");
    if (args.shows_pages() || args.repository.is_on()) && !images.has_list() {
        tracing::warn!(
            "{images} is a web server, which has no list: neither -example nor -repository shows which \
             images there are"
        );
    }
    if args.shows_pages() && args.repository.has_read_token(environment) {
        tracing::warn!("no browser comes to the pages of -example: none sends a token for reading");
    }
    let follower = ConfigFollower::new(args, file.zip(version), service);
    #[cfg(feature = "aws")]
    if let Endpoint::Lambda(answers) = server_uri.endpoint {
        if admin_uri.is_some() {
            tracing::warn!("-admin-uri has no effect in a Lambda function");
        }
        return lambda::run(router, service, follower, answers).await;
    }
    let listener = Listener::open(server_uri, router, Audience::Everybody).await?;
    if args.shows_pages() {
        let local = listener.uri()?;
        let server = public_uri.map_or(local, |uri| uri.to_string());
        tracing::info!("the images are shown at {server}/");
    }
    let mut listeners = vec![listener];
    if let Some(uri) = &admin_uri {
        listeners.push(Listener::open(uri, service.admin_router(), Audience::Admins).await?);
    }
    tokio::select! {
        ended = serve::run(listeners) => ended,
        () = follower.run() => Ok(ExitStatus::Failed),
        () = upkeep::sweep(service) => Ok(ExitStatus::Failed),
    }
}

/// Reads `-public-uri`. What is wrong with it is said without it, since it may have a password.
fn public_uri(text: &str) -> anyhow::Result<BaseUri> {
    text.parse().map_err(|error: BaseUriError| {
        anyhow::anyhow!(
            "the URI of -public-uri {}; expected `http://` or `https://`, a host and a path",
            error.problem
        )
    })
}
