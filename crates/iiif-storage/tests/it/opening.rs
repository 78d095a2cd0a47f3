//! Objects that are opened and then replaced, rewritten or deleted.

use std::fs;
use std::io::{ErrorKind as IoErrorKind, Write as _};

use iiif_storage::{Bucket, Error, ErrorKind};
use tempfile::tempdir;
use tokio::runtime::Handle;

use crate::open;

const KEY: &str = "maps/a b.tif";

/// Runs what holds for objects of every backend on an empty bucket.
pub(crate) async fn objects_are_opened(bucket: &Bucket) {
    put(bucket, "0123456789").await;
    let object = bucket.open(KEY).await.unwrap();
    assert_eq!(object.info(), &bucket.head(KEY).await.unwrap());
    assert_eq!(object.read_all().await.unwrap(), "0123456789");
    let version = object.info().version();
    assert!(
        version
            .as_str()
            .bytes()
            .all(|b| b.is_ascii_graphic() && b != b'"')
    );
    #[rustfmt::skip]
    let cases = [
        (0..4,      "0123"),
        (8..100,    "89"), // clipped
        (3..5,      "34"),
        (40..40,    ""),
        (2..4,      "23"),
    ];
    for (range, expected) in &cases {
        let part = object.read_range(range.clone()).await.unwrap();
        assert_eq!(part, expected, "{range:?}");
    }
    let ranges = cases.clone().map(|(range, _)| range);
    let parts = object.read_ranges(&ranges).await.unwrap();
    assert_eq!(parts, cases.map(|(_, expected)| expected));
    assert!(object.read_ranges(&[]).await.unwrap().is_empty());
    for ranges in [[0..4, 10..11], [12..20, 0..4]] {
        let error = object.read_ranges(&ranges).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{ranges:?}");
    }
    reads_block_where_they_may(bucket).await;

    bucket.put("empty", "".into(), "image/png").await.unwrap();
    let empty = bucket.open("empty").await.unwrap();
    assert_eq!(empty.read_all().await.unwrap(), "");
    bucket.delete("empty").await.unwrap();
    bucket.delete(KEY).await.unwrap();

    let kind = |error: Error| error.kind();
    let absent = bucket.open("no/such").await.map(|_| ()).map_err(kind);
    assert_eq!(absent, Err(ErrorKind::NotFound));
    let outside = bucket.open("../x").await.map(|_| ()).map_err(kind);
    assert_eq!(outside, Err(ErrorKind::InvalidRequest));
}

