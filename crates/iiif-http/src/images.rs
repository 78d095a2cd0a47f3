//! The images of one configuration, and what is answered for them.

mod shared;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::OriginalUri;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG, LAST_MODIFIED, LINK, LOCATION, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, request};
use axum::response::{IntoResponse as _, Response};
use iiif_config::{Config, FeatureSet};
use iiif_derivatives::Settings;
use iiif_image_api::{
    ApiVersion, BaseUri, CanonicalRequest, DerivativeRequest, Identifier, ImageUri, RenderPlan,
    ResolveOptions, SizeLimits,
};
use iiif_pipeline::SourceImage;
use iiif_storage::Bucket;
use tokio::task::spawn_blocking;

use crate::derivatives::Derivatives;
use crate::disposition::disposition;
use crate::etag::{EntityTag, has_any, is_unmodified};
use crate::info::{Abilities, Services, native_quality};
use crate::memory::Memory;
use crate::metrics::Metrics;
use crate::sources::{Sources, Version};
use crate::store::DerivativeStore;
use crate::target::{Resource, Target};
use crate::{Buckets, Problem, ServiceError, ServiceOptions, accept, public_uri};

/// The images of one configuration.
pub(crate) struct Images {
    pub(crate) options: ServiceOptions,
    cache_control: HeaderValue,
    features: FeatureSet,
    resolve_options: ResolveOptions,
    abilities: Abilities,
    source: Bucket,
    pub(crate) memory: Arc<Memory>,
    /// The number of the configuration.
    pub(crate) config: u64,
    /// From when on it has been in the place of another; the first one has always been there.
    since: SystemTime,
    pub(crate) sources: Arc<Sources>,
    pub(crate) derivatives: Arc<Derivatives>,
    services: Arc<Services>,
    /// What a derivative depends on besides the source and the request.
    maker: String,
    /// What info.json depends on besides the source and the request.
    informant: String,
    /// What a derivative may take while it is made.
    work_bytes: u64,
}

/// What a `jpg` or `png` takes while it is made, in multiples of its raster: twice that for turning, and
/// what its encoder holds. To scale down what is just larger may take some more.
const RASTERS_PER_DERIVATIVE: u64 = 3;

impl Images {
    pub(crate) fn new(
        buckets: Buckets,
        config: &Config,
        options: ServiceOptions,
        metrics: &Arc<Metrics>,
        memory: &Arc<Memory>,
    ) -> Result<Self, ServiceError> {
        let settings = Settings::of(config);
        let (shares, config_number) = (memory.shares, memory.next_config());
        let mut resolve_options = settings.resolve_options;
        resolve_options.oversized_box = options.oversized_box;
        let maker = format!(
            "{} {} {:?}",
            env!("CARGO_PKG_VERSION"),
            iiif_derivatives::JPEG_BACK_END,
            settings.encoding
        );
        let abilities = Abilities::new(&config.features, resolve_options.upscaling);
        let store = buckets
            .derivatives
            .map(|bucket| DerivativeStore::new(bucket, &maker, &options));
        let sources = Sources::new(
            buckets.source.clone(),
            settings.decode_limits.with_threads(options.concurrency),
            Arc::clone(memory),
            config_number,
            &options,
        );
        // In the bucket, derivatives are kept by the size that the limits have led to.
        let maker = format!("{maker} {resolve_options:?} {}", shares.large);
        let informant = format!("{maker} {abilities:?} {:?}", settings.analyses);
        let derivatives = Derivatives::new(
            settings.encoding,
            store,
            Arc::clone(metrics),
            Arc::clone(memory),
        );
        Ok(Self {
            cache_control: HeaderValue::try_from(&options.cache_control)?,
            features: config.features.clone(),
            abilities,
            resolve_options,
            source: buckets.source,
            sources: sources.into(),
            derivatives: derivatives.into(),
            maker,
            services: Services::new(settings.analyses, Arc::clone(memory)).into(),
            memory: Arc::clone(memory),
            config: config_number,
            since: if config_number > 0 {
                // Dates have no fractions of seconds: what is of this one may be of the other.
                SystemTime::now() + Duration::from_secs(1)
            } else {
                SystemTime::UNIX_EPOCH
            },
            informant,
            work_bytes: shares.large,
            options,
        })
    }

