//! Hostile requests, and what no answer tells.

use std::num::NonZeroUsize;

use axum::http::StatusCode;
use iiif_http::RepositoryOptions;
use iiif_testkit::encode::{JpegOptions, jpeg};
use iiif_testkit::pattern::photo;

use super::{AUTHORIZATION, repository, with};
use crate::server::Answer;

const HOSTILE: [&str; 16] = [
    "../etc/passwd",
    "..%2F..%2Fetc%2Fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "maps/%2e%2e/%2e%2e/gray",
    "%252e%252e%252fetc%252fpasswd",
    "%25252e%25252e%25252fetc",
    "..%5C..%5Cetc",
    "..%c0%af..%c0%afetc",
    "%2Fetc%2Fpasswd",
    "a%00.jpg",
    "a%2500.jpg",
    "a%0D%0AX-Evil:%20y",
    "a%0aSet-Cookie:%20a=b",
    "a%7F",
    "maps//color",
    "maps/./color",
];

fn tells_nothing(answer: &Answer, what: &str) {
    assert!(!answer.headers.contains_key("x-evil"), "{what}");
    assert!(!answer.headers.contains_key("set-cookie"), "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    for secret in [
        "object store",
        "bucket",
        "/tmp",
        "memory",
        "InMemory",
        "the-token",
    ] {
        assert!(!answer.text().contains(secret), "{what}: {}", answer.text());
    }
}

#[tokio::test]
async fn names_lead_nowhere_else() {
    let server = repository().await;
    let file = jpeg(&photo(30, 20).into(), &JpegOptions::default());
    for name in HOSTILE {
        for query in ["", "?meta=True", "?regex=a"] {
            let path = format!("/images/{name}{query}");
            let answer = server.get(&path).await;
            let status = answer.status.as_u16();
            assert!(matches!(status, 400 | 404), "{path}: {}", answer.text());
            tells_nothing(&answer, &path);
        }
        for method in ["POST", "PUT", "DELETE"] {
            let path = format!("/images/{name}");
            let answer = server.send(method, &path, &[AUTHORIZATION], file.clone().into());
            let answer = answer.await;
            assert_eq!(
                answer.status.as_u16(),
                400,
                "{method} {path}: {}",
                answer.text()
            );
            tells_nothing(&answer, &path);
        }
    }
    let names = server.get("/images").await.json();
    assert_eq!(
        names,
        serde_json::json!(["cut", "gray", "maps/color", "turned"])
    );
}

/// The router takes two slashes behind its own path for one.
#[tokio::test]
async fn a_name_that_looks_absolute_lies_in_the_bucket() {
    let server = repository().await;
    let file = jpeg(&photo(30, 20).into(), &JpegOptions::default());
    let path = "/images//etc/passwd";
    let stored = server.send("POST", path, &[AUTHORIZATION], file.into());
    assert_eq!(stored.await.status, StatusCode::CREATED);
    assert!(server.bucket.exists("etc/passwd.jpg").await.unwrap());
}

#[tokio::test]
async fn wrong_queries_are_named_with_what_is_accepted() {
    let server = repository().await;
    for query in [
        "xsize=0",
        "xsize=%0D%0AX-Evil:y",
        "ysize=-5",
        "kind=exe",
        "kind=..%2F..%2Fetc",
        "thumbnail=maybe",
        "regex=(",
        "regex=(a*)*(b%2B%2B",
        "regex=(%5Cw%7B999%7D)%7B999%7D",
        "evil=1",
        "overwrite=true",
    ] {
        let answer = server.get(&format!("/images/gray?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert!(answer.text().contains("expected"), "{}", answer.text());
        tells_nothing(&answer, query);
    }
    let answer = server.send("POST", "/images/new?kind=png", &[AUTHORIZATION], "x".into());
    assert_eq!(answer.await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_expression_that_others_never_finish_is_answered() {
    let server = repository().await;
    let key = format!("{}!.jpg", "a".repeat(190));
    let file = jpeg(&photo(30, 20).into(), &JpegOptions::default());
    let put = server.bucket.put(&key, file.into(), "image/jpeg");
    put.await.unwrap();
    let answer = server.get("/images?regex=%5E(a%2B)%2B%24").await;
    assert_eq!(answer.json(), serde_json::json!([]));
}

#[tokio::test]
async fn one_answer_has_no_more_images_than_allowed() {
    let mut options = RepositoryOptions::default();
    options.max_images = NonZeroUsize::new(2).unwrap();
    let server = with(options).await;
    for query in ["kind=jpg", "meta=True", "regex=.&thumbnail=1"] {
        let answer = server.get(&format!("/images?{query}")).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{query}");
        assert!(
            answer.text().contains("more than 2 images"),
            "{}",
            answer.text()
        );
    }
    let listed = server.get("/images").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn other_methods_are_refused_and_browsers_may_ask() {
    let server = repository().await;
    let patch = server.ask("PATCH", "/images/gray", &[AUTHORIZATION]).await;
    assert_eq!(patch.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(patch.header("allow").contains("DELETE"));
    let preflight = server.ask("OPTIONS", "/images/gray", &[]).await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    let taken = preflight.header("access-control-allow-headers");
    assert!(taken.contains("Authorization"), "{taken}");
    let root = server
        .send("POST", "/images", &[AUTHORIZATION], "x".into())
        .await;
    assert_eq!(root.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_damaged_image_tells_nothing_of_where_it_lies() {
    let server = repository().await;
    let damaged = server.get("/images/cut").await;
    assert_eq!(damaged.status, StatusCode::INTERNAL_SERVER_ERROR);
    tells_nothing(&damaged, "a damaged image");
}
