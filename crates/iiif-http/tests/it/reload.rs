//! Going on with another configuration, within the same limit of memory.

use axum::body::{Body, HttpBody as _};
use iiif_config::Config;
use iiif_http::Buckets;

use crate::server::Server;
use crate::waiting::{READING, asks, patient, put_pyramid, tile, until};

const KINDS: [&str; 3] = ["sources", "derivatives", "decodes"];

async fn held(server: &Server, what: &str) -> u64 {
    let name = format!("iiif_held_bytes{{what=\"{what}\"}}");
    server.figure(&name).await
}

fn reload(server: &Server) {
    let buckets = Buckets::new(server.bucket.clone());
    server.service.replace(buckets, &Config::default()).unwrap();
}

#[tokio::test]
async fn what_is_kept_goes_with_its_configuration_and_what_is_in_use_stays_counted() {
    let server = Server::with("{}", patient()).await;
    let path = "/iiif/3/gray.jpg/full/64,/0/default.png";
    let unread = server.begin("GET", path, &[], Body::empty()).await;
    let unread_bytes = unread.body().size_hint().exact().unwrap();
    let other = server.get("/iiif/3/gray.jpg/full/300,/0/default.png").await;
    assert_eq!(other.status.as_u16(), 200);
    // Its body is the memory of the cache.
    drop(other);
    for what in KINDS {
        assert!(held(&server, what).await > 0, "{what}");
    }

    reload(&server);
    assert_eq!(held(&server, "sources").await, 0);
    assert_eq!(held(&server, "decodes").await, 0);
    let in_use = held(&server, "derivatives").await;
    assert!(
        (unread_bytes..unread_bytes + 4096).contains(&in_use),
        "{in_use}"
    );
    drop(unread);
    assert_eq!(held(&server, "derivatives").await, 0);
    assert_eq!(server.get(path).await.status.as_u16(), 200);
}

#[tokio::test]
async fn tags_and_times_of_other_limits_are_others() {
    let server = Server::with("{}", patient()).await;
    let path = "/iiif/3/gray.jpg/full/max/0/default.png";
    let before = server.get(path).await;
    let tag = [("if-none-match", before.header("etag"))];
    let time = [("if-modified-since", before.header("last-modified"))];
    for headers in [&tag, &time] {
        assert_eq!(server.ask("GET", path, headers).await.status.as_u16(), 304);
    }
    let limits = r#"{"limits": {"max_width": 100}}"#;
    let config = Config::parse(limits, "config.json").unwrap().value;
    let buckets = Buckets::new(server.bucket.clone());
    let replaced = server.service.replace(buckets, &config);
    replaced.unwrap();
    for headers in [&tag, &time] {
        let after = server.ask("GET", path, headers).await;
        assert_eq!(after.image().width(), 100);
        assert_ne!(after.header("etag"), before.header("etag"));
    }
}

#[tokio::test]
async fn work_under_way_keeps_its_place_in_the_lane_of_the_next_configuration() {
    let server = Server::with("{}", patient()).await;
    put_pyramid(&server).await;
    server.store.silent.send_replace(Some("pyramid".to_owned()));
    let asked = asks(&server, tile(0));
    until(async || server.store.silent.receiver_count() == 1).await;
    reload(&server);
    assert_eq!(server.figure(READING).await, 1);
    assert!(server.figure("iiif_work_bytes{lane=\"small\"}").await > 0);
    server.store.silent.send_replace(None);
    assert_eq!(asked.await.unwrap().status.as_u16(), 200);
    until(async || server.figure(READING).await == 0).await;
}
