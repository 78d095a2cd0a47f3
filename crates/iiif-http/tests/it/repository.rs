//! The repository: what is read of it, and, in the modules, what is written and what is refused.

mod safety;
mod uploads;
mod urls;

use std::io::Cursor;

use axum::http::StatusCode;
use iiif_http::{BearerToken, RepositoryOptions, ServedMetadata, ServiceOptions};
use iiif_testkit::compare::psnr;
use iiif_testkit::encode::{GPS_MARKER, JpegOptions, jpeg};
use iiif_testkit::pattern::photo;
use image::GenericImageView as _;

use crate::server::{Answer, Server};

pub(crate) const TOKEN: &str = "the-token-for-writes";
pub(crate) const AUTHORIZATION: (&str, &str) = ("authorization", "Bearer the-token-for-writes");

/// The images of every server here are `cut`, which is damaged, `gray`, `maps/color` and `turned`.
pub(crate) async fn repository() -> Server {
    let mut options = RepositoryOptions::default();
    options.write_token = Some(BearerToken::new(TOKEN).unwrap());
    Server::start().await.with_repository(options)
}

pub(crate) async fn with(options: RepositoryOptions) -> Server {
    Server::start().await.with_repository(options)
}

/// Returns the files of a zip, in their order: stored, with their sizes in front of them (APPNOTE
/// §4.3.7), and a directory at the end.
fn unzip(answer: &Answer) -> Vec<(String, Vec<u8>)> {
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.header("content-type"), "application/zip");
    let mut rest = &answer.body[..];
    let mut files = Vec::new();
    while let Some(header) = rest.strip_prefix(b"PK\x03\x04") {
        let two = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]) as usize;
        let size = u32::from_le_bytes(header[14..18].try_into().unwrap()) as usize;
        assert_eq!(two(4), 0, "stored");
        let (name, body) = (26, 26 + two(22) + two(24));
        let text = String::from_utf8(header[name..name + two(22)].to_vec()).unwrap();
        files.push((text, header[body..body + size].to_vec()));
        rest = &header[body + size..];
    }
    assert!(rest.starts_with(b"PK\x01\x02"), "no directory");
    let end = rest.windows(4).position(|it| it == b"PK\x05\x06").unwrap();
    let counted = u16::from_le_bytes([rest[end + 10], rest[end + 11]]) as usize;
    assert_eq!(counted, files.len());
    files
}

