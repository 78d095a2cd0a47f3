//! A repository of images: uploads, listings, thumbnails, zips, deletions.
//!
//! The bucket of the images is all there is: what a name means, and which names there are, is looked up
//! in it (`catalog`). What is served is made by the [`ImageService`] of the same bucket, so that both
//! share caches, memory and threads, and what was uploaded can be asked for by the Image API at once.

mod archive;
mod catalog;
mod metadata;
mod name;
mod options;
mod query;
mod reads;
mod token;
mod upload;
mod url;
mod writes;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use iiif_storage::Bucket;
use tokio::sync::{Mutex, Semaphore};

pub use self::options::{RepositoryOptions, ServedMetadata};
pub use self::token::{BearerToken, TokenError};

use crate::images::Images;
use crate::{ImageService, Problem, ServiceError, answer};

/// A repository of the images of an [`ImageService`]: they are listed, served in any size and format,
/// uploaded and deleted.
///
/// Names are paths without extensions. Nothing that is served has metadata, unless options allow some.
#[derive(Clone)]
pub struct ImageRepository {
    service: ImageService,
    shared: Arc<Shared>,
}

/// What all requests share.
struct Shared {
    options: RepositoryOptions,
    /// One for each upload that may still begin.
    uploads: Semaphore,
    /// Those who write the same name take turns; each name has one of them.
    writers: [Mutex<()>; WRITERS],
}

/// The repository as it is while one request is answered.
struct Current {
    images: Arc<Images>,
    shared: Arc<Shared>,
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, OPTIONS");

const WRITERS: usize = 64;

impl ImageRepository {
    /// Returns the repository of the images of a service.
    ///
    /// # Errors
    ///
    /// [`ServiceError::UrlBucket`] if [`url_bucket`](RepositoryOptions::url_bucket) lies in the bucket
    /// of the images, where derivatives would be taken for images; [`ServiceError::UnsignedUrls`] if it
    /// signs no URLs; [`ServiceError::UnknownTag`] if EXIF has no such tag.
    pub fn new(service: &ImageService, options: RepositoryOptions) -> Result<Self, ServiceError> {
        let images = service.images();
        let is_inside = |other: &Bucket| other.key_within("derivative", images.bucket()).is_some();
        if options.url_bucket.as_ref().is_some_and(is_inside) {
            return Err(ServiceError::UrlBucket);
        }
        if let Some(bucket) = options.url_bucket.as_ref().filter(|it| !it.signs_urls()) {
            let bucket = bucket.to_string();
            return Err(ServiceError::UnsignedUrls { bucket });
        }
        if let Some(tag) = metadata::unknown_tag(&options.metadata_tags) {
            let tag = tag.to_owned();
            return Err(ServiceError::UnknownTag { tag });
        }
        Ok(Self {
            service: service.clone(),
            shared: Arc::new(Shared {
                uploads: Semaphore::new(options.max_uploads),
                writers: std::array::from_fn(|_| Mutex::new(())),
                options,
            }),
        })
    }

    /// Returns the router, to be mounted by [`nest_service`](Router::nest_service) at `/images`.
    pub fn router(&self) -> Router {
        Router::new()
            .fallback(respond)
            // Uploads have a limit of their own.
            .layer(DefaultBodyLimit::disable())
            .with_state(self.clone())
    }

    /// Lets others read what `router` serves only with a token, where this repository wants one:
    /// the Image API serves the same images.
    pub fn protect(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), check_reader))
    }
}

impl std::fmt::Debug for ImageRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageRepository")
            .field("options", &self.shared.options)
            .finish_non_exhaustive()
    }
}

async fn check_reader(
    State(repository): State<ImageRepository>,
    request: Request,
    next: Next,
) -> Response {
    // Browsers ask for permission without a token, and those who watch the service have none.
    let is_open = request.method() == Method::OPTIONS || OPEN_PATHS.contains(&request.uri().path());
    if !is_open && let Some(refused) = repository.shared.refuse_reader(request.headers()) {
        let (head, _not_read) = request.into_parts();
        let log = answer::Log::begin(&head);
        return log.end(repository.service.metrics(), finished(Ok(refused)));
    }
    let mut response = next.run(request).await;
    if repository.shared.options.read_token.is_some() {
        response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
    }
    response
}

/// What tells nothing of images.
const OPEN_PATHS: [&str; 2] = ["/health", "/ready"];

/// What needs a token is not for shared caches.
const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-cache");

async fn respond(State(repository): State<ImageRepository>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let log = answer::Log::begin(&head);
    let request = Request::from_parts(head, body);
    let current = Current {
        images: repository.service.images(),
        shared: Arc::clone(&repository.shared),
    };
    // Of 16 KiB, most of it for uploads: not to be moved about.
    let answered = Box::pin(Arc::new(current).answer(request)).await;
    log.end(repository.service.metrics(), finished(answered))
}

/// Adds what all answers have.
fn finished(answer: Result<Response, Problem>) -> Response {
    let mut response = answer.unwrap_or_else(Problem::into_response);
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let exposed = HeaderValue::from_static("ETag, Link, Location");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, METHODS);
    }
    response
}

fn preflight() -> Response {
    // `*` does not stand for `Authorization`.
    let taken = HeaderValue::from_static("Authorization, Content-Type, If-None-Match");
    let headers = [
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, taken),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

impl Current {
    async fn answer(self: Arc<Self>, request: Request) -> Result<Response, Problem> {
        let refused = match *request.method() {
            Method::GET | Method::HEAD => self.shared.refuse_reader(request.headers()),
            Method::POST | Method::PUT | Method::DELETE => {
                self.shared.refuse_writer(request.headers())
            }
            _ => None,
        };
        if let Some(refused) = refused {
            return Ok(refused);
        }
        match *request.method() {
            Method::GET | Method::HEAD => {
                let is_private = self.shared.options.read_token.is_some();
                let (head, _no_body) = request.into_parts();
                let mut response = self.get(&head).await?;
                if is_private {
                    response.headers_mut().insert(CACHE_CONTROL, PRIVATE);
                }
                Ok(response)
            }
            Method::POST | Method::PUT => self.upload(request).await,
            Method::DELETE => self.delete(request.uri()).await,
            Method::OPTIONS => Ok(preflight()),
            _ => {
                let text = "expected GET, HEAD, POST, PUT, DELETE or OPTIONS";
                Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, text))
            }
        }
    }
}

impl Shared {
    fn refuse_reader(&self, headers: &HeaderMap) -> Option<Response> {
        let options = &self.options;
        options.read_token.as_ref()?;
        token::refused(
            headers,
            &[options.read_token.as_ref(), options.write_token.as_ref()],
        )
    }

    fn refuse_writer(&self, headers: &HeaderMap) -> Option<Response> {
        let Some(token) = &self.options.write_token else {
            let text = "this repository is read only; expected GET, HEAD or OPTIONS";
            return Some(Problem::new(StatusCode::FORBIDDEN, text).into_response());
        };
        token::refused(headers, &[Some(token)])
    }
}
