//! Against a real S3 server in the test process, which checks signatures.

use std::fs;

use iiif_storage::{Bucket, Environment, ErrorKind, MissingFolder, Overwrite, StorageOpener};
use iiif_testkit::s3::S3Server;

use crate::conformance::{ODD_KEYS, keeps_the_contract};
use crate::fetching::{Held, fetch, large_body};
use crate::opening::replaced_objects_are_told;
use crate::server::quick_retries;
use crate::writing::large_objects_are_written;

async fn start() -> S3Server {
    let server = S3Server::start().await.unwrap();
    server.create_bucket("photos").unwrap();
    server
}

fn open(uri: &str) -> Bucket {
    StorageOpener::new(Environment::empty())
        .with_retry(quick_retries())
        .open(uri, MissingFolder::Refuse)
        .unwrap()
}

#[tokio::test]
async fn a_bucket_on_a_server_keeps_the_contract() {
    let server = start().await;
    keeps_the_contract(&open(&server.bucket_uri("photos"))).await;
    let uri = format!("{}&prefix=my%20maps", server.bucket_uri("photos"));
    keeps_the_contract(&open(&uri)).await;
}

#[tokio::test]
async fn replaced_object_on_a_server_is_told() {
    let server = start().await;
    replaced_objects_are_told(&open(&server.bucket_uri("photos"))).await;
}

#[tokio::test]
async fn large_object_is_written_part_by_part_to_a_server() {
    let server = start().await;
    // Parts lie beside the folders of buckets.
    let folder = server.folder(".");
    let left = async || {
        let names = fs::read_dir(&folder).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".upload")).count()
    };
    let bucket = open(&server.bucket_uri("photos"));
    large_objects_are_written(&bucket, left).await;
    let mut writer = bucket
        .writer("x", "image/tiff", Overwrite::Allowed)
        .await
        .unwrap();
    writer.write(vec![0; 20 << 20].into()).await.unwrap();
    assert_ne!(left().await, 0, "this is where to look");
}

#[tokio::test]
async fn keys_are_the_names_that_the_server_sees() {
    let server = start().await;
    let bucket = open(&server.bucket_uri("photos"));
    for key in ODD_KEYS {
        bucket.put(key, "put".into(), "image/jpeg").await.unwrap();
        let path = server.folder("photos").join(key);
        assert_eq!(fs::read(&path).unwrap(), b"put", "`{key}`");
        fs::write(&path, "by hand").unwrap();
        assert_eq!(bucket.get(key).await.unwrap(), "by hand", "`{key}`");
    }
}

#[tokio::test]
async fn a_body_above_64_mib_is_sent_in_parts() {
    let server = start().await;
    let bucket = open(&server.bucket_uri("photos"));
    let body: Vec<u8> = (0..=64_u32 << 20)
        .map(|at| (at >> 14) as u8 ^ at as u8)
        .collect();
    bucket
        .put("big.tif", body.clone().into(), "image/tiff")
        .await
        .unwrap();
    assert!(fs::read(server.folder("photos").join("big.tif")).unwrap() == body);
}

#[tokio::test]
async fn a_large_object_is_received_into_a_temporary_file() {
    let server = start().await;
    let body = large_body();
    fs::write(server.folder("photos").join("big.tif"), &body).unwrap();
    let bucket = open(&server.bucket_uri("photos"));
    let fetched = fetch(&bucket, "big.tif", 1 << 20).await.unwrap();
    assert!(fetched == Held::File(body.clone()));
    let fetched = fetch(&bucket, "big.tif", 5 << 20).await.unwrap();
    assert!(fetched == Held::Memory(body));
}

#[tokio::test]
async fn wrong_keys_are_denied() {
    let server = start().await;
    let uri = format!(
        "s3blob://photos?endpoint={}&region=us-east-1&credentials=static:AKIATESTKIT:wrong:",
        server.endpoint()
    );
    let error = open(&uri).get("x.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
}
