//! Derivatives that are kept in a bucket.

use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use iiif_config::Config;
use iiif_http::{Buckets, RepositoryOptions, ServiceOptions};
use iiif_storage::{Bucket, Environment, MissingFolder, StorageOpener};
use object_store::ObjectStore;

use crate::server::Server;
use crate::waiting::patient;
use crate::watched_store::WatchedStore;

const FOLDER: &str = ".iiif/";

/// Returns a server that keeps derivatives in a bucket.
async fn keeping(options: ServiceOptions, bucket: impl FnOnce(&Server) -> Bucket) -> Server {
    let server = Server::with("{}", options).await;
    let buckets = Buckets::new(server.bucket.clone()).with_derivatives(bucket(&server));
    server.service.replace(buckets, &Config::default()).unwrap();
    server
}

/// Returns the keys of a bucket, and how many bytes those of derivatives have.
async fn listed(bucket: &Bucket) -> (Vec<String>, u64) {
    let objects: Vec<_> = bucket.list("").try_collect().await.unwrap();
    let is_made = |key: &str| key.starts_with(FOLDER);
    let made = objects.iter().filter(|object| is_made(&object.key));
    let bytes = made.map(|object| object.size_bytes).sum();
    let keys = objects.into_iter().map(|object| object.key);
    (keys.filter(|key| !is_made(key)).collect(), bytes)
}

#[tokio::test]
async fn a_bucket_that_says_nothing_is_done_without() {
    let mut options = patient();
    // What is in memory is there when it is first looked for.
    options.source_timeout = Duration::ZERO;
    let store = Arc::new(WatchedStore::default());
    store.silent.send_replace(Some(String::new()));
    let bucket = Bucket::from_store(Arc::clone(&store) as Arc<dyn ObjectStore>);
    let server = keeping(options, |_| bucket).await;
    let path = "/iiif/3/gray.jpg/full/64,/0/default.png";
    assert_eq!(server.get(path).await.status.as_u16(), 200);
}

#[tokio::test]
async fn the_oldest_are_deleted_and_never_a_source() {
    let mut options = ServiceOptions::default();
    options.store_limit_bytes = 20_000;
    let server = keeping(options, |server| server.bucket.clone()).await;
    let (sources, before) = listed(&server.bucket).await;
    assert_eq!(before, 0);
    for width in 100..110 {
        let path = format!("/iiif/3/gray.jpg/full/{width},/0/default.png");
        assert_eq!(server.get(&path).await.status.as_u16(), 200);
        server.service.settle().await;
    }
    let (_, made) = listed(&server.bucket).await;
    assert!(made > 40_000, "{made}");

    let freed = server.service.sweep().await.unwrap();
    let (after, left) = listed(&server.bucket).await;
    assert_eq!(left, made - freed);
    assert!((1..=20_000).contains(&left), "{left}");
    assert_eq!(after, sources);
}

#[tokio::test]
async fn what_is_deleted_leaves_no_folders() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = format!("file://{}", folder.path().display());
    let bucket = StorageOpener::new(Environment::default())
        .open(&bucket, MissingFolder::Refuse)
        .unwrap();
    let mut options = ServiceOptions::default();
    options.store_limit_bytes = 0;
    let server = keeping(options, |_| bucket).await;
    let path = "/iiif/3/gray.jpg/full/100,/0/default.png";
    assert_eq!(server.get(path).await.status.as_u16(), 200);
    server.service.settle().await;
    let is_kept = || folder.path().join(".iiif").exists();
    assert!(is_kept());
    assert!(server.service.sweep().await.unwrap() > 0);
    assert!(!is_kept());
}

#[tokio::test]
async fn what_is_kept_inside_the_bucket_of_images_is_no_image() {
    let server = Server::start()
        .await
        .with_repository(RepositoryOptions::default());
    let before = server.get("/images").await.json();
    let file = server.get("/iiif/3/gray.jpg/full/64,/0/default.png").await;
    for folder in [".iiif", "derivatives/.iiif"] {
        let key = format!("{folder}/a/b/default.png");
        let put = server
            .bucket
            .put(&key, file.body.clone(), "image/png")
            .await;
        put.unwrap();
        let path = format!("/iiif/3/{}/info.json", key.replace('/', "%2F"));
        assert_eq!(server.get(&path).await.status.as_u16(), 404, "{path}");
    }
    assert_eq!(server.get("/images").await.json(), before);
}
