//! The repository of images, from an upload to its deletion.

use iiif_testkit::encode::{JpegOptions, PngOptions, jpeg, png};
use iiif_testkit::pattern::photo;

use crate::server::Server;

const AUTHORIZATION: &str = "Authorization: Bearer a-token-of-this-test\r\n";

#[test]
fn an_image_is_uploaded_listed_reduced_zipped_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "a-token-of-this-test\n").unwrap();
    let token = token.path().to_str().unwrap();
    let args = ["-repository", "-repository-token-file", token];
    let server = Server::start(folder.path(), &args);
    let files = [
        (
            "plants/rose",
            jpeg(&photo(400, 300).into(), &JpegOptions::default()),
        ),
        (
            "plants/oak",
            png(&photo(90, 120).into(), &PngOptions::default()),
        ),
    ];
    for (name, file) in &files {
        let path = format!("/images/{name}");
        let refused = server.send(0, &format!("POST {path}"), "", file);
        assert_eq!(refused.status, 401, "{}", refused.head);
        let created = server.send(0, &format!("POST {path}"), AUTHORIZATION, file);
        assert_eq!(created.status, 201, "{}", created.head);
        assert!(
            created.head.contains(&format!("{path}\r\n")),
            "{}",
            created.head
        );
    }
    let again = server.send(0, "POST /images/plants/rose", AUTHORIZATION, &files[0].1);
    assert_eq!(again.status, 409);

    let listed: Vec<String> = serde_json::from_slice(&server.get("/images").body).unwrap();
    assert_eq!(listed, ["plants/oak", "plants/rose"]);
    let thumbnail = server.get("/images/plants/rose?thumbnail=True");
    assert_eq!(thumbnail.status, 200);
    assert!(thumbnail.body.starts_with(b"\xff\xd8\xff"), "no JPEG");
    let zip = server.get("/images/plants?regex=.%2B&kind=png&xsize=40");
    assert!(
        zip.head.contains("content-type: application/zip"),
        "{}",
        zip.head
    );
    for part in [
        b"PK\x03\x04".as_slice(),
        b"plants/oak.png",
        b"plants/rose.png",
        b"PK\x05\x06",
    ] {
        assert!(
            zip.body.windows(part.len()).any(|it| it == part),
            "{part:?}"
        );
    }
    let info = server.get("/iiif/3/plants%2Frose.jpg/info.json");
    assert_eq!(info.status, 200);

    let deleted = server.send(0, "DELETE /images/plants/rose", AUTHORIZATION, &[]);
    assert_eq!(deleted.status, 204);
    assert_eq!(server.get("/images/plants/rose").status, 404);
    assert!(!folder.path().join("plants/rose.jpg").exists());
    assert!(folder.path().join("plants/oak.png").exists());
}

#[test]
fn there_is_no_repository_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(server.get("/images").status, 404);
    let refused = server.send(0, "POST /images/a", AUTHORIZATION, b"x");
    assert_eq!(refused.status, 405);
}
