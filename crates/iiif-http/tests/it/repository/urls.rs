//! `url=True` over a real S3 server.

use std::time::Duration;

use axum::http::StatusCode;
use iiif_http::{
    BearerToken, Buckets, ImageRepository, ImageService, RepositoryOptions, ServiceError,
};
use iiif_storage::{Environment, MissingFolder, StorageOpener};
use iiif_testkit::s3::S3Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{AUTHORIZATION, TOKEN, repository, with};

/// Fetches a URL as a browser would: the status, and the body.
async fn fetch(url: &str) -> (u16, Vec<u8>) {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer
        .windows(4)
        .position(|part| part == b"\r\n\r\n")
        .unwrap();
    let status = std::str::from_utf8(&answer[9..12])
        .unwrap()
        .parse()
        .unwrap();
    (status, answer[end + 4..].to_vec())
}

fn options(s3: &S3Server) -> RepositoryOptions {
    s3.create_bucket("urls").unwrap();
    let bucket = StorageOpener::new(Environment::empty());
    let bucket = bucket.open(&s3.bucket_uri("urls"), MissingFolder::Refuse);
    let mut options = RepositoryOptions::default();
    options.write_token = Some(BearerToken::new(TOKEN).unwrap());
    options.url_bucket = Some(bucket.unwrap());
    options.url_expiry = Duration::from_mins(10);
    options
}

#[tokio::test]
async fn a_url_leads_to_the_derivative_until_the_image_is_deleted() {
    let s3 = S3Server::start().await.unwrap();
    let server = with(options(&s3)).await;
    let told = server
        .get("/images/gray?url=True&xsize=64&kind=png")
        .await
        .json();
    assert_eq!(
        (&told["name"], &told["expires_in_seconds"]),
        (&"gray".into(), &600.into())
    );
    let url = told["url"].as_str().unwrap().to_owned();
    assert!(
        url.contains("X-Amz-Signature") && url.contains("X-Amz-Expires=600"),
        "{url}"
    );
    assert!(url.contains("/gray.png?"), "{url}");
    let (status, body) = fetch(&url).await;
    assert_eq!(status, 200);
    let served = server.get("/images/gray?xsize=64&kind=png").await;
    assert!(
        body.windows(served.body.len())
            .any(|part| part == served.body)
    );
    // Nobody can change what it leads to.
    let (status, _) = fetch(&url.replace("gray.png", "other.png")).await;
    assert_eq!(status, 403);

    let several = server
        .get("/images?regex=gray%7Ccolor&url=1&thumbnail=1")
        .await
        .json();
    assert_eq!(several.as_array().unwrap().len(), 2);
    let deleted = server.ask("DELETE", "/images/gray", &[AUTHORIZATION]).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let (status, _) = fetch(&url).await;
    assert_eq!(status, 404);
    let other = several[1]["url"].as_str().unwrap();
    assert_eq!(fetch(other).await.0, 200, "of another image");
}

#[tokio::test]
async fn without_a_store_that_signs_there_are_no_urls() {
    let answer = repository().await.get("/images/gray?url=True").await;
    assert_eq!(answer.status, StatusCode::NOT_IMPLEMENTED);
    let missing = repository().await.get("/images/none?url=True").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn derivatives_are_not_stored_among_the_images() {
    let s3 = S3Server::start().await.unwrap();
    let options = options(&s3);
    let bucket = options.url_bucket.clone().unwrap();
    let config = iiif_config::Config::default();
    let service = iiif_http::ServiceOptions::default();
    let images = ImageService::new(Buckets::new(bucket), &config, service).unwrap();
    let refused = ImageRepository::new(&images, options).unwrap_err();
    assert!(matches!(refused, ServiceError::UrlBucket), "{refused}");
}
