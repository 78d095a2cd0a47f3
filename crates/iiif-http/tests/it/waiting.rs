//! Requests that wait: for a storage that does not answer, for their turn, for each other.

use std::future::IntoFuture as _;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use iiif_http::ServiceOptions;
use iiif_testkit::encode::{JpegOptions, Layout, TiffOptions, jpeg, tiff};
use iiif_testkit::pattern::photo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::remote::pyramid;
use crate::server::{Answer, Server};

/// Until then everything has happened that is going to.
const LONG: Duration = Duration::from_secs(100);
const FOREVER: Duration = Duration::from_hours(1);

pub(crate) const WAITING: &str = "iiif_work{lane=\"small\",state=\"waiting\"}";
pub(crate) const READING: &str = "iiif_work{lane=\"small\",state=\"reading\"}";

pub(crate) fn patient() -> ServiceOptions {
    let mut options = ServiceOptions::default();
    options.concurrency = NonZeroUsize::MIN;
    options.max_wait = FOREVER;
    options.source_timeout = FOREVER;
    options.source_refresh = FOREVER;
    options
}

/// Waits for something that happens elsewhere.
pub(crate) async fn until(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, wait).await.unwrap();
}

pub(crate) fn asks(server: &Server, path: impl Into<String>) -> JoinHandle<Answer> {
    let (server, path) = (server.clone(), path.into());
    tokio::spawn(async move { server.get(&path).await })
}

/// A tile that does not lie in the beginning of the file, which is held.
pub(crate) fn tile(column: u32) -> String {
    let x = column * 128;
    format!("/iiif/3/pyramid.tif/{x},512,128,128/max/0/default.jpg")
}

/// Puts a pyramid where the server looks, and has it opened.
pub(crate) async fn put_pyramid(server: &Server) {
    let file = pyramid().into();
    let put = server.bucket.put("pyramid.tif", file, "image/tiff").await;
    put.unwrap();
    server.get("/iiif/3/pyramid.tif/info.json").await.json();
}

/// Returns a server whose memory for small work is taken by two reads that are not answered, and those who
/// asked for them.
async fn busy() -> (Server, Vec<JoinHandle<Answer>>) {
    busy_with(patient()).await
}

/// The same with other options.
pub(crate) async fn busy_with(mut options: ServiceOptions) -> (Server, Vec<JoinHandle<Answer>>) {
    // A sixteenth, of which the data of a tile has 1 MiB.
    options.memory_limit_bytes = 2 * (16 << 20);
    let server = Server::with("{}", options).await;
    put_pyramid(&server).await;
    server.store.silent.send_replace(Some("pyramid".to_owned()));
    let mut readers = Vec::new();
    for column in 0..2 {
        readers.push(asks(&server, tile(column)));
        let reading = column as usize + 1;
        until(async || server.store.silent.receiver_count() == reading).await;
    }
    (server, readers)
}

async fn assert_answered(asked: impl IntoIterator<Item = JoinHandle<Answer>>) {
    for answer in timeout(LONG, join_all(asked)).await.unwrap() {
        assert_eq!(answer.unwrap().status.as_u16(), 200);
    }
}

#[test]
fn sources_that_are_not_answered_keep_no_threads_from_others() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = Server::with("{}", patient()).await;
        let file = jpeg(&photo(64, 48).into(), &JpegOptions::default());
        for number in 0..8 {
            let (key, file) = (format!("silent/{number}.jpg"), file.clone().into());
            server.bucket.put(&key, file, "image/jpeg").await.unwrap();
        }
        server.store.silent.send_replace(Some("silent/".to_owned()));
        let asked: Vec<_> = (0..8)
            .map(|number| asks(&server, format!("/iiif/3/silent%2F{number}.jpg/info.json")))
            .collect();
        until(async || server.store.silent.receiver_count() >= 2).await;
        let path = "/iiif/3/gray.jpg/full/32,/0/default.jpg";
        assert_answered([asks(&server, path)]).await;
        server.store.silent.send_replace(None);
        assert_answered(asked).await;
    });
}

