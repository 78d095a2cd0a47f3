//! What info.json tells besides the Image API: analyses, and how large the image is.

use iiif_http::ServiceOptions;
use iiif_testkit::encode::{JpegOptions, jpeg};
use iiif_testkit::pattern::photo;
use serde_json::{Value, json};

use crate::server::{COLOR, Server};

const ALL: &str = r#"{"palette_service": {}, "blurhash_service": {}, "imagehash_service": {}}"#;

/// Returns a service of info.json by the end of its profile.
fn service<'a>(info: &'a Value, profile: &str) -> &'a Value {
    let services = info["service"].as_array().expect("services");
    let is_it = |it: &&Value| it["profile"].as_str().unwrap().ends_with(profile);
    services.iter().find(is_it).expect(profile)
}

async fn info(server: &Server, path: &str) -> Value {
    server.get(&format!("{path}/info.json")).await.json()
}

#[tokio::test]
async fn analyses_that_the_config_asks_for_are_told_in_the_words_of_go_iiif() {
    let server = Server::with(ALL, ServiceOptions::default()).await;
    let urn = |name: &str| json!(format!("x-urn:service:go-iiif#{name}"));
    let v2 = info(&server, &format!("/iiif/2/{COLOR}")).await;
    let v3 = info(&server, &format!("/iiif/3/{COLOR}")).await;
    for name in ["palette", "blurhash", "imagehash"] {
        assert_eq!(service(&v2, name)["@context"], urn(name));
        assert_eq!(service(&v2, name)["label"], urn(name));
        assert_eq!(service(&v3, name)["type"], urn(name));
        assert_eq!(service(&v3, name)["@context"], Value::Null);
    }
    let hash = service(&v3, "blurhash")["hash"].as_str().unwrap();
    assert_eq!(hash.len(), 132, "8 by 8 components");
    let average = service(&v3, "imagehash")["average"].as_str().unwrap();
    assert!(
        average.starts_with("a:") && average.len() == 18,
        "{average}"
    );
    let color = &service(&v3, "palette")["palette"][0];
    assert!(color["hex"].as_str().unwrap().starts_with('#'), "{color}");
    assert_eq!(color["closest"][0]["reference"], "crayola");

    let plain = Server::start().await;
    let none = info(&plain, &format!("/iiif/3/{COLOR}")).await;
    assert_eq!(none["service"], Value::Null);
    let tag = async |server: &Server| {
        let answer = server.get(&format!("/iiif/3/{COLOR}/info.json")).await;
        answer.header("etag").to_owned()
    };
    assert_ne!(tag(&server).await, tag(&plain).await);
}

#[tokio::test]
async fn an_image_is_analyzed_once_and_one_that_is_damaged_not_at_all() {
    let server = Server::with(ALL, ServiceOptions::default()).await;
    let first = info(&server, &format!("/iiif/3/{COLOR}")).await;
    server.store.reads();
    assert_eq!(info(&server, &format!("/iiif/3/{COLOR}")).await, first);
    assert_eq!(server.store.reads().len(), 0);

    let mut file = jpeg(&photo(60, 40).into(), &JpegOptions::default());
    file.truncate(file.len() / 2);
    let stored = server.bucket.put("half.jpg", file.into(), "image/jpeg");
    stored.await.unwrap();
    let half = info(&server, "/iiif/3/half.jpg").await;
    assert_eq!(half["width"], 60);
    assert_eq!(half["service"], Value::Null);
}

/// A JFIF header has the unit of its densities, then both (JFIF 1.02).
#[tokio::test]
async fn the_size_of_a_pixel_is_told_where_the_file_knows_it() {
    let server = Server::start().await;
    let file = jpeg(&photo(60, 40).into(), &JpegOptions::default());
    let at = file.windows(5).position(|it| it == b"JFIF\0").unwrap() + 7;
    for (key, density) in [
        ("300.jpg", [1, 1, 44, 1, 44]),
        ("72.jpg", [1, 0, 72, 0, 72]),
        ("oblong.jpg", [1, 1, 44, 0, 150]),
        ("ratio.jpg", [0, 1, 44, 1, 44]),
    ] {
        let mut file = file.clone();
        file[at..at + 5].copy_from_slice(&density);
        let stored = server.bucket.put(key, file.into(), "image/jpeg").await;
        stored.unwrap();
    }
    let v3 = info(&server, "/iiif/3/300.jpg").await;
    let scale = service(&v3, "physdim");
    assert_eq!(scale["physicalUnits"], "in");
    let per_inch = 1.0 / scale["physicalScale"].as_f64().unwrap();
    assert!((per_inch - 300.0).abs() < 1e-9, "{scale}");
    let context = "http://iiif.io/api/annex/services/physdim/1/context.json";
    assert_eq!(v3["@context"][0], context);
    let v2 = info(&server, "/iiif/2/300.jpg").await;
    assert_eq!(service(&v2, "physdim")["@context"], context);
    for key in ["72.jpg", "oblong.jpg", "ratio.jpg"] {
        let info = info(&server, &format!("/iiif/3/{key}")).await;
        assert_eq!(info["service"], Value::Null, "{key}");
        assert!(info["@context"].is_string(), "{key}");
    }
}
