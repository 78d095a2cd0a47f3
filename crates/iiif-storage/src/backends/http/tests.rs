use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{FutureExt as _, ready};
use reqwest::dns::Resolve as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::{Bucket, Environment, Error, ErrorKind};

const PUBLIC: &str = "9.9.9.9";
const PRIVATE: &str = "127.0.0.1";

/// Finds one address after the other, the last again and again, and counts.
fn lookup(addresses: &[&str]) -> (Lookup, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let addresses: Vec<IpAddr> = addresses.iter().map(|it| it.parse().unwrap()).collect();
    let lookup: Lookup = Arc::new(move |_name| {
        let index = counted.fetch_add(1, Ordering::Relaxed);
        let found = vec![addresses[index.min(addresses.len() - 1)]];
        ready(io::Result::Ok(found)).boxed()
    });
    (lookup, count)
}

fn open(uri: &str, lookup: Lookup) -> Bucket {
    let uri = BucketUri::parse(uri).unwrap();
    let opener = StorageOpener::new(Environment::empty());
    Bucket::from_backend(open_with(&uri, &opener, lookup).unwrap(), &uri.to_string())
}

/// Answers every request with `ok` and returns its port and the requests.
async fn server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                assert_ne!(stream.read_buf(&mut head).await.unwrap(), 0);
            }
            kept.lock().unwrap().push(String::from_utf8(head).unwrap());
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            stream.write_all(answer).await.unwrap();
        }
    });
    (port, requests)
}

#[tokio::test]
async fn a_name_at_a_private_address_is_asked_only_where_that_is_configured() {
    let (port, requests) = server().await;
    let (found, count) = lookup(&[PRIVATE]);
    let refused = open(&format!("http://images.example:{port}/scans"), found);
    let error = refused.get("a.jpg").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let Error::Open { source, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(
        source.to_string(),
        "`images.example` is at the private address 127.0.0.1; expected a public one, or \
         `allow_private=true` in the URI of the bucket"
    );
    assert_eq!(count.load(Ordering::Relaxed), 1, "not tried again");
    assert_eq!(*requests.lock().unwrap(), [""; 0]);

    for uri in ["images.example:PORT/?allow_private=true", "localhost:PORT"] {
        let uri = format!("http://{}", uri.replace("PORT", &port.to_string()));
        let allowed = open(&uri, lookup(&[PRIVATE]).0);
        assert_eq!(allowed.get("a.jpg").await.unwrap(), "ok", "{uri}");
    }
}

#[tokio::test]
async fn a_name_is_looked_at_for_each_connection() {
    let (found, _) = lookup(&[PUBLIC, PRIVATE, PUBLIC]);
    let names = Names::public("images.example", found);
    let mut allowed = Vec::new();
    for _ in 0..3 {
        let found = names.resolve("images.example".parse().unwrap()).await;
        allowed.push(found.is_ok());
    }
    assert_eq!(allowed, [true, false, true]);
}

#[tokio::test]
async fn names_that_are_private_by_themselves_and_those_of_proxies_may_be_anywhere() {
    for (host, asked, expected) in [
        ("images.example", "images.example", false),
        ("images.example", "Images.Example", false),
        ("images.example", "proxy.example", true),
        ("localhost", "localhost", true),
        ("a.localhost.", "a.localhost.", true),
        ("localhost.example", "localhost.example", false),
    ] {
        let names = Names::public(host, lookup(&[PRIVATE]).0);
        let found = names.resolve(asked.parse().unwrap()).await;
        assert_eq!(found.is_ok(), expected, "{asked} of {host}");
    }
}
