//! Sources that are far away: what is read of them, and what happens when they do not answer.

use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use futures::future::join_all;
use iiif_http::ServiceOptions;
use iiif_testkit::compare::assert_similar;
use iiif_testkit::encode::{
    Compression, JpegOptions, Layout, Photometric, TiffOptions, jpeg, tiff,
};
use iiif_testkit::pattern::photo;
use image::{DynamicImage, GenericImageView as _};
use serde_json::json;

use crate::server::Server;

/// A pyramid with JPEG tiles of 128x128 pixels.
pub(crate) fn pyramid() -> Vec<u8> {
    let options = TiffOptions {
        layout: Layout::Tiles {
            width: 128,
            height: 128,
        },
        photometric: Photometric::YCbCr,
        compression: Compression::JpegWithTables,
        overviews: 3,
        ..TiffOptions::default()
    };
    tiff(&photo(1100, 900).into(), &options)
}

fn bytes(reads: &[Range<u64>]) -> u64 {
    reads.iter().map(|range| range.end - range.start).sum()
}

async fn with_pyramid() -> (Server, u64) {
    let server = Server::start().await;
    let file = pyramid();
    let length = file.len() as u64;
    server
        .bucket
        .put("pyramid.tif", file.into(), "image/tiff")
        .await
        .unwrap();
    (server, length)
}

#[tokio::test]
async fn of_a_pyramid_only_what_is_needed_is_read() {
    let (server, length) = with_pyramid().await;
    let info = server.get("/iiif/3/pyramid.tif/info.json").await.json();
    assert_eq!(info["tiles"][0]["width"], 128, "{info}");
    let sizes: Vec<_> = info["sizes"].as_array().unwrap().iter().collect();
    assert_eq!(
        sizes[0],
        &json!({"width": 137, "height": 112}),
        "of the file"
    );
    assert_eq!(sizes.len(), 4);
    let header = bytes(&server.store.reads());
    assert!(
        header < length / 4,
        "{header} of {length} bytes for the header"
    );

    let requests = [
        // As it is in the file; where its tiles are was read with the header.
        ("128,256,128,128/max/0/default.jpg", (128, 128), 1),
        ("256,256,128,128/max/0/default.jpg", (128, 128), 1),
        // Rendered, and of a smaller level.
        ("384,256,128,128/128,128/0/default.png", (128, 128), 1),
        ("full/135,/0/default.jpg", (135, 110), 1),
    ];
    for (request, dimensions, most_reads) in requests {
        let answer = server.get(&format!("/iiif/3/pyramid.tif/{request}")).await;
        assert_eq!(answer.image().dimensions(), dimensions, "{request}");
        let reads = server.store.reads();
        let bytes = bytes(&reads);
        assert!(reads.len() <= most_reads, "{request}: {reads:?}");
        assert!(bytes < length / 4, "{request}: {bytes} of {length} bytes");
    }
}

/// The beginning, the directories with where the tiles are, and the tile.
#[tokio::test]
async fn a_first_tile_takes_few_reads() {
    let (server, _) = with_pyramid().await;
    let path = "/iiif/3/pyramid.tif/128,256,128,128/max/0/default.jpg";
    assert_eq!(server.get(path).await.image().dimensions(), (128, 128));
    let reads = server.store.reads();
    assert_eq!(reads.len(), 3, "{reads:?}");
}

#[tokio::test]
async fn a_tile_that_is_passed_through_looks_like_its_neighbors() {
    let (server, _) = with_pyramid().await;
    let tile = server
        .get("/iiif/3/pyramid.tif/128,256,128,128/max/0/default.jpg")
        .await;
    let rendered = server
        .get("/iiif/3/pyramid.tif/128,256,128,128/max/0/default.png")
        .await;
    assert_similar(
        &rendered.image().into_rgb8(),
        &tile.image().into_rgb8(),
        40.0,
    );
    let expected = DynamicImage::from(photo(1100, 900)).crop_imm(128, 256, 128, 128);
    assert_similar(&expected.into_rgb8(), &tile.image().into_rgb8(), 28.0);
}

