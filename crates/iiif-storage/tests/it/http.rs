use iiif_storage::{Bucket, Environment, ErrorKind, MissingFolder, StorageOpener};

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
