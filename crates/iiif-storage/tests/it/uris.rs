use iiif_storage::{Environment, ErrorKind, MissingFolder, StorageOpener};

use crate::open;

#[test]
fn errors_name_what_is_accepted_and_show_no_secret() {
    #[rustfmt::skip]
    let cases = [
        ("ftp://host/hunter",               "unknown scheme; expected `file`, `mem`"),
        ("",                                "is empty"),
        ("file://",                         "is empty"),
        ("file:///tmp?creat_dir=1",         "unknown parameter `creat_dir`; expected `base_url`, `create_dir`, `dir_file_mode`, `metadata`, `no_tmp_dir`, `prefix`, `secret_key_path`"),
        ("file:///tmp?create_dir=maybe",    "unknown value for `create_dir`; expected `true` or `false`"),
        ("mem://?prefix=../x",              "`prefix` that leads elsewhere"),
        ("mem://?ttl=1&ttl=2",              "has `ttl` twice"),
        ("mem://?prefix=%ff",               "no UTF-8"),
        ("null://?x=y",                     "unknown parameter `x`; expected `prefix`"),
        #[cfg(feature = "aws")]
        ("s3://",                           "has no bucket"),
        #[cfg(feature = "aws")]
        ("s3://bucket/../x?anonymous=1&region=us-east-1", "folder or a `prefix` that leads elsewhere"),
        #[cfg(feature = "aws")]
        ("s3://b:1/folder?anonymous=1",     "expected `bucket` or `bucket/folder`"),
        #[cfg(feature = "aws")]
        ("s3://b?secret=hunter2",           "unknown parameter `secret`; expected `accelerate`, `acl`"),
        #[cfg(feature = "aws")]
        ("s3://b?acl=public&anonymous=1",   "unknown `acl`; expected `authenticated-read`, `private`"),
        #[cfg(feature = "aws")]
        ("s3://b?anonymous=1&endpoint=http://me:hunter2@host", "`endpoint` that is no URL"),
        #[cfg(feature = "aws")]
        ("s3://b?anonymous=1&endpoint=localhost:9000", "expected `http://host:port`"),
        #[cfg(feature = "http")]
        ("https://me:hunter2@host/",        "has a user, a password or a `#` in it"),
        #[cfg(feature = "azure")]
        ("az://container",                  "AZURE_STORAGE_ACCOUNT"),
    ];
    for (uri, expected) in cases {
        let error = open(uri).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected), "`{uri}`: {text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "`{uri}`");
    }
}

#[test]
fn clouds_are_opened_without_asking_them() {
    let environment = Environment::from_iter([
        ("AZURE_STORAGE_ACCOUNT", "acct"),
        ("AZURE_STORAGE_KEY", "aHVudGVyMg=="),
    ]);
    let storage = StorageOpener::new(environment);
    #[rustfmt::skip]
    let cases = [
        ("s3://b?anonymous=true&region=eu-west-1&use_path_style=true&acl=public-read", cfg!(feature = "aws")),
        ("s3://b?credentials=iam:&rate_limiter_capacity=9", cfg!(feature = "aws")),
        ("gs://b?anonymous=true&prefix=maps",               cfg!(feature = "gcp")),
        ("gs://b?anonymous=true&endpoint=http://localhost:4443", cfg!(feature = "gcp")),
        ("az://b?prefix=maps",                              cfg!(feature = "azure")),
        ("azblob://b?storage_account=other",                cfg!(feature = "azure")),
        ("https://example.com/photos?prefix=maps",          cfg!(feature = "http")),
    ];
    for (uri, is_built) in cases {
        match storage.open(uri, MissingFolder::Refuse) {
            Ok(bucket) => {
                assert!(is_built, "`{uri}`");
                assert!(!format!("{bucket} {bucket:?}").contains("aHVu"), "{bucket}");
                assert_eq!(bucket.local_folder(), None);
            }
            Err(error) => {
                assert!(!is_built, "`{uri}`: {error:?}");
                assert_eq!(error.kind(), ErrorKind::Unsupported);
                assert!(error.to_string().contains("feature"), "{error}");
            }
        }
    }
}

#[test]
fn an_environment_shows_names_and_no_values() {
    let environment = Environment::from_iter([("AWS_SECRET_ACCESS_KEY", "hunter2")]);
    assert_eq!(format!("{environment:?}"), r#"{"AWS_SECRET_ACCESS_KEY"}"#);
    assert_eq!(environment.get("AWS_SECRET_ACCESS_KEY"), Some("hunter2"));
    assert_eq!(Environment::from_iter([("EMPTY", "")]).get("EMPTY"), None);
}

#[test]
fn errors_cross_threads_and_stay_small() {
    fn is_sendable<T: Send + Sync + 'static>() {}
    is_sendable::<iiif_storage::Error>();
    assert!(size_of::<iiif_storage::Error>() <= 96);
}