    /// Returns whether the bucket of images answers. That something is not in it is an answer.
    pub(crate) async fn is_ready(&self) -> bool {
        use iiif_storage::ErrorKind as Kind;

        if let Some(folder) = self.source.local_folder().map(Path::to_path_buf) {
            let looked = spawn_blocking(move || folder.is_dir()).await;
            return looked.unwrap_or(false);
        }
        match self.source.exists("ready").await {
            Ok(_) => true,
            Err(error) => !matches!(error.kind(), Kind::Unavailable | Kind::InvalidConfig),
        }
    }

    /// Forgets all that was made of an image.
    pub(crate) async fn purge(&self, identifier: &Identifier) -> iiif_storage::Result<()> {
        self.sources.forget(identifier).await;
        self.memory.forget(identifier);
        self.derivatives.purge(identifier).await
    }

    /// Answers a request.
    pub(crate) async fn get(&self, head: &request::Parts) -> Result<Response, Problem> {
        let target = Target::parse(head.uri.path())?;
        let mut answer = self.get_current(head, &target).await;
        // What was looked at some time ago is looked at again, once.
        if answer.as_ref().is_err_and(|problem| problem.is_stale) {
            self.sources.forget(&target.identifier).await;
            answer = self.get_current(head, &target).await;
        }
        let mut answer = answer?;
        if answer.status() == StatusCode::OK && has_any(&head.headers) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            *answer.body_mut() = Body::empty();
        }
        Ok(answer)
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
            &self.informant,
        ]);
        let mut headers = self.cached(&tag, &version);
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        insert(&mut headers, LINK, &self.profile_link(target.version));
        // The document changes with the configuration, of which a time knows nothing.
        if is_unmodified(&head.headers, &tag, None) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let source = self.sources.open(version).await?;
        let limits = self.limits(&source.image);
        let mut info = self
            .abilities
            .info(uri, &source.image, limits, target.version);
        let services = &self.services;
        services.add_to(&mut info, &source, target.version).await?;
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
        if is_unmodified(&head.headers, &tag, self.modified(&version)) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let disposition = disposition(&head.uri, &version.identifier, request.format)?;
        headers.insert(CONTENT_DISPOSITION, disposition);
        let source = self.sources.open(version).await?;
        let options = self.resolve_options(&source.image, api);
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

    /// Returns the limits of an image's derivatives: those of the config, and the area for whose pixels
    /// there is memory.
    fn limits(&self, image: &SourceImage) -> SizeLimits {
        let pixel_bytes = image.pixel_layout().bytes_per_pixel();
        let area = self.work_bytes / (RASTERS_PER_DERIVATIVE * pixel_bytes);
        let limits = self.resolve_options.limits;
        limits.with_max_area(limits.max_area.map_or(area, |most| most.min(area)))
    }

    fn resolve_options(&self, image: &SourceImage, api: ApiVersion) -> ResolveOptions {
        let options = self.resolve_options.with_version(api);
        options.with_limits(self.limits(image))
    }

    /// Returns the headers by which a response is kept, and told to be still the same.
    pub(crate) fn cached(&self, tag: &EntityTag, version: &Version) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ETAG, tag.header());
        headers.insert(CACHE_CONTROL, self.cache_control.clone());
        if let Some(modified) = self.modified(version) {
            // Never later than the response (RFC 9110 §8.8.2.1).
            let modified = modified.min(SystemTime::now());
            insert(
                &mut headers,
                LAST_MODIFIED,
                &httpdate::fmt_http_date(modified),
            );
        }
        headers
    }

    /// Returns when what is made of an image may have changed last.
    pub(crate) fn modified(&self, version: &Version) -> Option<SystemTime> {
        let modified = version.info.last_modified;
        modified.map(|modified| modified.max(self.since))
    }

    fn profile_link(&self, version: ApiVersion) -> String {
        let profile = self.abilities.level(version).profile_uri(version);
        format!("<{profile}>;rel=\"profile\"")
    }

    /// Returns the URI below which the images of a prefix lie, as the client sees it.
    pub(crate) fn base_uri(&self, head: &request::Parts, prefix: &str) -> Result<BaseUri, Problem> {
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
