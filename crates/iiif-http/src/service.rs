//! The service: a bucket of images and a configuration, answering requests.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, CACHE_CONTROL,
    CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, LAST_MODIFIED, LINK, LOCATION, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request};
use axum::response::{IntoResponse as _, Response};
use iiif_config::{Config, FeatureSet};
use iiif_derivatives::Settings;
use iiif_image_api::{
    ApiVersion, BaseUri, CanonicalRequest, DerivativeRequest, ImageUri, RenderPlan, ResolveOptions,
};
use iiif_storage::Bucket;

use crate::admission::Admission;
use crate::derivatives::Derivatives;
use crate::disposition::disposition;
use crate::etag::{EntityTag, is_unmodified};
use crate::info::{Abilities, native_quality};
use crate::sources::{Sources, Version};
use crate::target::{Resource, Target};
use crate::{Problem, ServiceError, ServiceOptions, accept, public_uri};

/// The Image API over a bucket of images.
#[derive(Clone)]
pub struct ImageService(Arc<Inner>);

struct Inner {
    options: ServiceOptions,
    cache_control: HeaderValue,
    features: FeatureSet,
    resolve_options: ResolveOptions,
    abilities: Abilities,
    sources: Sources,
    derivatives: Derivatives,
    /// What bytes depend on besides the source and the request.
    maker: String,
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// The shares of the memory limit, in eighths: opened sources, kept derivatives, decodes that are
/// kept, and small and large work.
const SOURCES_EIGHTHS: u64 = 1;
const DERIVATIVES_EIGHTHS: u64 = 1;
const DECODES_EIGHTHS: u64 = 2;
const SMALL_EIGHTHS: u64 = 1;
const LARGE_EIGHTHS: u64 = 3;

/// What a pixel of a derivative may take while it is made: the raster, and what its encoder holds.
const BYTES_PER_OUTPUT_PIXEL: u64 = 8;

impl ImageService {
    /// Returns the service of the images in `source`. Of `config` count the features, the limits,
    /// the encoding; its buckets do not.
    ///
    /// The area of derivatives is limited, besides by the config, to what the memory suffices for.
    ///
    /// # Errors
    ///
    /// If `options` have a `Cache-Control` that is no header, or threads cannot be started.
    pub fn new(
        source: Bucket,
        config: &Config,
        options: ServiceOptions,
    ) -> Result<Self, ServiceError> {
        let settings = Settings::of(config);
        let eighth = options.memory_limit_bytes / 8;
        let large_bytes = LARGE_EIGHTHS * eighth;
        let mut resolve_options = settings.resolve_options;
        resolve_options.oversized_box = options.oversized_box;
        let area = (large_bytes / BYTES_PER_OUTPUT_PIXEL).min(config.limits.max_area);
        resolve_options.limits = resolve_options.limits.with_max_area(area);
        let admission = Admission::new(&options, SMALL_EIGHTHS * eighth, large_bytes)?;
        let admission = Arc::new(admission);
        let maker = format!(
            "{} {} {:?}",
            env!("CARGO_PKG_VERSION"),
            iiif_derivatives::JPEG_BACK_END,
            settings.encoding
        );
        Ok(Self(Arc::new(Inner {
            cache_control: HeaderValue::try_from(&options.cache_control)?,
            features: config.features.clone(),
            abilities: Abilities::new(&config.features, resolve_options.limits),
            resolve_options,
            sources: Sources::new(
                source,
                settings.decode_limits,
                Arc::clone(&admission),
                options.source_refresh,
                SOURCES_EIGHTHS * eighth,
            ),
            derivatives: Derivatives::new(
                settings.encoding,
                admission,
                DERIVATIVES_EIGHTHS * eighth,
                DECODES_EIGHTHS * eighth,
            ),
            maker,
            options,
        })))
    }

    /// Returns the router: `/iiif/3/…`, `/iiif/2/…`, and 2.1 at the root, as go-iiif has it. May be
    /// nested anywhere; URIs in answers say so.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new().fallback(answer).with_state(self.clone())
    }
}

impl std::fmt::Debug for ImageService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageService")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

