use std::time::Duration;

use futures::TryStreamExt as _;
use iiif_storage::{Bucket, Environment, ErrorKind, MissingFolder, StorageOpener};
use tokio::time::timeout;

use crate::server::{Answer, Server, quick_retries};

const META: &str = "Last-Modified: Wed, 30 Jan 2019 15:30:01 GMT\r\n";

fn open(uri: &str) -> Bucket {
    StorageOpener::new(Environment::empty())
        .with_retry(quick_retries())
        .open(uri, MissingFolder::Refuse)
        .unwrap()
}

#[tokio::test]
async fn a_web_server_is_read_below_its_folder_and_prefix() {
    let server = Server::start([Answer::Reply(200, META, "0123456789")]).await;
    let bucket = open(&format!("{}/photos/?prefix=my%20maps", server.url));
    assert_eq!(bucket.get("a b/100%#1?.jpg").await.unwrap(), "0123456789");
    assert_eq!(
        server.lines(),
        ["GET /photos/my%20maps/a%20b/100%25%231%3F.jpg"]
    );
    assert!(!bucket.is_writable());
    let kinds = [
        bucket.put("a", "a".into(), "image/png").await,
        bucket.delete("a").await,
    ]
    .map(|result| result.unwrap_err().kind());
    assert_eq!(kinds, [ErrorKind::Unsupported; 2]);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn failures_of_a_web_server_are_repeated_and_absence_is_not() {
    let server = Server::start([
        Answer::Reply(503, "", ""),
        Answer::Reply(429, "", ""),
        Answer::Cut,
        Answer::Reply(200, META, "0123456789"),
    ])
    .await;
    assert_eq!(open(&server.url).get("x").await.unwrap(), "0123456789");
    assert_eq!(server.lines(), ["GET /x"; 4]);

    let server = Server::start([Answer::Reply(404, "", "")]).await;
    let bucket = open(&server.url);
    assert_eq!(
        bucket.get("x").await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(!bucket.exists("x").await.unwrap());
    assert_eq!(server.lines(), ["GET /x", "HEAD /x"]);
}

#[tokio::test]
async fn what_a_web_server_never_does_is_told_at_once() {
    for status in [405, 501] {
        let server = Server::start([Answer::Reply(status, "", "")]).await;
        let bucket = open(&server.url);
        let errors = [
            bucket.get("x").await.map(drop).unwrap_err(),
            bucket.open("x").await.map(drop).unwrap_err(),
        ];
        for (error, method) in errors.iter().zip(["GET", "HEAD"]) {
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
            let said = format!("it answered `{method}` with {status}");
            assert!(error.to_string().contains(&said), "{error}");
        }
        assert_eq!(server.lines(), ["GET /x", "HEAD /x"]);
    }
}

#[tokio::test]
async fn a_web_server_is_not_asked_for_a_list() {
    let server = Server::start([Answer::Reply(200, META, "")]).await;
    let bucket = open(&server.url);
    assert!(!bucket.has_list());
    let listed: Result<Vec<_>, _> = bucket.list("").try_collect().await;
    let error = listed.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let said = error.to_string();
    assert!(said.contains("expected the names of files"), "{said}");
    assert_eq!(server.requests().len(), 0);
}

/// Tomcat and others take `..;x` for `..`.
#[tokio::test]
async fn parameters_hide_no_way_up() {
    let server = Server::start([Answer::Reply(200, META, "0123456789")]).await;
    let bucket = open(&server.url);
    for key in ["..;x/y", "a/.;/y", "a/..%3Bx/y", "%2e%2e;x"] {
        let error = bucket.get(key).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{key}: {error:?}");
        let error = bucket.head(key).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{key}: {error:?}");
    }
    assert_eq!(bucket.get("a;x.jpg").await.unwrap(), "0123456789");
    assert_eq!(server.lines(), ["GET /a;x.jpg"]);
}

#[tokio::test]
async fn a_version_is_told_by_date_and_by_weak_tags_where_there_is_nothing_better() {
    const LATER: &str = "Last-Modified: Wed, 30 Jan 2019 15:30:02 GMT\r\n";
    const PART: &str = "Content-Range: bytes 4-5/10\r\n";
    const WEAK: &str = "ETag: W/\"a\"\r\n";
    let part = |meta: &str| Answer::Reply(206, format!("{meta}{PART}").leak(), "45");
    for (meta, other, version) in [
        (META, LATER, "157ea9f730a27a00-a"),
        (WEAK, "ETag: W/\"b\"\r\n", "W/a"),
    ] {
        let whole = Answer::Reply(200, meta, "0123456789");
        let server = Server::start([whole, part(meta), part(other)]).await;
        let object = open(&server.url).open("x").await.unwrap();
        assert_eq!(object.info().version().as_str(), version);
        assert_eq!(object.read_range(4..6).await.unwrap(), "45");
        let error = object.read_range(4..6).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
        assert_eq!(server.requests()[1].header("if-match"), None);
    }
}

#[tokio::test]
async fn an_object_without_a_tag_is_asked_for_if_it_is_newer() {
    let server = Server::start([
        Answer::Reply(200, META, "0123456789"),
        Answer::Reply(304, META, ""),
        Answer::Reply(200, META, "0123456789"),
    ])
    .await;
    let bucket = open(&server.url);
    let get = |known| bucket.get_if_changed("x", known, u64::MAX);
    let (info, _) = get(None).await.unwrap().unwrap();
    // A server that looks at dates, and one that does not.
    for _ in 0..2 {
        assert_eq!(get(Some(&info)).await.unwrap(), None);
    }
    let asked = server.requests();
    let since = asked[1].header("if-modified-since").unwrap();
    assert!(since.starts_with("Wed, 30 Jan 2019 15:30:01"), "{since}");
}

#[tokio::test]
async fn redirects_stay_below_the_prefix() {
    let whole = Answer::Reply(200, META, "0123456789");
    let moved = Answer::Reply(302, "Location: /photos/new/x.jpg\r\n", "");
    let server = Server::start([moved, whole]).await;
    let bucket = open(&format!("{}/photos", server.url));
    assert_eq!(bucket.get("x.jpg").await.unwrap(), "0123456789");
    assert_eq!(
        server.lines(),
        ["GET /photos/x.jpg", "GET /photos/new/x.jpg"]
    );

    let elsewhere = Server::start([Answer::Reply(200, META, "secret")]).await;
    for to in [
        "/x.jpg",
        "/photosX/x.jpg",
        "/photos/../x.jpg",
        "/photos/%2e%2e/x.jpg",
        "/photos/..%2fx.jpg",
        "//169.254.169.254/latest/meta-data",
        "http://localhost/photos/x.jpg",
        &format!("{}/photos/x.jpg", elsewhere.url),
    ] {
        let location = format!("Location: {to}\r\n");
        let server = Server::start([Answer::Reply(302, location.leak(), "")]).await;
        let bucket = open(&format!("{}/photos", server.url));
        let errors = [
            bucket.get("x.jpg").await.map(drop).unwrap_err(),
            bucket.open("x.jpg").await.map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), ErrorKind::Denied, "{to}: {error:?}");
        }
        assert_eq!(server.lines(), ["GET /photos/x.jpg", "HEAD /photos/x.jpg"]);
    }
    assert_eq!(elsewhere.requests().len(), 0);
    // No redirect of HTTP at all.
    let server = Server::start([Answer::Reply(302, "Location: file:///etc/passwd\r\n", "")]).await;
    let error = open(&server.url).get("x.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{error:?}");
}

#[tokio::test]
async fn redirects_have_an_end() {
    let again = Answer::Reply(307, "Location: /x.jpg\r\n", "");
    let server = Server::start([again]).await;
    let error = open(&server.url).get("x.jpg").await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert_eq!(cause, "it is redirected more than 5 times");
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn of_an_answer_that_does_not_end_no_more_is_read_than_was_asked_for() {
    let server = Server::start([Answer::Endless]).await;
    let bucket = open(&server.url);
    let read = bucket.get_range("x", 2..5);
    let read = timeout(Duration::from_secs(20), read).await;
    let error = read.expect("it went on reading").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
}
