//! Uploads and deletions.

use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use iiif_http::{BearerToken, RepositoryOptions};
use iiif_testkit::encode::{JpegOptions, PngOptions, jpeg, png};
use iiif_testkit::pattern::photo;
use image::GenericImageView as _;

use super::{AUTHORIZATION, TOKEN, repository, with};
use crate::server::{Answer, Server};

fn picture() -> Vec<u8> {
    jpeg(&photo(90, 60).into(), &JpegOptions::default())
}

async fn post(server: &Server, path: &str, body: impl Into<Body>) -> Answer {
    server
        .send("POST", path, &[AUTHORIZATION], body.into())
        .await
}

#[tokio::test]
async fn an_upload_is_there_at_once_for_both_apis() {
    let server = repository().await;
    // That there is none is remembered otherwise.
    let none = server.get("/images/new/pic%20one").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let created = post(&server, "/images/new/pic%20one.png", picture()).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    let location = created.header("location");
    assert_eq!(location, "http://example.org/images/new/pic%20one");
    let path = location.strip_prefix("http://example.org").unwrap();
    assert_eq!(server.get(path).await.image().dimensions(), (90, 60));
    // It is stored as what it is, and byte by byte.
    let stored = server.bucket.get("new/pic one.jpg").await.unwrap();
    assert_eq!(stored, picture());
    let iiif = server
        .get("/iiif/3/new%2Fpic%20one.jpg/full/max/0/default.png")
        .await;
    assert_eq!(iiif.image().dimensions(), (90, 60));
    let listed = server.get("/images/new/").await;
    assert_eq!(listed.json(), serde_json::json!(["new/pic one"]));
}

#[tokio::test]
async fn nothing_is_replaced_unless_asked() {
    let server = repository().await;
    let before = server.bucket.get("maps/color.png").await.unwrap();
    for method in ["POST", "PUT"] {
        for path in [
            "/images/maps/color",
            "/images/maps/color.jpg?overwrite=False",
        ] {
            let answer = server.send(method, path, &[AUTHORIZATION], picture().into());
            let answer = answer.await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{method} {path}");
            assert!(
                answer.text().contains("overwrite=true"),
                "{}",
                answer.text()
            );
        }
    }
    assert_eq!(server.bucket.get("maps/color.png").await.unwrap(), before);

    let first = server.get("/images/maps/color").await;
    let path = "/images/maps/color?overwrite=True";
    let replaced = server.send("PUT", path, &[AUTHORIZATION], picture().into());
    assert_eq!(replaced.await.status, StatusCode::OK);
    let second = server.get("/images/maps/color").await;
    assert_eq!(second.image().dimensions(), (90, 60));
    assert_ne!(first.header("etag"), second.header("etag"));
    // The image of another format is gone: a name is one image.
    assert!(!server.bucket.exists("maps/color.png").await.unwrap());
}

