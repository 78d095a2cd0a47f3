//! URLs that let others read an object.

use std::time::Duration;

use iiif_storage::{Bucket, Environment, ErrorKind, MissingFolder, StorageOpener};
use iiif_testkit::s3::{ACCESS_KEY_ID, S3Server, SECRET_ACCESS_KEY};
use tempfile::tempdir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const HOUR: Duration = Duration::from_hours(1);

fn open(uri: &str, variables: &[(&str, &str)]) -> Bucket {
    StorageOpener::new(variables.iter().copied().collect::<Environment>())
        .open(uri, MissingFolder::Refuse)
        .unwrap()
}

/// Asks as a browser would, and returns the answer as it comes.
async fn ask(url: &str) -> String {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_signed_url_is_read_without_credentials() {
    let server = S3Server::start().await.unwrap();
    server.create_bucket("photos").unwrap();
    let bucket = open(
        &format!("{}&prefix=my%20maps", server.bucket_uri("photos")),
        &[],
    );
    let key = "a b/100%#1.txt";
    bucket
        .put(key, "0123456789".into(), "text/plain")
        .await
        .unwrap();
    let url = bucket.signed_url(key, HOUR).await.unwrap().unwrap();
    assert!(url.contains("X-Amz-Expires=3600"), "{url}");
    assert!(url.contains(ACCESS_KEY_ID) && !url.contains(SECRET_ACCESS_KEY));
    let answer = ask(&url).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("0123456789"), "{answer}");
    let other = url.replace("100%25%231.txt", "other.txt");
    assert_ne!(other, url);
    for url in [&other, url.split_once('?').unwrap().0] {
        let answer = ask(url).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
}

#[tokio::test]
async fn azure_signs_with_the_key_of_the_account() {
    let key = [("AZURE_STORAGE_ACCOUNT_KEY", "aHVudGVyMg==")];
    let bucket = open("az://maps?account=me", &key);
    let url = bucket.signed_url("a b.tif", HOUR).await.unwrap().unwrap();
    assert!(
        url.starts_with("https://me.blob.core.windows.net/maps/a%20b.tif?"),
        "{url}"
    );
    assert!(url.contains("sig=") && url.contains("sp=r&"), "{url}");
    let shown = format!("{bucket:?} {url}");
    assert!(!shown.contains("aHVudGVyMg") && !shown.contains("hunter"));
}

#[tokio::test]
async fn what_cannot_sign_has_no_signed_urls() {
    let folder = tempdir().unwrap();
    let local = folder.path().display().to_string();
    let sas = [("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=hunter2")];
    let skip = [("AZURE_SKIP_SIGNATURE", "true")];
    for (uri, variables) in [
        (local.as_str(), &[][..]),
        ("mem://", &[]),
        ("null://", &[]),
        ("https://example.org/maps", &[]),
        ("s3://maps?anonymous=true", &[]),
        ("s3://maps?credentials=anon:", &[]),
        ("gs://maps?anonymous=true", &[]),
        ("az://maps?account=me&anonymous=true", &[]),
        ("az://maps?account=me", &skip),
        ("az://maps?account=me", &sas),
    ] {
        let bucket = open(uri, variables);
        let url = bucket.signed_url("x", HOUR).await.unwrap();
        assert_eq!(url, None, "`{uri}`");
        assert!(!bucket.signs_urls(), "`{uri}`");
    }
}

#[tokio::test]
async fn a_url_is_signed_for_a_second_to_seven_days() {
    let bucket = open("s3://maps?credentials=static:AKID:hunter2:hunter3", &[]);
    assert!(bucket.signs_urls());
    let week = HOUR * 24 * 7;
    for expires_in in [
        Duration::ZERO,
        Duration::from_millis(999),
        week + Duration::from_secs(1),
    ] {
        let error = bucket.signed_url("x", expires_in).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(
            error.to_string().contains("a second to seven days"),
            "{error}"
        );
    }
    for expires_in in [Duration::from_secs(1), week] {
        let url = bucket.signed_url("x", expires_in).await.unwrap().unwrap();
        assert!(
            !url.contains("hunter2"),
            "only the token is a part of the URL"
        );
    }
    let error = bucket.signed_url("../x", HOUR).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(!format!("{bucket:?}").contains("hunter"));
}
