//! Entity tags, conditional requests, and what happens when a source changes.

use std::time::Duration;

use axum::http::StatusCode;
use iiif_http::ServiceOptions;
use iiif_testkit::encode::{PngOptions, png};
use iiif_testkit::pattern::photo;
use image::GenericImageView as _;

use crate::server::{COLOR, Server};

#[tokio::test]
async fn a_client_that_has_it_gets_304_without_a_body() {
    let server = Server::start().await;
    for path in ["full/max/0/default.jpg", "info.json"] {
        let path = format!("/iiif/3/{COLOR}/{path}");
        let first = server.get(&path).await;
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() > 20, "strong: {tag}");
        let again = server.ask("GET", &path, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        assert_eq!(again.header("etag"), tag);
        assert_eq!(again.header("cache-control"), "public, max-age=3600");
        assert!(again.body.is_empty());
        let other = server
            .ask("GET", &path, &[("if-none-match", "\"x\"")])
            .await;
        assert_eq!(other.body, first.body);
    }
}

/// RFC 9110 §13.1.2: `*` asks whether there is anything.
#[tokio::test]
async fn a_client_that_has_anything_gets_304_only_of_what_there_is() {
    let server = Server::start().await;
    for (path, status) in [
        ("maps%2Fcolor.png/info.json", 304),
        ("maps%2Fcolor.png/full/max/0/default.jpg", 304),
        ("maps%2Fcolor.png/900,0,9,9/max/0/default.jpg", 400),
        ("no.png/info.json", 404),
        ("maps%2Fcolor.png", 303),
    ] {
        let path = format!("/iiif/3/{path}");
        let answer = server.ask("GET", &path, &[("if-none-match", "*")]).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.body.is_empty(), status < 400);
    }
}

#[tokio::test]
async fn tags_tell_requests_forms_and_servers_apart() {
    let server = Server::start().await;
    let tag = async |path: &str, headers: &[(&str, &str)]| {
        let answer = server
            .ask("GET", &format!("/iiif/3/{COLOR}/{path}"), headers)
            .await;
        answer.header("etag").to_owned()
    };
    let json = tag("info.json", &[("accept", "application/json")]).await;
    assert_ne!(tag("info.json", &[]).await, json);
    assert_ne!(
        tag("info.json", &[("host", "other.org")]).await,
        tag("info.json", &[]).await
    );
    assert_ne!(
        tag("full/max/0/gray.jpg", &[]).await,
        tag("full/max/0/color.jpg", &[]).await
    );
    assert_eq!(
        tag("full/max/0/gray.jpg", &[]).await,
        tag("full/max/0.0/gray.jpg", &[]).await
    );
}

#[tokio::test]
async fn a_source_that_is_replaced_is_served_anew() {
    let mut options = ServiceOptions::default();
    options.source_refresh = Duration::ZERO;
    let server = Server::with("{}", options).await;
    let path = format!("/iiif/3/{COLOR}/full/max/0/default.png");
    let first = server.get(&path).await;
    let file = png(&photo(90, 60).into(), &PngOptions::default());
    server
        .bucket
        .put("maps/color.png", file.into(), "image/png")
        .await
        .unwrap();
    let tag = first.header("etag");
    let second = server.ask("GET", &path, &[("if-none-match", tag)]).await;
    assert_eq!(second.image().dimensions(), (90, 60));
    assert_ne!(second.header("etag"), tag);
    server.bucket.delete("maps/color.png").await.unwrap();
    assert_eq!(server.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn head_says_what_get_says() {
    let server = Server::start().await;
    for path in ["full/50,/0/default.jpg", "info.json"] {
        let path = format!("/iiif/3/{COLOR}/{path}");
        // A request without an id gets one of its own.
        let id = [("x-request-id", "7")];
        let (get, head) = (
            server.ask("GET", &path, &id).await,
            server.ask("HEAD", &path, &id).await,
        );
        assert_eq!(head.status, StatusCode::OK);
        assert_eq!(head.headers, get.headers);
    }
}

#[tokio::test]
async fn a_source_that_was_replaced_since_it_was_looked_at_is_not_served_under_the_old_tag() {
    let mut options = ServiceOptions::default();
    options.source_refresh = Duration::from_hours(1);
    let server = Server::with("{}", options).await;
    let path = format!("/iiif/3/{COLOR}/full/max/0/default.png");
    // Which version there is, and nothing of the image.
    let info = format!("/iiif/3/{COLOR}");
    assert_eq!(server.get(&info).await.status, StatusCode::SEE_OTHER);
    let file = png(&photo(90, 60).into(), &PngOptions::default());
    server
        .bucket
        .put("maps/color.png", file.into(), "image/png")
        .await
        .unwrap();
    let served = server.get(&path).await;
    assert_eq!(served.image().dimensions(), (90, 60));
    let again = server
        .ask("GET", &path, &[("if-none-match", served.header("etag"))])
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}
