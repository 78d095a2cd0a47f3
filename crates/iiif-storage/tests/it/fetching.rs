//! Objects that are fetched into memory or into a file.

use std::fs;
use std::io::{Read as _, Write as _};

use iiif_storage::{Bucket, ErrorKind, Fetched};
use tempfile::tempdir;

use crate::open;

/// Where an object is and what it has, read from where the file stands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Memory(Vec<u8>),
    File(Vec<u8>),
}

pub(crate) async fn fetch(bucket: &Bucket, key: &str, max_bytes: u64) -> Result<Held, ErrorKind> {
    match bucket.fetch(key, max_bytes).await {
        Ok(Fetched::Memory(bytes)) => Ok(Held::Memory(bytes.to_vec())),
        Ok(Fetched::File(mut file)) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            Ok(Held::File(bytes))
        }
        Err(error) => Err(error.kind()),
    }
}

/// Several blocks, of which no two are alike.
pub(crate) fn large_body() -> Vec<u8> {
    (0..5_u32 << 20)
        .map(|at| (at >> 14) as u8 ^ at as u8)
        .collect()
}

#[tokio::test]
async fn large_object_in_memory_becomes_a_temporary_file() {
    let (bucket, body) = (open("mem://").unwrap(), large_body());
    let put = bucket.put("big.tif", body.clone().into(), "image/tiff");
    put.await.unwrap();
    let fetched = fetch(&bucket, "big.tif", 1 << 20).await.unwrap();
    assert!(fetched == Held::File(body));
}

#[tokio::test]
async fn file_of_a_local_folder_is_handed_out_itself() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    let put = bucket.put("a.tif", "0123456789".into(), "image/tiff");
    put.await.unwrap();
    let Fetched::File(mut file) = bucket.fetch("a.tif", 9).await.unwrap() else {
        panic!("ten bytes where nine are allowed");
    };
    let write = |text: &[u8]| {
        let mut options = fs::OpenOptions::new();
        let object = options.write(true).open(folder.path().join("a.tif"));
        object.unwrap().write_all(text).unwrap();
    };
    write(b"changed...");
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "changed...", "no copy was made");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn object_that_grows_after_it_was_looked_up_goes_to_a_file() {
    let folder = tempdir().unwrap();
    let local = open(&folder.path().display().to_string()).unwrap();
    for bucket in [local, open("mem://").unwrap()] {
        let put = |body: &'static str| bucket.put("a.tif", body.into(), "image/tiff");
        put("0123").await.unwrap();
        let size = bucket.head("a.tif").await.unwrap().size_bytes;
        put("0123456789").await.unwrap();
        let fetched = fetch(&bucket, "a.tif", size).await;
        assert_eq!(fetched, Ok(Held::File(b"0123456789".to_vec())));
        put("01").await.unwrap();
        let fetched = fetch(&bucket, "a.tif", size).await;
        assert_eq!(fetched, Ok(Held::Memory(b"01".to_vec())));
    }
}

#[tokio::test]
async fn nothing_is_fetched_from_null() {
    let fetched = fetch(&open("null://").unwrap(), "a", 0).await;
    assert_eq!(fetched, Err(ErrorKind::NotFound));
}
