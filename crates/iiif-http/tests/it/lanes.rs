//! Who is let in, and what is turned away.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures::future::join_all;
use iiif_config::Config;
use iiif_http::{Buckets, ImageService, ServiceOptions};
use iiif_testkit::encode::{JpegOptions, Layout, PngOptions, TiffOptions, jpeg, png, tiff};
use iiif_testkit::pattern::photo;
use image::{DynamicImage, RgbImage};

use crate::server::Server;
use crate::waiting::{READING, asks, busy_with, patient, put_pyramid, tile, until};

const RUNNING: &str = "iiif_work{lane=\"small\",state=\"running\"}";
const LARGE_RUNNING: &str = "iiif_work{lane=\"large\",state=\"running\"}";

#[tokio::test]
async fn a_tile_of_a_large_plain_image_does_not_wait_for_a_large_derivative() {
    let server = Server::with("{}", patient()).await;
    let options = TiffOptions {
        layout: Layout::Tiles {
            width: 128,
            height: 128,
        },
        ..TiffOptions::default()
    };
    // More than is read before it is decoded.
    let file = tiff(&photo(1500, 1100).into(), &options).into();
    let put = server.bucket.put("silent.tif", file, "image/tiff").await;
    put.unwrap();
    server.get("/iiif/3/silent.tif/info.json").await.json();
    let plain = DynamicImage::from(RgbImage::new(4200, 3000));
    let file = png(&plain, &PngOptions::default()).into();
    let put = server.bucket.put("plain.png", file, "image/png").await;
    put.unwrap();

    server.store.silent.send_replace(Some("silent".to_owned()));
    let large = asks(&server, "/iiif/3/silent.tif/full/^3500,/0/default.jpg");
    until(async || server.figure(LARGE_RUNNING).await == 1).await;
    let path = "/iiif/3/plain.png/0,0,512,512/512,/0/default.jpg";
    assert_eq!(server.get(path).await.status.as_u16(), 200);
    assert_eq!(server.figure(LARGE_RUNNING).await, 1);

    server.store.silent.send_replace(None);
    assert_eq!(large.await.unwrap().status.as_u16(), 200);
}

#[tokio::test]
async fn who_waits_for_a_bucket_takes_no_core() {
    let server = Server::with("{}", patient()).await;
    put_pyramid(&server).await;
    server.store.silent.send_replace(Some("pyramid".to_owned()));
    // As they are stored, and to be decoded.
    let tile = |number: u32| {
        let (column, format) = (number / 2, ["jpg", "png"][number as usize % 2]);
        tile(column).replace(".jpg", &format!(".{format}"))
    };
    let asked: Vec<_> = (0..12).map(|number| asks(&server, tile(number))).collect();
    until(async || server.store.silent.receiver_count() == 12).await;
    assert_eq!(server.figure(READING).await, 12);
    assert_eq!(server.figure(RUNNING).await, 0);
    let path = "/iiif/3/gray.jpg/0,0,64,64/max/0/default.png";
    assert_eq!(server.get(path).await.status.as_u16(), 200);

    server.store.silent.send_replace(None);
    for answer in join_all(asked).await {
        assert_eq!(answer.unwrap().status.as_u16(), 200);
    }
}

#[tokio::test]
async fn what_finds_the_queue_full_is_turned_away_and_told_when_to_come_again() {
    let mut options = patient();
    options.max_waiting = 1;
    let (server, _readers) = busy_with(options).await;
    let _waiting = asks(&server, tile(2));
    let waiting = "iiif_work{lane=\"small\",state=\"waiting\"}";
    until(async || server.figure(waiting).await == 1).await;
    let turned_away = server.get(&tile(3)).await;
    assert_eq!(turned_away.status.as_u16(), 503);
    assert_eq!(turned_away.header("retry-after"), "1");
    assert_eq!(server.figure(READING).await, 2);
}

#[tokio::test]
async fn what_waits_too_long_is_turned_away() {
    let mut options = patient();
    options.max_wait = Duration::ZERO;
    let (server, _readers) = busy_with(options).await;
    let turned_away = server.get(&tile(2)).await;
    assert_eq!(turned_away.status.as_u16(), 503);
    assert_eq!(turned_away.header("retry-after"), "1");
}

#[tokio::test]
async fn what_can_never_fit_is_refused_at_once() {
    let mut options = ServiceOptions::default();
    options.memory_limit_bytes = 32 << 20;
    let server = Server::with("{}", options).await;
    let file = png(&photo(1200, 900).into(), &PngOptions::default()).into();
    let put = server.bucket.put("photo.png", file, "image/png").await;
    put.unwrap();
    let path = "/iiif/3/photo.png/full/max/0/default";
    for format in ["jpg", "png", "tif"] {
        let answer = server.get(&format!("{path}.{format}")).await;
        assert_eq!(answer.status.as_u16(), 200, "{format}");
    }
    // Its encoder takes more.
    let refused = server.get(&format!("{path}.webp")).await;
    assert_eq!(refused.status.as_u16(), 413);
    assert!(
        refused.text().contains("smaller size"),
        "{}",
        refused.text()
    );
}

#[tokio::test]
async fn the_least_memory_suffices_for_a_tile_and_less_is_refused() {
    let mut options = ServiceOptions::default();
    options.memory_limit_bytes = 16 << 20;
    let server = Server::with("{}", options.clone()).await;
    let tile = server.get("/iiif/3/gray.jpg/0,0,256,256/max/0/default.jpg");
    assert_eq!(tile.await.status.as_u16(), 200);

    options.memory_limit_bytes -= 1;
    let refused = ImageService::new(Buckets::new(server.bucket), &Config::default(), options);
    let said = refused.unwrap_err().to_string();
    assert!(said.contains("expected 16 MiB or more"), "{said}");
}

#[tokio::test]
async fn no_more_sources_are_open_than_may_be() {
    let mut options = ServiceOptions::default();
    options.max_sources = NonZeroUsize::new(20).unwrap();
    let server = Server::with("{}", options).await;
    let file = jpeg(&photo(64, 48).into(), &JpegOptions::default());
    for number in 0..40 {
        let (key, file) = (format!("{number}.jpg"), file.clone().into());
        server.bucket.put(&key, file, "image/jpeg").await.unwrap();
        server.get(&format!("/iiif/3/{key}/info.json")).await.json();
    }
    let entries = "iiif_held_bytes{what=\"sources\"}";
    // Of the limit of 256 MiB an eighth is for sources, of which three quarters are kept.
    let held = server.figure(entries).await;
    assert!(held > 16 << 20, "{held}");
    assert!(held <= 32 << 20, "{held}");
}