async fn answer(State(ImageService(inner)): State<ImageService>, request: Request) -> Response {
    let (head, _no_body) = request.into_parts();
    let mut response = match head.method {
        Method::GET | Method::HEAD => match inner.get(&head).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(),
        },
        Method::OPTIONS => preflight(),
        _ => {
            let text = "images are read only; expected GET, HEAD or OPTIONS";
            let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, text).into_response();
            response.headers_mut().insert(ALLOW, METHODS);
            response
        }
    };
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let exposed = HeaderValue::from_static("ETag, Link");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Answers what browsers ask before a request of another origin (2.1 §6, 3.0 §7.1).
fn preflight() -> Response {
    let headers = [
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

impl Inner {
    async fn get(&self, head: &request::Parts) -> Result<Response, Problem> {
        let target = Target::parse(head.uri.path())?;
        match self.get_current(head, &target).await {
            // What was looked at some time ago is looked at again, once.
            Err(problem) if problem.is_stale => {
                self.sources.forget(&target.identifier).await;
                self.get_current(head, &target).await
            }
            answer => answer,
        }
    }

    async fn get_current(
        &self,
        head: &request::Parts,
        target: &Target,
    ) -> Result<Response, Problem> {
        let version = self.sources.version(&target.identifier).await?;
        let base = self.base_uri(head, target.prefix)?;
        let uri = base.image(&target.identifier);
        match &target.resource {
            Resource::Base => Ok(see_info(&uri)),
            Resource::Info => self.info(head, target, version, uri).await,
            Resource::Image(request) => {
                let request = request.parse()?;
                self.image(head, target.version, version, (&uri, request))
                    .await
            }
        }
    }

    async fn info(
        &self,
        head: &request::Parts,
        target: &Target,
        version: Version,
        uri: ImageUri,
    ) -> Result<Response, Problem> {
        let media_type = accept::info_media_type(&head.headers, target.version);
        let tag = EntityTag::of(&[
            version.object.as_str(),
            uri.as_str(),
            media_type,
            &self.maker,
        ]);
        let mut headers = self.cached(&tag, &version);
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        insert(&mut headers, LINK, &self.profile_link(target.version));
        // The document changes with the configuration, of which a time knows nothing.
        if is_unmodified(&head.headers, &tag, None) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let source = self.sources.open(version).await?;
        let info = self.abilities.info(uri, &source.image, target.version);
        let json = info.to_json(target.version).map_err(|error| {
            tracing::error!("{error}");
            Problem::internal()
        })?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        Ok((headers, Body::from(json)).into_response())
    }

    async fn image(
        &self,
        head: &request::Parts,
        api: ApiVersion,
        version: Version,
        (uri, request): (&ImageUri, DerivativeRequest),
    ) -> Result<Response, Problem> {
        self.features.check(&request)?;
        let text = request.to_string();
        let tag = EntityTag::of(&[
            version.identifier.as_str(),
            version.object.as_str(),
            &api.to_string(),
            &text,
            &self.maker,
        ]);
        let mut headers = self.cached(&tag, &version);
        if is_unmodified(&head.headers, &tag, version.last_modified) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let disposition = disposition(&head.uri, &version.identifier, request.format)?;
        headers.insert(CONTENT_DISPOSITION, disposition);
        let source = self.sources.open(version).await?;
        let options = self.resolve_options.with_version(api);
        let plan = RenderPlan::resolve(&request, source.image.geometry(), &options)?;
        let bytes = self.derivatives.get(&source, plan).await?;
        let canonical = CanonicalRequest::of(&plan, &options)
            .with_native_quality(native_quality(&source.image));
        let canonical = uri.canonical(&canonical).link_header();
        // One header: the official validator reads the first only.
        let links = format!("{},{canonical}", self.profile_link(api));
        insert(&mut headers, LINK, &links);
        let media_type = HeaderValue::from_static(request.format.media_type());
        headers.insert(CONTENT_TYPE, media_type);
        Ok((headers, Body::from(bytes)).into_response())
    }

    /// Returns the headers by which a response is kept, and told to be still the same.
    fn cached(&self, tag: &EntityTag, version: &Version) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, tag.header());
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        if let Some(modified) = version.last_modified {
            insert(
                &mut headers,
                LAST_MODIFIED,
                &httpdate::fmt_http_date(modified),
            );
        }
        headers
    }

    fn profile_link(&self, version: ApiVersion) -> String {
        let profile = self.abilities.level(version).profile_uri(version);
        format!("<{profile}>;rel=\"profile\"")
    }

    /// Returns the URI below which the images of a prefix lie, as the client sees it.
    fn base_uri(&self, head: &request::Parts, prefix: &str) -> Result<BaseUri, Problem> {
        let original = head.extensions.get::<OriginalUri>();
        let original = original.map_or(&head.uri, |OriginalUri(uri)| uri);
        let path = head.uri.path();
        // Where this router is nested, its own path is the end of the whole.
        let nested = original.path().strip_suffix(path).unwrap_or("");
        let (server, before) = match &self.options.public_uri {
            Some(public) => (public.clone(), ""),
            None => (
                public_uri::server(&head.headers, original)?,
                public_uri::prefix(&head.headers),
            ),
        };
        let steps = [before, nested.trim_matches('/'), prefix];
        let mut text = server.to_string();
        for step in steps.into_iter().filter(|step| !step.is_empty()) {
            text.push('/');
            text.push_str(step);
        }
        text.parse()
            .map_err(|_no_uri| Problem::bad_request("the headers that tell the path make no URI"))
    }
}

/// Sends a client that asks for the image itself to its info.json (2.1 §2.1, 3.0 §2).
fn see_info(uri: &ImageUri) -> Response {
    let mut headers = HeaderMap::new();
    insert(&mut headers, LOCATION, &uri.info());
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// Sets a header whose value is made of URIs, dates and words: printable by construction.
fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}
