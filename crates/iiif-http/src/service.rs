//! The service: buckets and a configuration that may change, answering requests.

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::Response;
use axum::routing::get;
use iiif_config::Config;
use iiif_storage::Bucket;

use crate::images::Images;
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::{ServiceError, ServiceOptions, admin, answer, example};

/// The Image API over a bucket of images. A clone is the same service.
#[derive(Clone)]
pub struct ImageService(Arc<Shared>);

/// Where the images of a service are, and where it keeps what it makes of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Buckets {
    /// The images.
    pub source: Bucket,
    /// Derivatives that are kept beyond the life of the process, in a folder `.iiif` of their own.
    /// Default: none are.
    pub derivatives: Option<Bucket>,
}

struct Shared {
    options: ServiceOptions,
    metrics: Arc<Metrics>,
    memory: Arc<Memory>,
    images: RwLock<Arc<Images>>,
    /// What is wrong with the configuration that was to replace the one in effect.
    config_problem: RwLock<Option<String>>,
}

impl Buckets {
    /// Returns a bucket of images, and none for derivatives.
    #[must_use]
    pub fn new(source: Bucket) -> Self {
        Self {
            source,
            derivatives: None,
        }
    }

    /// Sets [`derivatives`](Self::derivatives).
    #[must_use]
    pub fn with_derivatives(mut self, bucket: Bucket) -> Self {
        self.derivatives = Some(bucket);
        self
    }
}

impl ImageService {
    /// Returns the service of the images in a bucket. Of `config` count the features, the limits and
    /// the encoding; its buckets do not.
    ///
    /// The area of derivatives is limited, besides by the config, to what the memory suffices for.
    ///
    /// # Errors
    ///
    /// If `options` have a `Cache-Control` that is no header, or too little memory, or threads cannot be started.
    pub fn new(
        buckets: Buckets,
        config: &Config,
        options: ServiceOptions,
    ) -> Result<Self, ServiceError> {
        let metrics = Arc::new(Metrics::new());
        let memory = Arc::new(Memory::new(&options, &metrics)?);
        let images = Images::new(buckets, config, options.clone(), &metrics, &memory)?;
        Ok(Self(Arc::new(Shared {
            options,
            metrics,
            memory,
            images: RwLock::new(Arc::new(images)),
            config_problem: RwLock::new(None),
        })))
    }

    /// Goes on with other buckets and another configuration. Requests that are under way end as they
    /// began, within the same limit of memory; what is kept in memory is given up at once.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new); the service goes on as it was.
    pub fn replace(&self, buckets: Buckets, config: &Config) -> Result<(), ServiceError> {
        let shared = &self.0;
        let (options, memory) = (shared.options.clone(), &shared.memory);
        let images = Images::new(buckets, config, options, &shared.metrics, memory)?;
        let config_number = images.config;
        let mut current = shared
            .images
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(images);
        drop(current);
        memory.keep_only(config_number);
        self.note_config(None);
        Ok(())
    }

    /// Notes what is wrong with a configuration that was to replace the one in effect; `None` once nothing
    /// is. `/health` says that something is, and that of [`admin_router`](Self::admin_router) what.
    pub fn note_config(&self, problem: Option<String>) {
        let noted = &self.0.config_problem;
        *noted.write().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// Returns the router: `/iiif/3/…`, `/iiif/2/…`, and 2.1 at the root, as go-iiif has it; `/health`
    /// and `/ready`; the pages of [`ServiceOptions::example`]. May be nested anywhere; URIs in answers say so.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        example::router(&self.0.options)
            .route("/health", get(admin::health))
            .route("/ready", get(admin::ready))
            .fallback(respond)
            .with_state(self.clone())
    }

    /// Returns the router for who runs the service, to be kept from everybody else: `/metrics` in the
    /// text format of Prometheus, `DELETE /cache/{identifier}` to forget what was made of an image,
    /// `/health`, with what is wrong with the configuration, and `/ready`.
    pub fn admin_router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/health", get(admin::health_in_full))
            .route("/ready", get(admin::ready))
            .route("/metrics", get(admin::metrics))
            .route("/cache/{identifier}", axum::routing::delete(admin::purge))
            .with_state(self.clone())
    }

    /// Deletes the oldest of the derivatives in their bucket, where they are more than
    /// [`ServiceOptions::store_limit_bytes`], and returns how many bytes it deleted.
    ///
    /// # Errors
    ///
    /// If the bucket cannot be listed, or objects not be deleted.
    pub async fn sweep(&self) -> iiif_storage::Result<u64> {
        self.images().derivatives.sweep().await
    }

    /// Waits until no derivative is being written to its bucket, which is done in the background: for who
    /// is stopped between requests, as a Lambda function is.
    pub async fn settle(&self) {
        self.images().derivatives.settle().await;
    }

    pub(crate) fn images(&self) -> Arc<Images> {
        let images = self.0.images.read();
        Arc::clone(&images.unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn metrics_text(&self) -> String {
        self.0.metrics.text(&self.0.memory)
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn config_problem(&self) -> Option<String> {
        let noted = self.0.config_problem.read();
        noted.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl std::fmt::Debug for ImageService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageService")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

async fn respond(State(service): State<ImageService>, request: Request) -> Response {
    let (head, _no_body) = request.into_parts();
    let log = answer::Log::begin(&head);
    let answered = match head.method {
        Method::GET | Method::HEAD => service.images().get(&head).await,
        Method::OPTIONS => Ok(answer::preflight()),
        _ => Err(answer::only_read()),
    };
    log.end(service.metrics(), answer::finished(answered))
}
