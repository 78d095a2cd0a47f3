//! Sources on a web server, and what its names and redirects may not do.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, ETAG, IF_MATCH, LAST_MODIFIED, LOCATION, RANGE,
};
use axum::http::{Request, Response, StatusCode, request};
use bytes::Bytes;
use iiif_config::Config;
use iiif_http::{Buckets, ImageService, ServiceOptions};
use iiif_storage::{Environment, MissingFolder, StorageOpener};
use iiif_testkit::encode::{PngOptions, png};
use iiif_testkit::pattern::gradient;
use image::GenericImageView as _;
use tokio::net::TcpListener;

use crate::remote::pyramid;
use crate::server::Server;

/// A web server with one file, `/scans/folder/a.tif`, and what else leads there.
#[derive(Clone)]
struct Web {
    file: Arc<Mutex<Bytes>>,
    /// The header that tells versions apart.
    version: Arc<Mutex<(axum::http::HeaderName, &'static str)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Web {
    /// Serves a file on the loopback interface, and returns the address.
    async fn start(file: Vec<u8>) -> (Self, String) {
        let web = Self {
            file: Arc::new(Mutex::new(file.into())),
            version: Arc::new(Mutex::new((ETAG, "\"1\""))),
            asked: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(web.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (web, format!("http://{address}/scans"))
    }

    /// Returns the paths that were asked since the last call, each once.
    fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut *self.asked.lock().unwrap());
        asked.dedup();
        asked
    }

    fn whole_or_part(&self, head: &request::Parts) -> Response<Body> {
        let file = self.file.lock().unwrap().clone();
        let (name, value) = self.version.lock().unwrap().clone();
        let header = |name| head.headers.get(name).map(|value| value.to_str().unwrap());
        if header(IF_MATCH).is_some_and(|wanted| wanted != value) {
            return status(StatusCode::PRECONDITION_FAILED);
        }
        let answer = Response::builder()
            .header(name, value)
            .header(ACCEPT_RANGES, "bytes");
        let Some(range) = header(RANGE) else {
            return answer.body(file.into()).unwrap();
        };
        let (start, end) = range
            .strip_prefix("bytes=")
            .unwrap()
            .split_once('-')
            .unwrap();
        let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
        let content = format!("bytes {start}-{end}/{}", file.len());
        let answer = answer.status(206).header(CONTENT_RANGE, content);
        answer.body(file.slice(start..=end).into()).unwrap()
    }
}

async fn answer(State(web): State<Web>, request: Request<Body>) -> Response<Body> {
    let (head, _) = request.into_parts();
    let path = head.uri.path();
    web.asked.lock().unwrap().push(path.to_owned());
    let moved = |to: &str| {
        let mut answer = status(StatusCode::FOUND);
        answer.headers_mut().insert(LOCATION, to.parse().unwrap());
        answer
    };
    match path {
        "/scans/folder/a.tif" => web.whole_or_part(&head),
        "/scans/moved.tif" => moved("/scans/folder/a.tif"),
        "/scans/out.tif" => moved("/secret/a.tif"),
        "/scans/never.tif" => status(StatusCode::NOT_IMPLEMENTED),
        "/scans/metadata.tif" => moved("http://169.254.169.254/latest/meta-data/"),
        _ => status(StatusCode::NOT_FOUND),
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

fn serve(uri: &str) -> Server {
    let mut options = ServiceOptions::default();
    options.source_refresh = std::time::Duration::ZERO;
    let storage = StorageOpener::new(Environment::empty());
    let bucket = storage.open(uri, MissingFolder::Refuse).unwrap();
    let service = ImageService::new(Buckets::new(bucket), &Config::default(), options);
    Server::of(service.unwrap())
}

#[tokio::test]
async fn images_of_a_web_server_are_read_in_parts() {
    let file = pyramid();
    let (web, uri) = Web::start(file).await;
    let server = serve(&uri);
    for path in ["folder%2Fa.tif", "moved.tif"] {
        let info = server.get(&format!("/iiif/3/{path}/info.json")).await;
        assert_eq!(info.json()["tiles"][0]["width"], 128);
        let tile = format!("/iiif/3/{path}/128,256,128,128/max/0/default.jpg");
        let tile = server.get(&tile).await;
        assert_eq!(tile.image().dimensions(), (128, 128));
    }
    assert_eq!(web.asked().first().unwrap(), "/scans/folder/a.tif");
}

#[tokio::test]
async fn a_file_of_a_web_server_that_is_replaced_is_served_anew() {
    for (name, first, second) in [
        (ETAG, "\"1\"", "\"2\""),
        (
            LAST_MODIFIED,
            "Wed, 30 Jan 2019 15:30:01 GMT",
            "Wed, 30 Jan 2019 15:30:02 GMT",
        ),
    ] {
        let (web, uri) = Web::start(pyramid()).await;
        *web.version.lock().unwrap() = (name.clone(), first);
        let server = serve(&uri);
        let path = "/iiif/3/folder%2Fa.tif/full/100,/0/default.png";
        let before = server.get(path).await;
        assert_eq!(before.image().dimensions(), (100, 82));
        *web.file.lock().unwrap() = png(&gradient(200, 50).into(), &PngOptions::default()).into();
        *web.version.lock().unwrap() = (name.clone(), second);
        let after = server.get(path).await;
        assert_eq!(after.image().dimensions(), (100, 25), "{name}");
        assert_ne!(before.header("etag"), after.header("etag"));
    }
}

#[tokio::test]
async fn no_identifier_and_no_redirect_leads_out_of_the_prefix() {
    let (web, uri) = Web::start(pyramid()).await;
    let server = serve(&uri);
    #[rustfmt::skip]
    let cases = [
        // Asked, and only there.
        ("out.tif",                         404, &["/scans/out.tif"][..]),
        ("metadata.tif",                    404, &["/scans/metadata.tif"]),
        ("a%3Fb",                           404, &["/scans/a%3Fb"]),
        ("a%23b",                           404, &["/scans/a%23b"]),
        ("a%40evil.example",                404, &["/scans/a@evil.example"]),
        ("http%3A%2Fevil.example%2Fa",      404, &["/scans/http:/evil.example/a"]),
        ("%252541",                         404, &["/scans/%252541"]),
        // No names of objects.
        ("..%2Fsecret%2Fa.tif",             400, &[]),
        ("%2e%2e%2Fsecret",                 400, &[]),
        ("folder%2F..%2F..%2Fsecret",       400, &[]),
        ("%252e%252e%252fsecret",           400, &[]),
        ("..%252fsecret",                   400, &[]),
        ("%2F%2Fevil.example%2Fa",          400, &[]),
        ("%2Fsecret",                       400, &[]),
        ("a%2F%2Fb",                        400, &[]),
        ("http%3A%2F%2Fevil.example%2Fa",   400, &[]),
        ("..%5Csecret",                     400, &[]),
        ("..;%2Fsecret%2Fa.tif",            400, &[]),
        ("folder%2F..%253Bx%2F..;%2Fa.tif", 400, &[]),
        ("a%0D%0AX%3A%20b",                 400, &[]),
    ];
    for (identifier, status, asked) in cases {
        let answer = server.get(&format!("/iiif/3/{identifier}/info.json")).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{identifier}: {}",
            answer.text()
        );
        assert_eq!(web.asked(), asked, "{identifier}");
    }
}

#[tokio::test]
async fn what_a_web_server_never_does_is_told_at_once() {
    let (_web, uri) = Web::start(pyramid()).await;
    let answer = serve(&uri).get("/iiif/3/never.tif/info.json").await;
    assert_eq!(answer.status.as_u16(), 501, "{}", answer.text());
    assert!(
        answer.text().contains("cannot do this"),
        "{}",
        answer.text()
    );
}