#[tokio::test]
async fn off_unless_mounted() {
    let server = Server::start().await;
    assert_eq!(server.get("/images").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_listing_has_the_names_in_order_and_in_pages() {
    let server = repository().await;
    let all = serde_json::json!(["cut", "gray", "maps/color", "turned"]);
    assert_eq!(server.get("/images").await.json(), all);
    assert_eq!(server.get("/images/").await.json(), all);
    let matching = server.get("/images?regex=%5Emaps/%7Cgr.y%24").await;
    assert_eq!(matching.json(), serde_json::json!(["gray", "maps/color"]));
    let folder = server.get("/images/maps/").await;
    assert_eq!(folder.json(), serde_json::json!(["maps/color"]));
    assert_eq!(
        server.get("/images/none/").await.json(),
        serde_json::json!([])
    );

    let (mut names, mut query) = (Vec::new(), "?limit=2&regex=r".to_owned());
    for _ in 0..3 {
        let page = server.get(&format!("/images{query}")).await;
        names.extend(page.json().as_array().unwrap().clone());
        match page.link("next") {
            Some(next) => next.clone_into(&mut query),
            None => break,
        }
    }
    assert_eq!(names, ["gray", "maps/color", "turned"]);
}

#[tokio::test]
async fn an_image_is_a_jpeg_of_its_own_size_by_default_and_any_other_on_request() {
    let server = repository().await;
    let table = [
        ("/images/maps/color", "image/jpeg", (300, 200)),
        ("/images/maps/color.gif", "image/jpeg", (300, 200)),
        ("/images/maps%2Fcolor", "image/jpeg", (300, 200)),
        ("/images/maps/color?kind=jpg", "image/jpeg", (300, 200)),
        ("/images/maps/color?kind=png", "image/png", (300, 200)),
        ("/images/maps/color?kind=tif", "image/tiff", (300, 200)),
        ("/images/maps/color?kind=gif", "image/gif", (300, 200)),
        ("/images/maps/color?kind=webp", "image/webp", (300, 200)),
        ("/images/maps/color?xsize=150", "image/jpeg", (150, 100)),
        ("/images/maps/color?ysize=50", "image/jpeg", (75, 50)),
        (
            "/images/maps/color?xsize=60&ysize=60",
            "image/jpeg",
            (60, 40),
        ),
        // Never enlarged, in neither direction.
        ("/images/maps/color?xsize=9000", "image/jpeg", (300, 200)),
        (
            "/images/maps/color?xsize=9000&ysize=100",
            "image/jpeg",
            (150, 100),
        ),
        ("/images/maps/color?thumbnail=True", "image/jpeg", (50, 33)),
        (
            "/images/maps/color?thumbnail=true&xsize=30",
            "image/jpeg",
            (30, 20),
        ),
        ("/images/turned?xsize=40&kind=png", "image/png", (40, 60)),
    ];
    for (path, media_type, dimensions) in table {
        let answer = server.get(path).await;
        assert_eq!(answer.image().dimensions(), dimensions, "{path}");
        assert_eq!(answer.header("content-type"), media_type, "{path}");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("inline; filename=")
        );
    }
}

#[tokio::test]
async fn a_thumbnail_is_sharper_than_the_same_size() {
    let server = repository().await;
    let plain = server.get("/images/gray?xsize=50&ysize=50&kind=png").await;
    let thumbnail = server.get("/images/gray?thumbnail=True&kind=png").await;
    let (plain, sharp) = (plain.image().to_rgb8(), thumbnail.image().to_rgb8());
    assert_eq!(plain.dimensions(), sharp.dimensions());
    let contrast = |image: &image::RgbImage| -> u64 {
        let rows = image
            .rows()
            .map(|row| row.map(|p| p.0[0]).collect::<Vec<_>>());
        let steps = |row: Vec<u8>| -> u64 {
            let pairs = row.windows(2);
            pairs.map(|pair| u64::from(pair[0].abs_diff(pair[1]))).sum()
        };
        rows.map(steps).sum()
    };
    assert!(contrast(&sharp) > contrast(&plain));
    assert!(psnr(&sharp, &plain) > 15.0, "another picture");
}

#[tokio::test]
async fn several_images_are_a_zip_and_one_is_itself() {
    let server = repository().await;
    let zip = server.get("/images?regex=gray%7Ccolor&xsize=60").await;
    let files = unzip(&zip);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["gray.jpg", "maps/color.jpg"]);
    let alone = server.get("/images/maps/color?xsize=60").await;
    assert_eq!(files[1].1, alone.body);
    // One match is no archive.
    let one = server.get("/images/maps?regex=c.l&kind=png").await;
    assert_eq!(one.image().dimensions(), (300, 200));
    let one = server.get("/images/maps/?regex=color").await;
    assert_eq!(one.header("content-type"), "image/jpeg");
    let none = server.get("/images/maps?regex=gray").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    // What cannot be made is told, and spoils nothing else.
    let all = unzip(&server.get("/images?kind=png").await);
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["gray.png", "maps/color.png", "turned.png", "errors.txt"]
    );
    let errors = String::from_utf8(all[3].1.clone()).unwrap();
    assert!(errors.starts_with("cut.png: "), "{errors}");
}

/// Adds an image that tells where it was taken.
async fn with_place(options: RepositoryOptions) -> Server {
    let server = with(options).await;
    let options = JpegOptions {
        exif_orientation: Some(6),
        gps: true,
        xmp: true,
        ..JpegOptions::default()
    };
    let file = jpeg(&photo(120, 80).into(), &options);
    let put = server
        .bucket
        .put("places/here.jpg", file.into(), "image/jpeg");
    put.await.unwrap();
    server
}