#[tokio::test]
async fn of_uploads_of_one_name_at_the_same_time_one_wins() {
    let server = repository().await;
    let file = png(&photo(40, 30).into(), &PngOptions::default());
    let (first, second) = tokio::join!(
        post(&server, "/images/race", picture()),
        post(&server, "/images/race", file),
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
    assert_eq!(server.get("/images/race").await.status, StatusCode::OK);
}

#[tokio::test]
async fn forms_are_taken_too() {
    let server = repository().await;
    let start = "--X\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--X\r\n\
                 Content-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\
                 Content-Type: image/jpeg\r\n\r\n";
    let form = [start.as_bytes(), &picture(), b"\r\n--X--\r\n"].concat();
    let media_type = ("content-type", "multipart/form-data; boundary=X");
    let headers = [AUTHORIZATION, media_type];
    let created = server
        .send("POST", "/images/formed", &headers, form.into())
        .await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.text());
    assert_eq!(server.bucket.get("formed.jpg").await.unwrap(), picture());
    let empty = "--X\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--X--\r\n";
    let none = server
        .send("POST", "/images/none", &headers, empty.into())
        .await;
    assert_eq!(none.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_deleted_image_is_gone() {
    let server = repository().await;
    assert_eq!(server.get("/images/gray").await.status, StatusCode::OK);
    let deleted = server.ask("DELETE", "/images/gray", &[AUTHORIZATION]).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    assert_eq!(
        server.get("/images/gray").await.status,
        StatusCode::NOT_FOUND
    );
    assert!(!server.bucket.exists("gray.jpg").await.unwrap());
    let again = server.ask("DELETE", "/images/gray", &[AUTHORIZATION]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
    let folder = server
        .ask("DELETE", "/images/maps/", &[AUTHORIZATION])
        .await;
    assert_eq!(folder.status, StatusCode::BAD_REQUEST);
    let other = server
        .ask("DELETE", "/images/notes.txt", &[AUTHORIZATION])
        .await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    assert!(server.bucket.exists("notes.txt").await.unwrap());
}

#[tokio::test]
async fn writers_need_the_token() {
    let server = repository().await;
    for method in ["POST", "PUT", "DELETE"] {
        let none = server
            .send(method, "/images/gray", &[], picture().into())
            .await;
        assert_eq!(none.status, StatusCode::UNAUTHORIZED, "{method}");
        assert!(none.header("www-authenticate").starts_with("Bearer"));
        let wrong = [("authorization", "Bearer the-token-for-writer")];
        let wrong = server
            .send(method, "/images/gray", &wrong, picture().into())
            .await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{method}");
        assert!(wrong.header("www-authenticate").contains("invalid_token"));
        assert!(!wrong.text().contains(TOKEN));
    }
    assert!(server.bucket.exists("gray.jpg").await.unwrap());
    let read_only = with(RepositoryOptions::default()).await;
    let refused = post(&read_only, "/images/new", picture()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn readers_need_a_token_where_there_is_one_for_them() {
    let mut options = RepositoryOptions::default();
    options.read_token = Some(BearerToken::new("the-token-for-reads").unwrap());
    options.write_token = Some(BearerToken::new(TOKEN).unwrap());
    let server = with(options).await;
    for path in ["/images", "/images/gray", "/iiif/3/gray.jpg/info.json"] {
        let none = server.get(path).await;
        assert_eq!(none.status, StatusCode::UNAUTHORIZED, "{path}");
        for token in ["the-token-for-reads", TOKEN] {
            let authorization = format!("Bearer {token}");
            let headers = [("authorization", authorization.as_str())];
            let answer = server.ask("GET", path, &headers).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert_eq!(answer.header("cache-control"), "private, no-cache");
        }
    }
    for path in ["/health", "/ready"] {
        assert_eq!(server.get(path).await.status, StatusCode::OK, "{path}");
    }
    let reader = [("authorization", "Bearer the-token-for-reads")];
    let write = server.ask("DELETE", "/images/gray", &reader).await;
    assert_eq!(write.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_no_image_or_too_large_is_not_stored() {
    let mut options = RepositoryOptions::default();
    options.write_token = Some(BearerToken::new(TOKEN).unwrap());
    options.max_upload_bytes = 1 << 20;
    let server = with(options).await;
    let cut = picture()[..600].to_vec();
    let parts = [(); 3].map(|()| Ok::<_, std::io::Error>(vec![0xff; 1 << 19]));
    let unannounced = Body::from_stream(futures::stream::iter(parts));
    let table: [(&str, Body, u16); 6] = [
        ("a page", "<html><script>".into(), 415),
        ("nothing", Body::empty(), 415),
        ("a damaged image", cut.into(), 415),
        ("a PDF", "%PDF-1.7".into(), 415),
        ("too many bytes", vec![0; (1 << 20) + 1].into(), 413),
        ("too many bytes, in parts", unannounced, 413),
    ];
    for (what, body, status) in table {
        let answer = post(&server, "/images/new", body).await;
        assert_eq!(answer.status.as_u16(), status, "{what}: {}", answer.text());
    }
    for (format, lie) in iiif_testkit::header_lies::all() {
        let answer = post(&server, "/images/new", lie).await;
        let status = answer.status.as_u16();
        assert!(matches!(status, 413 | 415), "{format}: {}", answer.text());
    }
    assert_eq!(
        server.get("/images/new").await.status,
        StatusCode::NOT_FOUND
    );
    let broken = [
        Ok(picture()[..600].to_vec()),
        Err(std::io::Error::other("gone")),
    ];
    let broken = Body::from_stream(futures::stream::iter(broken));
    let broken = post(&server, "/images/new", broken).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        server.get("/images/new").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn an_upload_that_stands_still_ends() {
    let mut options = RepositoryOptions::default();
    options.write_token = Some(BearerToken::new(TOKEN).unwrap());
    options.upload_idle = Duration::ZERO;
    let server = with(options).await;
    let stuck = futures::stream::pending::<Result<Vec<u8>, std::io::Error>>();
    let answer = post(&server, "/images/new", Body::from_stream(stuck)).await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn more_uploads_than_allowed_are_turned_away() {
    let mut options = RepositoryOptions::default();
    options.write_token = Some(BearerToken::new(TOKEN).unwrap());
    options.max_uploads = 0;
    let server = with(options).await;
    let answer = post(&server, "/images/new", picture()).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), "1");
}
