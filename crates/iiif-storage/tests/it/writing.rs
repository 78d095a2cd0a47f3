//! Objects that must not replace others, and objects that are written part by part.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::join_all;
use iiif_storage::Overwrite::{Allowed, Forbidden};
use iiif_storage::{Bucket, Error, ErrorKind, Overwrite, Result};
use tempfile::tempdir;

use crate::fetching::large_body;
use crate::open;

const KEY: &str = "new/a b.tif";

/// Runs what holds for objects of every backend on an empty bucket.
pub(crate) async fn objects_are_written(bucket: &Bucket) {
    new_objects_replace_none(bucket).await;
    objects_are_written_part_by_part(bucket).await;
    unfinished_objects_leave_nothing(bucket).await;
    what_cannot_be_written_is_refused(bucket).await;
}

async fn new_objects_replace_none(bucket: &Bucket) {
    let put_new = |body: &'static str| bucket.put_new(KEY, body.into(), "image/tiff");
    put_new("first").await.unwrap();
    let error = put_new("second").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    let expected = format!("there is an object `{KEY}` in {bucket} already; expected none");
    assert_eq!(error.to_string(), expected);
    assert_eq!(bucket.get(KEY).await.unwrap(), "first");
    bucket.delete(KEY).await.unwrap();
    put_new("third").await.unwrap();
    assert_eq!(bucket.get(KEY).await.unwrap(), "third");
    bucket.delete(KEY).await.unwrap();
}

async fn objects_are_written_part_by_part(bucket: &Bucket) {
    write(bucket, &["012", "", "3456", "789"], Forbidden)
        .await
        .unwrap();
    assert_eq!(bucket.get(KEY).await.unwrap(), "0123456789");
    let error = write(bucket, &["new"], Forbidden).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert_eq!(bucket.get(KEY).await.unwrap(), "0123456789");
    write(bucket, &["new"], Allowed).await.unwrap();
    assert_eq!(bucket.get(KEY).await.unwrap(), "new");
    write(bucket, &[], Allowed).await.unwrap();
    assert_eq!(bucket.get(KEY).await.unwrap(), "");
    bucket.delete(KEY).await.unwrap();
}

async fn unfinished_objects_leave_nothing(bucket: &Bucket) {
    let mut writer = bucket.writer(KEY, "image/tiff", Forbidden).await.unwrap();
    writer.write("0123".into()).await.unwrap();
    assert!(!bucket.exists(KEY).await.unwrap());
    assert_eq!(bucket.list("").count().await, 0);
    drop(writer);
    assert!(!bucket.exists(KEY).await.unwrap());
    assert_eq!(bucket.list("").count().await, 0);
}

async fn what_cannot_be_written_is_refused(bucket: &Bucket) {
    let expected = Err(ErrorKind::InvalidRequest);
    let kind = |error: Error| error.kind();
    for (key, media_type) in [("../x", "image/png"), ("", "image/png"), ("x", "a\r\nb")] {
        let put = bucket.put_new(key, "x".into(), media_type).await;
        assert_eq!(put.map_err(kind), expected, "`{key}`");
        let writer = bucket.writer(key, media_type, Allowed).await;
        assert_eq!(writer.map(drop).map_err(kind), expected, "`{key}`");
    }
}

/// Writes more than two parts, and so in parts, to an empty bucket. `left` tells what there is beside
/// objects.
pub(crate) async fn large_objects_are_written<F: Future<Output = usize>>(
    bucket: &Bucket,
    left: impl Fn() -> F,
) {
    let body = Bytes::from([large_body(), large_body(), large_body(), large_body()].concat());
    // In pieces that do not end where parts do.
    let pieces: Vec<_> = (0..body.len())
        .step_by(3_000_000)
        .map(|start| body.slice(start..body.len().min(start + 3_000_000)))
        .collect();
    let begin = async |overwrite| {
        let mut writer = bucket.writer(KEY, "image/tiff", overwrite).await.unwrap();
        for piece in &pieces {
            writer.write(piece.clone()).await.unwrap();
        }
        writer
    };
    let writer = begin(Forbidden).await;
    assert!(!bucket.exists(KEY).await.unwrap());
    writer.finish().await.unwrap();
    assert!(bucket.get(KEY).await.unwrap() == body);
    let writer = begin(Allowed).await;
    writer.finish().await.unwrap();
    assert_eq!(left().await, 0);

    let mut writer = bucket.writer(KEY, "image/tiff", Forbidden).await;
    let mut refused = writer.as_mut().err().map(|error| error.kind());
    if let Ok(writer) = &mut writer {
        let written = writer.write(body.clone()).await;
        refused = written.err().map(|error| error.kind());
        // It is not as if nothing had happened.
        let again = writer.write("x".into()).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Internal);
    }
    assert_eq!(refused, Some(ErrorKind::Conflict));
    bucket.delete(KEY).await.unwrap();

    let writer = begin(Forbidden).await;
    bucket.put(KEY, "other".into(), "image/tiff").await.unwrap();
    let error = writer.finish().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert_eq!(bucket.get(KEY).await.unwrap(), "other");
    bucket.delete(KEY).await.unwrap();

    drop(begin(Allowed).await);
    for _ in 0..100 {
        if left().await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(left().await, 0);
    assert_eq!(bucket.list("").count().await, 0);
}

