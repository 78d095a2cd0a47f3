use std::sync::Arc;

use futures::StreamExt as _;
use iiif_storage::{Bucket, Environment, ErrorKind, MissingFolder, StorageOpener};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use crate::conformance::keeps_the_contract;
use crate::open;

#[tokio::test]
async fn a_bucket_in_memory_keeps_the_contract() {
    keeps_the_contract(&open("mem://").unwrap()).await;
    keeps_the_contract(&open("memory://?ttl=300&limit=100").unwrap()).await;
    keeps_the_contract(&Bucket::from_store(Arc::new(InMemory::new()))).await;
}

#[tokio::test]
async fn a_prefix_keeps_the_contract_and_its_objects_to_itself() {
    let whole = open("mem://").unwrap();
    let part = whole.clone().with_prefix("maps/old").unwrap();
    keeps_the_contract(&part).await;
    part.put("a.jpg", "a".into(), "image/jpeg").await.unwrap();
    assert_eq!(whole.get("maps/old/a.jpg").await.unwrap(), "a");
    let other = whole.clone().with_prefix("maps/older/").unwrap();
    other.put("b.jpg", "b".into(), "image/jpeg").await.unwrap();
    let listed: Vec<_> = part.list("").map(|info| info.unwrap().key).collect().await;
    assert_eq!(listed, ["a.jpg"]);
    assert!(whole.with_prefix("../maps").is_err());
}

#[tokio::test]
async fn each_bucket_in_memory_is_another_one_unless_it_is_given() {
    let shared = open("mem://").unwrap();
    shared.put("a", "a".into(), "image/png").await.unwrap();
    let storage = StorageOpener::new(Environment::empty()).with_bucket("mem://shared", shared);
    let open = |uri| storage.open(uri, MissingFolder::Refuse).unwrap();
    assert!(open("mem://shared").exists("a").await.unwrap());
    assert!(!open("mem://").exists("a").await.unwrap());
}

#[tokio::test]
async fn an_object_store_without_media_types_is_written_to_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalFileSystem::new_with_prefix(folder.path()).unwrap();
    let bucket = Bucket::from_store(Arc::new(store));
    bucket.put("a.jpg", "a".into(), "image/jpeg").await.unwrap();
    assert_eq!(std::fs::read(folder.path().join("a.jpg")).unwrap(), b"a");
    let put = bucket.put_new("a.jpg", "a".into(), "image/jpeg").await;
    assert_eq!(put.unwrap_err().kind(), ErrorKind::Conflict);
    bucket
        .put_new("b.jpg", "b".into(), "image/jpeg")
        .await
        .unwrap();
    crate::writing::large_objects_are_written(&bucket.with_prefix("large").unwrap(), async || 0)
        .await;
}

#[tokio::test]
async fn a_body_that_is_sent_in_parts_comes_back_whole() {
    // Four parts of 16 MiB and one of a byte; no two parts are alike.
    let body: Vec<u8> = (0..=64_u32 << 20)
        .map(|at| (at >> 14) as u8 ^ at as u8)
        .collect();
    let body = bytes::Bytes::from(body);
    let bucket = open("mem://").unwrap();
    bucket
        .put("big.tif", body.clone(), "image/tiff")
        .await
        .unwrap();
    assert!(bucket.get("big.tif").await.unwrap() == body);
}

#[tokio::test]
async fn nothing_comes_back_from_null() {
    let bucket = open("null://").unwrap();
    bucket.put("a", "a".into(), "image/png").await.unwrap();
    assert_eq!(
        bucket.get("a").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(!bucket.exists("a").await.unwrap());
    assert_eq!(bucket.list("").count().await, 0);
    bucket.delete("a").await.unwrap();
    assert!(bucket.is_writable() && bucket.local_folder().is_none());
}

#[tokio::test]
async fn a_media_type_that_no_header_takes_is_refused() {
    let bucket = open("mem://").unwrap();
    let error = bucket
        .put("a", "a".into(), "image/png\r\nx: y")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[test]
fn buckets_in_memory_are_the_same_only_if_one_is_a_clone() {
    let (one, other) = (open("mem://").unwrap(), open("mem://").unwrap());
    assert!(crate::replaces(&one, "a", &one.clone(), "a"));
    assert!(!crate::replaces(&one, "a", &one.clone(), "b"));
    assert!(!crate::replaces(&one, "a", &other, "a"));
    let part = one.clone().with_prefix("p").unwrap();
    assert!(crate::replaces(&part, "a", &one, "p/a"));
}
