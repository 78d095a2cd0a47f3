use std::fs;
use std::os::unix::fs::symlink;

use futures::StreamExt as _;
use iiif_storage::{Bucket, ErrorKind, Overwrite};
use tempfile::{TempDir, tempdir};

use crate::open;

/// A folder `in` that is a bucket, and a folder `out` with a secret beside it.
fn neighbors() -> (TempDir, Bucket) {
    let folder = tempdir().unwrap();
    fs::create_dir_all(folder.path().join("in/real")).unwrap();
    fs::create_dir(folder.path().join("out")).unwrap();
    fs::write(folder.path().join("out/secret"), "secret").unwrap();
    let bucket = open(&folder.path().join("in").display().to_string()).unwrap();
    (folder, bucket)
}

#[tokio::test]
async fn links_that_lead_out_are_refused_to_reads_and_writes() {
    let (folder, bucket) = neighbors();
    let path = |name: &str| folder.path().join(name);
    symlink(path("out/secret"), path("in/file")).unwrap();
    symlink(path("out"), path("in/folder")).unwrap();
    symlink("../../out", path("in/real/up")).unwrap();
    symlink(path("out/new"), path("in/dangling")).unwrap();
    // A sibling whose path starts with the same letters.
    fs::create_dir(path("in-too")).unwrap();
    symlink(path("in-too"), path("in/sibling")).unwrap();
    for key in ["file", "folder/secret", "real/up/secret"] {
        let kind = |error: iiif_storage::Error| error.kind();
        let denied = Err(ErrorKind::Denied);
        assert_eq!(bucket.get(key).await.map_err(kind), denied, "`{key}`");
        assert_eq!(
            bucket.get_range(key, 0..1).await.map_err(kind),
            denied,
            "`{key}`"
        );
        for max_bytes in [0, 100] {
            let fetched = bucket
                .fetch(key, max_bytes)
                .await
                .map(|_| bytes::Bytes::new());
            assert_eq!(fetched.map_err(kind), denied, "`{key}`");
        }
        let changed = bucket.get_if_changed(key, None, u64::MAX).await;
        assert_eq!(changed.unwrap_err().kind(), ErrorKind::Denied, "`{key}`");
        let opened = bucket.open(key).await.map(|_| bytes::Bytes::new());
        assert_eq!(opened.map_err(kind), denied, "`{key}`");
        let head = bucket.head(key).await.map(|_| bytes::Bytes::new());
        assert_eq!(head.map_err(kind), denied, "`{key}`");
    }
    for key in [
        "folder/new",
        "folder/deeper/new",
        "real/up/new",
        "sibling/new",
    ] {
        let put = bucket.put(key, "x".into(), "image/png").await;
        assert_eq!(put.unwrap_err().kind(), ErrorKind::Denied, "`{key}`");
        let put = bucket.put_new(key, "x".into(), "image/png").await;
        assert_eq!(put.unwrap_err().kind(), ErrorKind::Denied, "`{key}`");
        let writer = bucket.writer(key, "image/png", Overwrite::Allowed).await;
        assert_eq!(writer.unwrap_err().kind(), ErrorKind::Denied, "`{key}`");
    }
    for key in ["file", "dangling"] {
        let put = bucket.put_new(key, "x".into(), "image/png").await;
        assert_eq!(put.unwrap_err().kind(), ErrorKind::Conflict, "`{key}`");
    }
    assert!(
        bucket
            .put("dangling/new", "x".into(), "image/png")
            .await
            .is_err()
    );
    let delete = bucket.delete("folder/secret").await;
    assert_eq!(delete.unwrap_err().kind(), ErrorKind::Denied);
    assert!(!path("out/new").exists() && !path("in-too/new").exists());
    assert_eq!(fs::read_dir(path("out")).unwrap().count(), 1);
    assert_eq!(bucket.list("").count().await, 0);
}

#[tokio::test]
async fn a_put_replaces_a_link_and_not_what_it_leads_to() {
    let (folder, bucket) = neighbors();
    symlink(
        folder.path().join("out/secret"),
        folder.path().join("in/file"),
    )
    .unwrap();
    bucket.put("file", "new".into(), "image/png").await.unwrap();
    assert_eq!(bucket.get("file").await.unwrap(), "new");
    assert_eq!(
        fs::read(folder.path().join("out/secret")).unwrap(),
        b"secret"
    );
}

#[tokio::test]
async fn links_that_stay_inside_are_followed() {
    let (folder, bucket) = neighbors();
    symlink("real", folder.path().join("in/alias")).unwrap();
    bucket
        .put("alias/deep/x", "x".into(), "image/png")
        .await
        .unwrap();
    assert_eq!(
        fs::read(folder.path().join("in/real/deep/x")).unwrap(),
        b"x"
    );
    assert_eq!(bucket.get("alias/deep/x").await.unwrap(), "x");
    // One object is what it leads to; many are not.
    assert_eq!(bucket.list("alias").count().await, 0);
    assert_eq!(bucket.list("alias/deep").count().await, 0);
    let behind = bucket.with_prefix("alias").unwrap();
    assert_eq!(behind.list("").count().await, 1);
    assert_eq!(behind.list("deep").count().await, 1);
}

#[tokio::test]
async fn links_that_lead_around_in_a_circle_are_nothing_to_reads() {
    let (folder, bucket) = neighbors();
    symlink("b.jpg", folder.path().join("in/a.jpg")).unwrap();
    symlink("a.jpg", folder.path().join("in/b.jpg")).unwrap();
    for key in ["a.jpg", "a.jpg/b.jpg"] {
        let kinds = [
            bucket.get(key).await.map(drop),
            bucket.head(key).await.map(drop),
            bucket.open(key).await.map(drop),
        ];
        let kinds = kinds.map(|read| read.unwrap_err().kind());
        assert_eq!(kinds, [ErrorKind::NotFound; 3], "`{key}`");
    }
    bucket.delete("a.jpg/b.jpg").await.unwrap();
    bucket.put("a.jpg", "a".into(), "image/png").await.unwrap();
    assert_eq!(bucket.get("b.jpg").await.unwrap(), "a");
}

#[test]
fn the_same_object_is_known_through_links() {
    let (folder, bucket) = neighbors();
    symlink("real", folder.path().join("in/alias")).unwrap();
    fs::write(folder.path().join("in/real/a.jpg"), "a").unwrap();
    symlink("real/a.jpg", folder.path().join("in/link.jpg")).unwrap();
    symlink("in", folder.path().join("in2")).unwrap();
    let second = open(&folder.path().join("in2").display().to_string()).unwrap();
    let inner = open(&folder.path().join("in/real").display().to_string()).unwrap();
    #[rustfmt::skip]
    let cases = [
        (&bucket, "real/a.jpg",     &bucket,    "real/a.jpg",   true),
        (&bucket, "real/a.jpg",     &second,    "real/a.jpg",   true),
        (&inner,  "a.jpg",          &bucket,    "alias/a.jpg",  true),
        (&bucket, "real/a.jpg",     &bucket,    "link.jpg",     true),  // the link is read through
        (&bucket, "link.jpg",       &bucket,    "real/a.jpg",   false), // the link is replaced
        (&bucket, "real/b.jpg",     &bucket,    "real/a.jpg",   false),
        (&bucket, "new/b.jpg",      &second,    "new/b.jpg",    true),  // neither exists
        (&inner,  "a.jpg",          &bucket,    "a.jpg",        false),
    ];
    for (one, key, other, other_key, expected) in cases {
        let actual = crate::replaces(one, key, other, other_key);
        assert_eq!(actual, expected, "{one} `{key}` and {other} `{other_key}`");
    }
}
