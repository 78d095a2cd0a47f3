//! Where the service says that it is.

use axum::http::StatusCode;
use iiif_http::ServiceOptions;

use crate::server::{COLOR, Server};

#[tokio::test]
async fn the_id_is_what_the_client_asked_for() {
    let server = Server::start().await;
    let id = async |headers: &[(&str, &str)]| {
        let answer = server
            .ask("GET", &format!("/iiif/3/{COLOR}/info.json"), headers)
            .await;
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let at = |base: &str| format!("{base}/iiif/3/{COLOR}");
    assert_eq!(id(&[("host", "a.org:8182")]).await, at("http://a.org:8182"));
    let proxied = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "images.org"),
    ];
    assert_eq!(id(&proxied).await, at("https://images.org"));
    let prefixed = [("x-forwarded-prefix", "/scans/")];
    assert_eq!(id(&prefixed).await, at("http://example.org/scans"));
    let standard = [("forwarded", "proto=https;host=images.org")];
    assert_eq!(id(&standard).await, at("https://images.org"));
}

#[tokio::test]
async fn a_public_uri_wins_over_headers() {
    let mut options = ServiceOptions::default();
    options.public_uri = Some("https://images.org/scans".parse().unwrap());
    let server = Server::with("{}", options).await;
    let headers = [("x-forwarded-host", "evil.org")];
    let info = server
        .ask("GET", &format!("/iiif/3/{COLOR}/info.json"), &headers)
        .await;
    assert_eq!(
        info.json()["id"],
        format!("https://images.org/scans/iiif/3/{COLOR}")
    );
}

#[tokio::test]
async fn a_router_that_is_nested_says_so() {
    let server = Server::start().await.nested("/images");
    let info = server
        .get(&format!("/images/iiif/2/{COLOR}/info.json"))
        .await
        .json();
    assert_eq!(
        info["@id"],
        format!("http://example.org/images/iiif/2/{COLOR}")
    );
}

#[tokio::test]
async fn the_image_itself_leads_to_its_info() {
    let server = Server::start().await;
    for path in [format!("/iiif/3/{COLOR}"), format!("/iiif/3/{COLOR}/")] {
        let answer = server.get(&path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
        let expected = format!("http://example.org/iiif/3/{COLOR}/info.json");
        assert_eq!(answer.header("location"), expected);
    }
}

#[tokio::test]
async fn other_origins_may_read_everything() {
    let server = Server::start().await;
    let path = format!("/iiif/3/{COLOR}/info.json");
    let headers = [
        ("origin", "http://viewer.org"),
        ("access-control-request-method", "GET"),
    ];
    let preflight = server.ask("OPTIONS", &path, &headers).await;
    assert_eq!(preflight.status, StatusCode::NO_CONTENT);
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        "GET, HEAD, OPTIONS"
    );
    for path in [&path[..], "/iiif/3/none/info.json"] {
        assert_eq!(
            server.get(path).await.header("access-control-allow-origin"),
            "*"
        );
    }
    assert_eq!(
        server.ask("DELETE", &path, &[]).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
}
