use std::fs;
use std::path::Path;

use iiif_storage::{Environment, ErrorKind, MissingFolder, StorageOpener};
use tempfile::tempdir;

use crate::conformance::{ODD_KEYS, keeps_the_contract};
use crate::open;

/// Returns the names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn a_local_folder_keeps_the_contract() {
    let folder = tempdir().unwrap();
    let path = folder.path().display();
    keeps_the_contract(&open(&format!("file://{path}")).unwrap()).await;
    keeps_the_contract(&open(&path.to_string()).unwrap()).await;
    keeps_the_contract(&open(&format!("file://{path}?prefix=maps/old")).unwrap()).await;
}

#[tokio::test]
async fn keys_are_the_names_of_the_files() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    for key in ODD_KEYS {
        bucket.put(key, "put".into(), "image/jpeg").await.unwrap();
        let path = folder.path().join(key);
        assert_eq!(fs::read(&path).unwrap(), b"put", "`{key}`");
        fs::write(&path, "by hand").unwrap();
        assert_eq!(bucket.get(key).await.unwrap(), "by hand", "`{key}`");
    }
}

#[tokio::test]
async fn nothing_has_a_name_that_is_too_long_for_a_file() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    for key in ["a".repeat(300), "a/".repeat(5000) + "b"] {
        let found = bucket.head(&key).await.map_err(|error| error.kind());
        assert_eq!(found, Err(ErrorKind::NotFound));
    }
}

#[tokio::test]
async fn paths_are_decoded_in_uris_and_literal_without() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("my maps")).unwrap();
    fs::create_dir(folder.path().join("50%20")).unwrap();
    let storage = StorageOpener::new(Environment::empty()).with_base_folder(folder.path());
    let root = folder.path().canonicalize().unwrap();
    #[rustfmt::skip]
    let cases = [
        ("file://./my%20maps",  "my maps"),
        ("file://my maps",      "my maps"),
        ("./my maps",           "my maps"),
        ("my maps/",            "my maps"),
        ("50%20",               "50%20"),
        ("file://50%2520",      "50%20"),
        (".",                   ""),
        ("cwd://",              ""),
    ];
    for (uri, expected) in cases {
        let bucket = storage.open(uri, MissingFolder::Refuse).unwrap();
        let expected = root.join(expected);
        assert_eq!(bucket.local_folder().unwrap(), expected, "`{uri}`");
    }
}

#[test]
fn a_missing_folder_is_created_where_that_was_asked_for() {
    let folder = tempdir().unwrap();
    let storage = StorageOpener::new(Environment::empty()).with_base_folder(folder.path());
    let error = storage.open("a/b", MissingFolder::Refuse).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    assert!(error.to_string().contains("a/b"), "{error}");
    assert!(!folder.path().join("a").exists());
    storage.open("a/b", MissingFolder::Create).unwrap();
    assert!(folder.path().join("a/b").is_dir());
    storage
        .open(
            "file://c/d?create_dir=true&no_tmp_dir=true&metadata=skip",
            MissingFolder::Refuse,
        )
        .unwrap();
    assert!(folder.path().join("c/d").is_dir());
    fs::write(folder.path().join("file"), "").unwrap();
    for missing in [MissingFolder::Create, MissingFolder::Refuse] {
        let error = storage.open("file", missing).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}

#[tokio::test]
async fn a_failed_put_leaves_the_old_object_and_nothing_else() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    fs::write(folder.path().join("file"), "old").unwrap();
    fs::create_dir_all(folder.path().join("folder/inside")).unwrap();
    // A file where a folder is needed, and a folder where the file would go, after it was written.
    for key in ["file/new.jpg", "folder"] {
        let error = bucket
            .put(key, "new".into(), "image/jpeg")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Internal, "`{key}`: {error:?}");
    }
    assert_eq!(names(folder.path()), ["file", "folder"]);
    assert_eq!(names(&folder.path().join("folder")), ["inside"]);
    assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"old");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_the_old_object_or_the_new_one() {
    const SIZE: usize = 1 << 20;
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    let body = |letter: u8| bytes::Bytes::from(vec![letter; SIZE]);
    bucket.put("x", body(b'a'), "image/png").await.unwrap();
    let writer = tokio::spawn({
        let bucket = bucket.clone();
        async move {
            for round in 0..50 {
                let letter = if round % 2 == 0 { b'b' } else { b'a' };
                bucket.put("x", body(letter), "image/png").await.unwrap();
            }
        }
    });
    while !writer.is_finished() {
        let read = bucket.get("x").await.unwrap();
        assert_eq!(read.len(), SIZE);
        assert!(
            read.iter().all(|byte| *byte == read[0]),
            "a mixture of two bodies"
        );
    }
    writer.await.unwrap();
    assert_eq!(names(folder.path()), ["x"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_claims_more_than_the_memory_is_an_error() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    let file = fs::File::create(folder.path().join("holes")).unwrap();
    // Not every file system takes this; those that do not have no such files.
    if file.set_len(1 << 43).is_ok() {
        let error = bucket.get_at_most("holes", 1 << 30).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let part = bucket.get_range("holes", 1 << 42..(1 << 42) + 3).await;
        assert_eq!(part.unwrap(), "\0\0\0");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn files_have_the_permissions_of_new_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    bucket.put("put", "x".into(), "image/png").await.unwrap();
    fs::write(folder.path().join("usual"), "x").unwrap();
    let mode = |name| {
        fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("put"), mode("usual"));
}

#[tokio::test]
async fn folders_are_removed_where_nothing_is_in_them() {
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    for empty in ["a/b/c/d", "a/b/e", "x/y", "other"] {
        fs::create_dir_all(folder.path().join(empty)).unwrap();
    }
    fs::write(folder.path().join("a/b/kept"), "kept").unwrap();
    for key in ["a", "x", "absent/folder", "a/b/kept"] {
        bucket.remove_empty_folders(key).await.unwrap();
    }
    assert_eq!(names(folder.path()), ["a", "other"]);
    assert_eq!(names(&folder.path().join("a/b")), ["kept"]);
    let error = bucket.remove_empty_folders("..").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[cfg(unix)]
#[tokio::test]
async fn folders_behind_links_are_not_removed() {
    let (folder, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let bucket = open(&folder.path().display().to_string()).unwrap();
    fs::create_dir(elsewhere.path().join("empty")).unwrap();
    fs::create_dir(folder.path().join("a")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("a/link")).unwrap();
    bucket.remove_empty_folders("a").await.unwrap();
    assert_eq!(names(elsewhere.path()), ["empty"]);
    assert_eq!(names(&folder.path().join("a")), ["link"]);
    for key in ["a/link", "a/link/empty"] {
        bucket.remove_empty_folders(key).await.unwrap();
        assert_eq!(names(elsewhere.path()), ["empty"]);
    }
}

#[tokio::test]
async fn folders_are_no_objects_and_leftovers_are_not_listed() {
    use futures::StreamExt as _;
    let folder = tempdir().unwrap();
    let bucket = open(&folder.path().display().to_string()).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("sub/.iiif-a1b2c3.tmp"), "half").unwrap();
    fs::write(folder.path().join("sub/x"), "x").unwrap();
    assert_eq!(
        bucket.get("sub").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(!bucket.exists("sub").await.unwrap());
    assert!(!bucket.exists("sub/x/y").await.unwrap());
    bucket.delete("sub").await.unwrap();
    let listed: Vec<_> = bucket
        .list("")
        .map(|info| info.unwrap().key)
        .collect()
        .await;
    assert_eq!(listed, ["sub/x"]);
}
