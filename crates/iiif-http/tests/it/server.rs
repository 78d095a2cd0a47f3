//! A service with some images, and what it answers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use iiif_config::Config;
use iiif_http::{Buckets, ImageRepository, ImageService, RepositoryOptions, ServiceOptions};
use iiif_storage::Bucket;
use iiif_testkit::encode::{JpegColor, JpegOptions, PngOptions, jpeg, png};
use iiif_testkit::pattern::{gradient, photo};
use image::DynamicImage;
use object_store::ObjectStore;
use tower::ServiceExt as _;

use crate::watched_store::WatchedStore;

/// What is in the bucket of every test: a color image of 300x200 pixels in a folder, as the
/// specification's examples have it, a gray one of 640x480, and one that stands on its side.
pub(crate) const COLOR: &str = "maps%2Fcolor.png";
pub(crate) const GRAY: &str = "gray.jpg";
pub(crate) const TURNED: &str = "turned.jpg";

#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) bucket: Bucket,
    /// What is behind the bucket.
    pub(crate) store: Arc<WatchedStore>,
    pub(crate) service: ImageService,
    pub(crate) router: Router,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with("{}", ServiceOptions::default()).await
    }

    pub(crate) async fn with(config: &str, mut options: ServiceOptions) -> Self {
        let store = Arc::new(WatchedStore::default());
        let bucket = Bucket::from_store(Arc::clone(&store) as Arc<dyn ObjectStore>);
        let gray = JpegOptions {
            color: JpegColor::Gray,
            ..JpegOptions::default()
        };
        let turned = JpegOptions {
            exif_orientation: Some(6),
            ..JpegOptions::default()
        };
        let files = [
            (
                "maps/color.png",
                png(&gradient(300, 200).into(), &PngOptions::default()),
            ),
            ("gray.jpg", jpeg(&photo(640, 480).into(), &gray)),
            ("turned.jpg", jpeg(&photo(120, 80).into(), &turned)),
            (
                "cut.jpg",
                jpeg(&photo(120, 80).into(), &turned)[..600].to_vec(),
            ),
            ("notes.txt", b"no image".to_vec()),
        ];
        for (key, file) in files {
            bucket.put(key, file.into(), "image/any").await.unwrap();
        }
        options.memory_limit_bytes = options.memory_limit_bytes.min(256 << 20);
        let config = Config::parse(config, "config.json").unwrap().value;
        let service = ImageService::new(Buckets::new(bucket.clone()), &config, options).unwrap();
        Self {
            bucket,
            store,
            ..Self::of(service)
        }
    }

    /// Returns a service over another bucket than one in memory.
    pub(crate) fn of(service: ImageService) -> Self {
        let store = Arc::new(WatchedStore::default());
        Self {
            bucket: Bucket::from_store(Arc::clone(&store) as Arc<dyn ObjectStore>),
            store,
            router: service.router(),
            service,
        }
    }

    /// Adds the repository of the images at `/images`.
    pub(crate) fn with_repository(self, options: RepositoryOptions) -> Self {
        let repository = ImageRepository::new(&self.service, options).unwrap();
        let images = repository.protect(self.service.router());
        Self {
            router: images.nest_service("/images", repository.router()),
            ..self
        }
    }

    pub(crate) fn nested(self, path: &str) -> Self {
        Self {
            router: Router::new().nest(path, self.router),
            ..self
        }
    }

    /// Returns a figure of the metrics; 0 where there is none.
    pub(crate) async fn figure(&self, name: &str) -> u64 {
        let admin: Router = self.service.admin_router();
        let request = Request::builder().uri("/metrics").body(Body::empty());
        let answer = admin.oneshot(request.unwrap()).await.unwrap();
        let text = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let text = std::str::from_utf8(&text).unwrap();
        let mut figures = text.lines().filter_map(|line| line.strip_prefix(name));
        figures
            .next()
            .map_or(0, |number| number.trim().parse().unwrap())
    }

    /// Asks as `GET http://example.org{path}`.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[]).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, headers, Body::empty()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let (head, body) = self.begin(method, path, headers, body).await.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: to_bytes(body, usize::MAX).await.unwrap(),
        }
    }

    /// Returns an answer of which nothing was read yet.
    pub(crate) async fn begin(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "example.org");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn image(&self) -> DynamicImage {
        assert_eq!(self.status, StatusCode::OK, "{:?}", self.body);
        image::load_from_memory(&self.body).unwrap()
    }

    /// Returns the target of a relation in the header `Link`.
    pub(crate) fn link(&self, relation: &str) -> Option<&str> {
        let relation = format!(";rel=\"{relation}\"");
        let before = self.header("link").split(&relation).next()?;
        let is_there = before.len() < self.header("link").len();
        let target = before.rsplit('<').next()?.strip_suffix('>')?;
        is_there.then_some(target)
    }
}
