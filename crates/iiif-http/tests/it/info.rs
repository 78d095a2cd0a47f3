//! info.json of both versions, as the client asks for it.

use iiif_http::ServiceOptions;
use iiif_testkit::encode::{Jpeg2000Options, jpeg2000};
use iiif_testkit::pattern::photo;
use serde_json::json;

use crate::server::{COLOR, GRAY, Server};

#[tokio::test]
async fn the_documents_are_those_of_their_version() {
    let server = Server::start().await;
    let v3 = server.get(&format!("/iiif/3/{COLOR}/info.json")).await;
    assert_eq!(
        v3.header("content-type"),
        r#"application/ld+json;profile="http://iiif.io/api/image/3/context.json""#
    );
    assert_eq!(
        v3.link("profile"),
        Some("http://iiif.io/api/image/3/level2.json")
    );
    let v3 = v3.json();
    assert_eq!(v3["id"], format!("http://example.org/iiif/3/{COLOR}"));
    assert_eq!(v3["type"], "ImageService3");
    assert_eq!(v3["profile"], "level2");
    assert!(v3["maxArea"].is_u64(), "upscaling needs a limit (3.0 §5.3)");
    let qualities = v3["extraQualities"].as_array().unwrap();
    assert!(qualities.contains(&json!("color")) && qualities.contains(&json!("bitonal")));

    let v2 = server.get(&format!("/iiif/2/{COLOR}/info.json")).await;
    assert_eq!(v2.header("content-type"), "application/json");
    assert_eq!(v2.header("vary"), "Accept");
    let v2 = v2.json();
    assert_eq!(v2["@id"], format!("http://example.org/iiif/2/{COLOR}"));
    assert_eq!(v2["profile"][0], "http://iiif.io/api/image/2/level2.json");
    assert_eq!((&v2["width"], &v2["height"]), (&json!(300), &json!(200)));

    let root = server.get(&format!("/{COLOR}/info.json")).await.json();
    assert_eq!(root["@id"], format!("http://example.org/{COLOR}"));
    let gray = server
        .get(&format!("/iiif/3/{GRAY}/info.json"))
        .await
        .json();
    let qualities = gray["extraQualities"].as_array().unwrap();
    assert!(!qualities.contains(&json!("color")), "3.0 §4.4");
}

#[tokio::test]
async fn every_size_and_tile_that_is_offered_is_answered() {
    let server = Server::start().await;
    let info = server
        .get(&format!("/iiif/3/{GRAY}/info.json"))
        .await
        .json();
    let sizes = info["sizes"].as_array().unwrap();
    assert!(!sizes.is_empty());
    for size in sizes {
        let path = format!(
            "/iiif/3/{GRAY}/full/{},{}/0/default.jpg",
            size["width"], size["height"]
        );
        let made = server.get(&path).await.image();
        assert_eq!(
            json!({"width": made.width(), "height": made.height()}),
            *size
        );
    }
    let width = info["tiles"][0]["width"].as_u64().unwrap();
    for factor in info["tiles"][0]["scaleFactors"].as_array().unwrap() {
        let side = (width * factor.as_u64().unwrap()).min(480);
        let path = format!(
            "/iiif/3/{GRAY}/0,0,{side},{side}/{0},{0}/0/default.jpg",
            side.min(width)
        );
        assert_eq!(
            u64::from(server.get(&path).await.image().width()),
            side.min(width)
        );
    }
}

/// `limits.upscale` counts in both versions, the feature where sizes have a `^`.
#[tokio::test]
async fn upscaling_is_offered_where_it_is_done() {
    let forbidden = r#"{"limits": {"upscale": false}}"#;
    let disabled = r#"{"features": {"disable": {"size": ["sizeUpscaling"]}}}"#;
    for (config, in_v2, in_v3) in [
        ("{}", true, true),
        (forbidden, false, false),
        (disabled, true, false),
    ] {
        let server = Server::with(config, ServiceOptions::default()).await;
        for (version, word, size, is_offered) in [
            (2, "sizeAboveFull", "600,", in_v2),
            (3, "sizeUpscaling", "^600,", in_v3),
        ] {
            let image = format!("/iiif/{version}/{COLOR}");
            let info = server.get(&format!("{image}/info.json")).await.json();
            assert_eq!(
                info.to_string().contains(word),
                is_offered,
                "{config}: {info}"
            );
            let made = server
                .get(&format!("{image}/full/{size}/0/default.jpg"))
                .await;
            let expected = if is_offered { 200 } else { 501 };
            assert_eq!(made.status.as_u16(), expected, "{config} {version}");
        }
    }
}

#[tokio::test]
async fn what_is_switched_off_is_neither_offered_nor_done() {
    let config = r#"{"features": {"disable": {"size": ["sizeUpscaling"], "region": ["regionByPct"], "format": ["webp"]}}}"#;
    let server = Server::with(config, ServiceOptions::default()).await;
    let info = server
        .get(&format!("/iiif/3/{COLOR}/info.json"))
        .await
        .json();
    assert_eq!(info["profile"], "level1", "level 2 has regionByPct");
    let tag = async |server: &Server| {
        let answer = server.get(&format!("/iiif/3/{COLOR}/info.json")).await;
        answer.header("etag").to_owned()
    };
    assert_ne!(tag(&server).await, tag(&Server::start().await).await);
    let text = info.to_string();
    for word in ["sizeUpscaling", "regionByPct", "webp"] {
        assert!(!text.contains(word), "{text}");
    }
    let status = async |request: &str| {
        let answer = server.get(&format!("/iiif/3/{COLOR}/{request}")).await;
        answer.status.as_u16()
    };
    assert_eq!(status("full/^600,/0/default.jpg").await, 501);
    assert_eq!(status("pct:0,0,50,50/max/0/default.jpg").await, 400);
    assert_eq!(status("full/max/0/default.webp").await, 400);
    assert_eq!(status("full/max/0/default.jpg").await, 200);
}

#[tokio::test]
async fn resolutions_and_tiles_of_a_jpeg_2000_are_listed() {
    let server = Server::start().await;
    let options = Jpeg2000Options {
        levels: 2,
        tile: Some((128, 64)),
        ..Jpeg2000Options::default()
    };
    let file = jpeg2000(&photo(301, 203).into(), &options);
    let put = server.bucket.put("map.jp2", file.into(), "image/jp2");
    put.await.unwrap();
    let info = server.get("/iiif/3/map.jp2/info.json").await.json();
    let sizes = json!([
        {"width": 76, "height": 51},
        {"width": 151, "height": 102},
        {"width": 301, "height": 203},
    ]);
    assert_eq!(info["sizes"], sizes);
    assert_eq!(info["tiles"][0]["width"], 128);
    assert_eq!(info["tiles"][0]["height"], 64);
    let tile = server.get("/iiif/3/map.jp2/256,128,45,75/23,38/0/default.jpg");
    assert_eq!(tile.await.image().width(), 23);
}
