//! Pages that show the images of the service: a list at `/`, and a viewer at `/example/viewer`.
//!
//! Of other people's code they use OpenSeadragon alone, which is read from a folder when the service
//! starts; without it an image is shown at one size.

mod listing;
mod page;
mod viewer;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::header::{REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use iiif_image_api::{ApiVersion, BaseUri, Identifier};

use crate::images::Images;
use crate::{ImageService, Problem, ServiceOptions};

use self::page::Page;
pub use self::viewer::Viewer;

/// The pages that show the images of a service.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExamplePages {
    /// OpenSeadragon. Default: none; images are shown without zooming.
    pub viewer: Option<Viewer>,
}

impl ExamplePages {
    /// Sets [`viewer`](Self::viewer).
    #[must_use]
    pub fn with_viewer(mut self, viewer: Option<Viewer>) -> Self {
        self.viewer = viewer;
        self
    }
}

/// The files of the pages, below `/example`.
const FILES: [(&str, &str, &str); 3] = [
    (
        "/example/style.css",
        "text/css; charset=utf-8",
        include_str!("example/style.css"),
    ),
    (
        "/example/list.js",
        "text/javascript; charset=utf-8",
        include_str!("example/list.js"),
    ),
    (
        "/example/zoom.js",
        "text/javascript; charset=utf-8",
        include_str!("example/zoom.js"),
    ),
];

/// Pages change with the bucket, and files with the program: both are asked for again each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

type Asked = Query<Vec<(String, String)>>;

/// Returns the router of the pages; of none, where `options` have none.
pub(crate) fn router(options: &ServiceOptions) -> Router<ImageService> {
    let mut router = Router::new();
    if options.example.is_none() {
        return router;
    }
    for (path, media_type, text) in FILES {
        router = router.route(path, get(async move || served(media_type, text)));
    }
    router
        .route("/", get(list))
        .route("/example/viewer", get(show))
        .route("/example/openseadragon/{*name}", get(viewer_file))
}

async fn list(
    State(service): State<ImageService>,
    Query(asked): Asked,
    request: Request,
) -> Response {
    let page = async {
        let (images, page) = opened(&service, request)?;
        let number = value(&asked, "page").unwrap_or("1").parse();
        let number = number.map_err(|_no_number| Problem::bad_request("`page` is no number"))?;
        let listing = listing::read(images.bucket(), number).await?;
        Ok((page.list(&listing), page))
    };
    answered(page.await)
}

async fn show(
    State(service): State<ImageService>,
    Query(asked): Asked,
    request: Request,
) -> Response {
    let page = async {
        let (images, page) = opened(&service, request)?;
        let name = value(&asked, "image").unwrap_or("");
        let image = Identifier::new(name).map_err(Problem::identifier)?;
        // What is not there has the status that it has everywhere.
        images.sources.version(&image).await?;
        let version = match value(&asked, "version") {
            Some("2") => ApiVersion::V2,
            None | Some("3") => ApiVersion::V3,
            Some(_) => return Err(Problem::bad_request("`version` is neither 2 nor 3")),
        };
        Ok((page.viewer(&image, version), page))
    };
    answered(page.await)
}

fn opened(service: &ImageService, request: Request) -> Result<(Arc<Images>, Page), Problem> {
    let images = service.images();
    let (head, _no_body) = request.into_parts();
    let base = images.base_uri(&head, "")?;
    let example = images.options.example.as_ref();
    let has_viewer = example.is_some_and(|example| example.viewer.is_some());
    let page = Page::new(base, has_viewer);
    Ok((images, page))
}

fn answered(page: Result<(String, Page), Problem>) -> Response {
    let (html, page) = match page {
        Ok(page) => page,
        Err(problem) => return problem.into_response(),
    };
    let mut response = served("text/html; charset=utf-8", html).into_response();
    if let Ok(policy) = HeaderValue::try_from(policy(&page.base)) {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The hash of an empty style sheet, which `zoom.js` adds.
const EMPTY: &str = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='";

/// Returns what a page may load: files and images of this service, and nothing inline.
///
/// The host is named besides because info.json has absolute URIs, which differ from that of the page
/// where the service was told another one.
fn policy(base: &BaseUri) -> String {
    let host = base.authority();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ".:-[]".contains(c);
    let origin = if host.chars().all(is_plain) {
        format!(" {}://{host}", base.scheme())
    } else {
        String::new()
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' {EMPTY}; img-src 'self' data: blob:{origin}; \
         connect-src 'self'{origin}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

async fn viewer_file(State(service): State<ImageService>, Path(name): Path<String>) -> Response {
    let images = service.images();
    let example = images.options.example.as_ref();
    let viewer = example.and_then(|example| example.viewer.as_ref());
    match viewer.and_then(|viewer| viewer.file(&name)) {
        Some((media_type, bytes)) => served(media_type, bytes).into_response(),
        None => Problem::new(StatusCode::NOT_FOUND, "OpenSeadragon has no such file here")
            .into_response(),
    }
}

fn served<T>(media_type: &'static str, body: T) -> ([(HeaderName, HeaderValue); 4], T) {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (CACHE_CONTROL, ASK_AGAIN),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, body)
}

fn value<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let mut pairs = pairs.iter();
    pairs.find_map(|(name, value)| (name == key).then_some(value.as_str()))
}
