use std::fs;
use std::time::Duration;

use futures::TryStreamExt;
use iiif_testkit::s3::{ACCESS_KEY_ID, REGION, S3Server, SECRET_ACCESS_KEY};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn store(server: &S3Server, bucket: &str, secret: &str) -> AmazonS3 {
    AmazonS3Builder::new()
        .with_endpoint(server.endpoint())
        .with_allow_http(true)
        .with_virtual_hosted_style_request(false)
        .with_region(REGION)
        .with_bucket_name(bucket)
        .with_access_key_id(ACCESS_KEY_ID)
        .with_secret_access_key(secret)
        .build()
        .expect("a complete configuration")
}

#[tokio::test]
async fn objects_are_put_got_listed_and_deleted() {
    let server = S3Server::start().await.expect("a free port");
    server.create_bucket("pictures").expect("a folder");
    let store = store(&server, "pictures", SECRET_ACCESS_KEY);
    let path = Path::from("one/two/photo.jpg");

    store.put(&path, "not a photo".into()).await.expect("put");
    let file = server.folder("pictures").join("one/two/photo.jpg");
    assert_eq!(
        fs::read(&file).expect("the object as a file"),
        b"not a photo"
    );

    let got = store
        .get(&path)
        .await
        .expect("get")
        .bytes()
        .await
        .expect("bytes");
    assert_eq!(got, "not a photo");
    let range = store.get_range(&path, 4..5).await.expect("range");
    assert_eq!(range, "a");

    let listed: Vec<_> = store.list(None).try_collect().await.expect("list");
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].location, listed[0].size), (&path, 11));

    store.delete(&path).await.expect("delete");
    assert!(matches!(
        store.head(&path).await,
        Err(Error::NotFound { .. })
    ));
    assert!(!file.exists());
}

#[tokio::test]
async fn files_put_into_the_folder_are_objects() {
    let server = S3Server::start().await.expect("a free port");
    server.create_bucket("pictures").expect("a folder");
    fs::write(server.folder("pictures").join("a.txt"), "seen").expect("a file");
    let store = store(&server, "pictures", SECRET_ACCESS_KEY);
    let got = store.get(&Path::from("a.txt")).await.expect("get");
    assert_eq!(got.bytes().await.expect("bytes"), "seen");
}

#[tokio::test]
async fn a_wrong_secret_is_denied() {
    let server = S3Server::start().await.expect("a free port");
    server.create_bucket("pictures").expect("a folder");
    let store = store(&server, "pictures", "another secret");
    let error = store
        .get(&Path::from("a.txt"))
        .await
        .expect_err("a signature that is not right");
    assert!(
        error.to_string().contains("SignatureDoesNotMatch"),
        "{error}"
    );
}

#[tokio::test]
async fn an_unsigned_request_is_denied_in_xml() {
    let server = S3Server::start().await.expect("a free port");
    server.create_bucket("pictures").expect("a folder");
    let host = server.endpoint().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&host).await.expect("a connection");
    let request =
        format!("GET /pictures/a.txt HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(answer.contains("<Code>AccessDenied</Code>"), "{answer}");
}

#[tokio::test]
async fn the_bucket_uri_names_everything() {
    let server = S3Server::start().await.expect("a free port");
    let endpoint = server.endpoint();
    let port = endpoint.rsplit(':').next().expect("a port");
    let expected = format!(
        "s3blob://pictures?region=us-east-1&endpoint=http%3A%2F%2F127.0.0.1%3A{port}\
         &use_path_style=true&credentials=static%3AAKIATESTKIT%3Atestkit-secret%3A"
    );
    assert_eq!(server.bucket_uri("pictures"), expected);
}

#[tokio::test]
async fn a_dropped_server_stops_and_leaves_nothing() {
    let server = S3Server::start().await.expect("a free port");
    server.create_bucket("pictures").expect("a folder");
    let host = server.endpoint().trim_start_matches("http://").to_owned();
    let folder = server.folder("pictures");
    drop(server);
    assert!(!folder.exists());
    while TcpStream::connect(&host).await.is_ok() {
        tokio::task::yield_now().await; // until the aborted task has closed its socket
    }
}

#[tokio::test]
async fn requests_at_the_same_time_are_counted() {
    let delay = Duration::from_millis(50);
    let server = S3Server::start_with_delay(delay)
        .await
        .expect("a free port");
    server.create_bucket("pictures").expect("a folder");
    let store = store(&server, "pictures", SECRET_ACCESS_KEY);
    let [one, two, three] = ["1", "2", "3"].map(Path::from);
    assert_eq!(server.most_requests_at_once(), 0);
    for path in [&one, &two, &three] {
        store.put(path, "body".into()).await.expect("put");
    }
    assert_eq!(server.most_requests_at_once(), 1, "one after the other");
    let got = futures::join!(store.get(&one), store.get(&two), store.get(&three));
    for got in [got.0, got.1, got.2] {
        assert_eq!(got.expect("get").bytes().await.expect("bytes"), "body");
    }
    assert_eq!(server.most_requests_at_once(), 3);
}