#[tokio::test]
async fn all_who_ask_for_a_source_that_is_not_answered_are_turned_away_at_once() {
    let mut options = patient();
    options.source_timeout = Duration::ZERO;
    let server = Server::with("{}", options).await;
    // Which version it has is known.
    assert_eq!(server.get("/iiif/3/gray.jpg").await.status.as_u16(), 303);
    server.store.silent.send_replace(Some("gray".to_owned()));
    server.store.asked.store(0, Ordering::Relaxed);
    let path = "/iiif/3/gray.jpg/full/32,/0/default.jpg";
    for answer in join_all((0..5).map(|_| server.get(path))).await {
        assert_eq!(answer.status.as_u16(), 503, "{}", answer.text());
        assert_eq!(answer.header("retry-after"), "1");
        assert!(answer.text().contains("storage"), "{}", answer.text());
    }
    assert_eq!(server.store.asked.load(Ordering::Relaxed), 1);
    // The failure is not kept.
    server.store.silent.send_replace(None);
    assert_eq!(server.get(path).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_source_that_is_no_longer_answered_is_opened_anew() {
    let mut options = patient();
    options.source_timeout = Duration::ZERO;
    let server = Server::with("{}", options).await;
    put_pyramid(&server).await;
    let held = "iiif_held_bytes{what=\"sources\"}";
    assert!(server.figure(held).await > 0);
    server.store.silent.send_replace(Some("pyramid".to_owned()));
    for column in 0..2 {
        assert_eq!(server.get(&tile(column)).await.status.as_u16(), 503);
        assert_eq!(server.figure(held).await, 0);
    }
    server.store.silent.send_replace(None);
    assert_eq!(server.get(&tile(0)).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_the_queue() {
    let (server, readers) = busy().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(axum::serve(listener, server.router.clone()).into_future());

    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {} HTTP/1.1\r\nHost: example.org\r\n\r\n", tile(2));
    client.write_all(request.as_bytes()).await.unwrap();
    until(async || server.figure(WAITING).await == 1).await;
    drop(client);
    until(async || server.figure(WAITING).await == 0).await;
    assert_eq!(server.figure(READING).await, 2);

    server.store.silent.send_replace(None);
    assert_answered(readers).await;
    let made = "iiif_derivatives_total{from=\"Made\"}";
    assert_eq!(server.figure(made).await, 2);
    serving.abort();
}

#[tokio::test]
async fn what_another_waits_for_too_goes_on_when_a_client_goes_away() {
    let (server, readers) = busy().await;
    let first = asks(&server, tile(2));
    until(async || server.figure(WAITING).await == 1).await;
    let second = asks(&server, tile(2));
    let underway = "iiif_lookups_total{what=\"derivatives\",found=\"Underway\"}";
    until(async || server.figure(underway).await == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(server.figure(WAITING).await, 1);

    server.store.silent.send_replace(None);
    assert_answered(readers.into_iter().chain([second])).await;
    let missing = "iiif_lookups_total{what=\"derivatives\",found=\"Missing\"}";
    assert_eq!(server.figure(missing).await, 3);
}

#[tokio::test]
async fn sources_are_counted_with_what_they_come_to_hold() {
    let mut service = ServiceOptions::default();
    service.max_sources = NonZeroUsize::MAX;
    let server = Server::with("{}", service).await;
    let options = TiffOptions {
        layout: Layout::Tiles {
            width: 16,
            height: 16,
        },
        ..TiffOptions::default()
    };
    let file = tiff(&photo(1600, 1600).into(), &options).into();
    let put = server.bucket.put("tiles.tif", file, "image/tiff").await;
    put.unwrap();
    server.get("/iiif/3/tiles.tif/info.json").await.json();
    // An offset and a length of each of 10,000 tiles, and the beginning of the file.
    let held = server.figure("iiif_held_bytes{what=\"sources\"}").await;
    assert!((160_000 + (32 << 10)..220_000).contains(&held), "{held}");
}