#[tokio::test]
async fn large_object_is_written_part_by_part() {
    let folder = tempdir().unwrap();
    let local = open(&folder.path().display().to_string()).unwrap();
    // Temporary files are beside the object.
    let left = async || files(&folder.path().join("new")).saturating_sub(1);
    large_objects_are_written(&local, left).await;
    large_objects_are_written(&open("mem://").unwrap(), async || 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_several_new_objects_at_once_one_wins() {
    let folder = tempdir().unwrap();
    let local = open(&folder.path().display().to_string()).unwrap();
    for bucket in [local, open("mem://").unwrap()] {
        for round in 0..20 {
            let key = format!("{round}/x");
            let puts = (0..8).map(|number| {
                let (bucket, key, body) = (bucket.clone(), key.clone(), number.to_string());
                tokio::spawn(async move {
                    if number % 2 == 0 {
                        return bucket.put_new(&key, body.into(), "text/plain").await;
                    }
                    let mut writer = bucket.writer(&key, "text/plain", Forbidden).await?;
                    writer.write(body.into()).await?;
                    writer.finish().await
                })
            });
            let puts: Vec<Result<()>> = join_all(puts)
                .await
                .into_iter()
                .map(|put| put.unwrap())
                .collect();
            let winners: Vec<_> = (0..8).filter(|number| puts[*number].is_ok()).collect();
            assert_eq!(winners.len(), 1, "{bucket}: {puts:?}");
            assert_eq!(bucket.get(&key).await.unwrap(), winners[0].to_string());
            for put in puts {
                let kind = put.err().map_or(ErrorKind::Conflict, |error| error.kind());
                assert_eq!(kind, ErrorKind::Conflict);
            }
        }
    }
    assert_eq!(
        files(&folder.path().join("0")),
        1,
        "no temporary file is left"
    );
}

#[test]
fn writer_that_was_given_up_in_the_middle_of_a_part_is_of_no_use() {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.max_blocking_threads(1).enable_time().build();
    runtime.unwrap().block_on(async {
        let folder = tempdir().unwrap();
        let bucket = open(&folder.path().display().to_string()).unwrap();
        let mut writer = bucket.writer("x", "text/plain", Allowed).await.unwrap();
        // The only thread that could write is busy.
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let busy = tokio::task::spawn_blocking(move || ended.recv().is_err());
        let write = Box::pin(writer.write(large_body().into()));
        assert!(futures::poll!(write).is_pending());
        drop(end);
        assert!(busy.await.unwrap());
        let error = writer.finish().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal);
        // Behind the write that nobody waits for.
        let left = tokio::task::spawn_blocking(move || files(folder.path()));
        assert_eq!(left.await.unwrap(), 0);
    });
}

#[tokio::test]
async fn writes_to_null_vanish() {
    let bucket = open("null://").unwrap();
    for _ in 0..2 {
        bucket.put_new("x", "x".into(), "text/plain").await.unwrap();
        write(&bucket, &["x"], Forbidden).await.unwrap();
    }
    assert!(!bucket.exists("x").await.unwrap());
}

async fn write(bucket: &Bucket, parts: &[&'static str], overwrite: Overwrite) -> Result<()> {
    let mut writer = bucket.writer(KEY, "image/tiff", overwrite).await?;
    for part in parts {
        writer.write((*part).into()).await?;
    }
    writer.finish().await
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}