#[tokio::test]
async fn what_many_ask_at_once_is_read_and_made_once() {
    let server = Server::start().await;
    let file = jpeg(&photo(1000, 800).into(), &JpegOptions::default());
    let length = file.len() as u64;
    server
        .bucket
        .put("plain.jpg", file.into(), "image/jpeg")
        .await
        .unwrap();
    server.store.reads();
    let path = "/iiif/3/plain.jpg/0,0,256,256/max/0/default.jpg";
    let answers = join_all((0..16).map(|_| server.get(path))).await;
    assert!(answers.iter().all(|answer| answer.body == answers[0].body));
    let whole = server
        .store
        .reads()
        .into_iter()
        .filter(|range| range.end - range.start > length / 2);
    assert_eq!(whole.count(), 1);
}

#[tokio::test]
async fn a_storage_that_fails_is_told_and_nothing_of_it_is_kept() {
    let (server, _) = with_pyramid().await;
    let path = "/iiif/3/pyramid.tif/0,0,512,512/100,/0/default.jpg";
    for fault in [&server.store.is_down, &server.store.is_cut] {
        fault.store(true, Ordering::Relaxed);
        for path in [path, "/iiif/3/pyramid.tif/info.json"] {
            let answer = server.get(path).await;
            assert!(answer.status.is_server_error(), "{path}: {}", answer.status);
            assert!(!answer.text().contains("secret"), "{}", answer.text());
        }
        fault.store(false, Ordering::Relaxed);
    }
    assert_eq!(server.get(path).await.image().dimensions(), (100, 100));
    // What is in memory is served, whatever the storage does.
    server.store.is_down.store(true, Ordering::Relaxed);
    assert_eq!(server.get(path).await.status.as_u16(), 200);
}

/// Each decode is kept in memory; what does not fit pushes out what was there, and nobody waits for it.
#[tokio::test]
async fn more_images_than_fit_into_memory_are_served() {
    let server = Server::start().await;
    for index in 0..80 {
        let file = jpeg(&photo(64, 48).into(), &JpegOptions::default());
        let key = format!("{index}.jpg");
        server
            .bucket
            .put(&key, file.into(), "image/jpeg")
            .await
            .unwrap();
    }
    for index in 0..80 {
        let path = format!("/iiif/3/{index}.jpg/full/32,/0/default.png");
        assert_eq!(server.get(&path).await.image().dimensions(), (32, 24));
    }
}

/// The memory of derivatives is three sixteenths of 256 MiB, of which large ones leave a quarter to tiles.
#[tokio::test]
async fn answers_that_nobody_reads_are_counted_and_leave_room_for_tiles() {
    let mut options = ServiceOptions::default();
    options.max_wait = Duration::ZERO;
    let server = Server::with("{}", options).await;
    let mut unread = Vec::new();
    let mut bytes = 0;
    for side in 3000.. {
        let path = format!("/iiif/3/gray.jpg/full/^{side},/0/default.tif");
        let response = server.begin("GET", &path, &[], Body::empty()).await;
        if response.status().as_u16() == 503 {
            break;
        }
        assert_eq!(response.status().as_u16(), 200);
        bytes += response.body().size_hint().exact().unwrap();
        assert!(bytes < 64 << 20, "{} answers are held", unread.len());
        unread.push(response);
    }
    assert!(
        bytes > 32 << 20,
        "{bytes} bytes in {} answers",
        unread.len()
    );
    let tile = "/iiif/3/gray.jpg/0,0,256,256/max/0/default.jpg";
    assert_eq!(server.get(tile).await.status.as_u16(), 200);
    drop(unread);
    let large = server
        .get("/iiif/3/gray.jpg/full/^2900,/0/default.tif")
        .await;
    assert_eq!(large.status.as_u16(), 200);
}

#[tokio::test]
async fn sides_that_a_format_cannot_hold_are_refused_before_anything_is_made() {
    let server = Server::start().await;
    for request in [
        "^1,70000/0/default.jpg",
        "^1,70000/0/default.gif",
        "^1,17000/0/default.webp",
    ] {
        let path = format!("/iiif/3/gray.jpg/full/{request}");
        let answer = server.get(&path).await;
        assert_eq!(answer.status.as_u16(), 400, "{}", answer.text());
    }
    let long = "a".repeat(300);
    let answer = server.get(&format!("/iiif/3/{long}/info.json")).await;
    assert_eq!(answer.status.as_u16(), 404);
}