fn has(answer: &Answer, text: &str) -> bool {
    answer
        .body
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

#[tokio::test]
async fn allowed_tags_are_served_where_that_is_configured() {
    let mut options = RepositoryOptions::default();
    options.metadata_tags = vec!["Software".to_owned(), "Orientation".to_owned()];
    options.served_metadata = ServedMetadata::Allowed;
    let (kept, stripped) = (with_place(options).await, repository().await);
    for kind in ["jpg", "png", "webp"] {
        let path = format!("/images/places/here?kind={kind}&xsize=40");
        let answer = kept.get(&path).await;
        // Upright pixels, and no orientation that turns them again.
        assert_eq!(answer.image().dimensions(), (40, 60), "{kind}");
        let exif = exif::Reader::new().read_from_container(&mut Cursor::new(&answer.body));
        let exif = exif.unwrap();
        let tags: Vec<String> = exif.fields().map(|field| field.tag.to_string()).collect();
        assert_eq!(tags, ["Software"], "{kind}");
        assert!(!has(&answer, GPS_MARKER), "{kind}");
    }
    // What has no tags is what it is anyway, under a tag of its own.
    let (with_tags, without) = (
        kept.get("/images/gray").await,
        stripped.get("/images/gray").await,
    );
    assert_eq!(with_tags.body, without.body);
    assert_ne!(with_tags.header("etag"), without.header("etag"));
}

#[tokio::test]
async fn metadata_is_what_is_allowed_and_images_have_none() {
    let server = repository().await;
    let options = JpegOptions {
        exif_orientation: Some(6),
        gps: true,
        xmp: true,
        ..JpegOptions::default()
    };
    let file = jpeg(&photo(120, 80).into(), &options);
    let stored = server
        .bucket
        .put("places/here.jpg", file.into(), "image/jpeg");
    stored.await.unwrap();
    let told = server.get("/images/places/here?meta=True").await.json();
    assert_eq!(told["name"], "places/here");
    assert_eq!((&told["width"], &told["height"]), (&80.into(), &120.into()));
    assert_eq!(told["format"], "JPEG");
    assert_eq!(told["exif"], serde_json::json!({ "Orientation": 6 }));
    for query in [
        "",
        "?kind=jpg&xsize=60",
        "?kind=png",
        "?kind=tif",
        "?kind=webp",
    ] {
        let answer = server.get(&format!("/images/places/here{query}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!has(&answer, GPS_MARKER), "{query} has the place");
    }
    let several = server.get("/images?regex=here%7Cgray&meta=1").await.json();
    assert_eq!(several[0]["name"], "gray");
    assert_eq!(several[1]["exif"]["Orientation"], 6);

    let mut options = RepositoryOptions::default();
    options.metadata_tags = vec!["Software".to_owned(), "GPSMapDatum".to_owned()];
    let told = with_place(options).await;
    let told = told.get("/images/places/here?meta=True").await.json();
    let allowed = serde_json::json!({ "Software": "iiif-testkit", "GPSMapDatum": GPS_MARKER });
    assert_eq!(told["exif"], allowed);
}

#[tokio::test]
async fn a_client_that_has_it_gets_304() {
    let server = repository().await;
    let first = server.get("/images/gray?thumbnail=True").await;
    let tag = first.header("etag");
    let again = [("if-none-match", tag)];
    let again = server
        .ask("GET", "/images/gray?thumbnail=True", &again)
        .await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert_ne!(server.get("/images/gray").await.header("etag"), tag);
}

#[tokio::test]
async fn a_name_that_several_have_is_told_and_its_extension_decides() {
    let mut service = ServiceOptions::default();
    service.source_refresh = std::time::Duration::ZERO;
    let server = Server::with("{}", service).await;
    let server = server.with_repository(RepositoryOptions::default());
    let gray = server.bucket.get("turned.jpg").await.unwrap();
    let put = server.bucket.put("maps/color.jpg", gray, "image/jpeg");
    put.await.unwrap();
    let several = server.get("/images/maps/color").await;
    assert_eq!(several.status, StatusCode::CONFLICT);
    assert!(
        several.text().contains("maps/color.png"),
        "{}",
        several.text()
    );
    let png = server.get("/images/maps/color.png").await;
    assert_eq!(png.image().dimensions(), (300, 200));
    let jpg = server.get("/images/maps/color.jpg").await;
    assert_eq!(jpg.image().dimensions(), (80, 120));
}