async fn reads_block_where_they_may(bucket: &Bucket) {
    let object = bucket.open(KEY).await.unwrap();
    let reader = object.blocking_reader(Handle::current());
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let reader = reader.clone();
            tokio::task::spawn_blocking(move || {
                assert_eq!(reader.len_bytes(), 10);
                assert_eq!(reader.object().info().key, KEY);
                assert_eq!(reader.read_at(thread, 4).unwrap(), {
                    &"0123456789"[thread as usize..][..4]
                });
                assert_eq!(reader.read_at(10, 0).unwrap(), "");
                let read = reader.read_parts(&[7..9, 0..3, 10..10, 2..8]).unwrap();
                assert_eq!(read, ["78", "012", "", "234567"]);
                let error = reader.read_parts(&[0..3, 7..11]).unwrap_err();
                assert_eq!(error.kind(), IoErrorKind::UnexpectedEof);
                for (offset, length) in [(7, 4), (11, 0), (u64::MAX, 1), (0, usize::MAX)] {
                    let error = reader.read_at(offset, length).unwrap_err();
                    assert_eq!(error.kind(), IoErrorKind::UnexpectedEof);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.await.unwrap();
    }
}

/// Runs what holds for objects of remote backends on an empty bucket.
pub(crate) async fn replaced_objects_are_told(bucket: &Bucket) {
    put(bucket, "0123456789").await;
    let object = bucket.open(KEY).await.unwrap();
    // As many bytes, more of them, and the same again.
    for body in ["9876543210", "more than ten bytes"] {
        put(bucket, body).await;
        let error = object.read_range(2..4).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
        assert_eq!(
            error.to_string(),
            format!("`{KEY}` in {bucket} changed while it was read")
        );
        let error = object.read_ranges(&[0..1, 5..6]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        let error = object.read_all().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
    }
    let reader = object.clone().blocking_reader(Handle::current());
    let read = tokio::task::spawn_blocking(move || {
        let parts = reader.read_parts(&[0..1, 5..6]);
        [reader.read_at(0, 1).unwrap_err(), parts.unwrap_err()]
    });
    for error in read.await.unwrap() {
        assert_eq!(inner_kind(error), ErrorKind::Conflict);
    }

    let now = bucket.open(KEY).await.unwrap();
    assert_ne!(now.info().version(), object.info().version());
    assert_eq!(now.read_range(0..4).await.unwrap(), "more");
    bucket.delete(KEY).await.unwrap();
    let error = now.read_range(2..4).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn replaced_object_in_memory_is_told() {
    replaced_objects_are_told(&open("mem://").unwrap()).await;
    replaced_objects_are_told(&open("mem://?prefix=p").unwrap()).await;
}

#[tokio::test]
async fn version_of_a_file_is_another_one_after_each_replacement() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    let path = folder.path().join(KEY);
    put(&bucket, "0123456789").await;
    let date = fs::metadata(&path).unwrap().modified().unwrap();
    let first = bucket.head(KEY).await.unwrap();
    put(&bucket, "9876543210").await;
    // The same size, and the same time to the nanosecond.
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(date).unwrap();
    let second = bucket.head(KEY).await.unwrap();
    assert_eq!(second.last_modified, first.last_modified);
    assert_eq!(second.version() == first.version(), cfg!(not(unix)));
    assert_eq!(bucket.head(KEY).await.unwrap().version(), second.version());
}

#[cfg(unix)]
#[tokio::test]
async fn file_that_is_replaced_or_deleted_is_read_on_as_it_was() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    put(&bucket, "0123456789").await;
    let object = bucket.open(KEY).await.unwrap();
    put(&bucket, "new").await;
    assert_eq!(object.read_range(2..4).await.unwrap(), "23");
    bucket.delete(KEY).await.unwrap();
    assert_eq!(object.read_all().await.unwrap(), "0123456789");
}

#[tokio::test]
async fn file_that_is_written_to_is_told() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    let path = folder.path().join(KEY);
    let options = || fs::File::options().write(true).clone();
    let append = |body: &str| {
        let mut file = options().append(true).open(&path).unwrap();
        file.write_all(body.as_bytes()).unwrap();
    };
    let cut = |length| options().open(&path).unwrap().set_len(length).unwrap();
    let touch = || {
        let file = options().open(&path).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH)
            .unwrap();
    };
    for (name, change) in [
        ("append", &(|| append("more")) as &dyn Fn()),
        ("cut", &|| cut(4)),
        ("touch", &touch),
    ] {
        put(&bucket, "0123456789").await;
        let object = bucket.open(KEY).await.unwrap();
        assert_eq!(object.read_range(2..4).await.unwrap(), "23");
        change();
        for range in [2..4, 8..10] {
            let error = object.read_range(range).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict, "{name}: {error:?}");
        }
        let reader = object.blocking_reader(Handle::current());
        let error = reader.read_at(2, 2).unwrap_err();
        assert_eq!(inner_kind(error), ErrorKind::Conflict, "{name}");
    }
}

#[tokio::test]
async fn nothing_is_opened_in_null() {
    let error = open("null://").unwrap().open("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

async fn put(bucket: &Bucket, body: &'static str) {
    bucket.put(KEY, body.into(), "image/tiff").await.unwrap();
}

fn inner_kind(error: std::io::Error) -> ErrorKind {
    let inner = error.into_inner().unwrap();
    inner.downcast::<Error>().unwrap().kind()
}
