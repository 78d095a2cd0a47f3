//! Derivatives: dimensions, pixels, canonical URIs of both versions.

use axum::http::StatusCode;
use iiif_testkit::compare::assert_similar;
use iiif_testkit::pattern::{gradient, photo};
use image::{DynamicImage, GenericImageView as _};

use crate::server::{COLOR, GRAY, Server, TURNED};

/// The examples of 3.0 §4 on an image of 300x200 pixels, and rows that other servers have failed: the
/// version, the request, its dimensions, and its canonical form in the version (2.1 §4.7, 3.0 §4.8).
const VECTORS: &str = "\
3 full/max/0/default.jpg 300x200 full/max/0/default.jpg
3 125,15,120,140/max/0/default.jpg 120x140 125,15,120,140/max/0/default.jpg
3 125,15,200,200/max/0/default.jpg 175x185 125,15,175,185/max/0/default.jpg
3 pct:41.6,7.5,40,70/max/0/default.jpg 120x140 125,15,120,140/max/0/default.jpg
3 pct:41.6,7.5,66.6,100/max/0/color.jpg 175x185 125,15,175,185/max/0/default.jpg
3 square/max/0/default.png 200x200 50,0,200,200/max/0/default.png
3 full/150,/0/default.jpg 150x100 full/150,100/0/default.jpg
3 full/,150/0/default.jpg 225x150 full/225,150/0/default.jpg
3 full/pct:50/0/default.jpg 150x100 full/150,100/0/default.jpg
3 full/225,100/0/default.jpg 225x100 full/225,100/0/default.jpg
3 full/!225,100/0/default.jpg 150x100 full/150,100/0/default.jpg
3 full/%5E360,/0/default.jpg 360x240 full/^360,240/0/default.jpg
3 full/^,240/0/default.jpg 360x240 full/^360,240/0/default.jpg
3 full/^pct:120/0/default.jpg 360x240 full/^360,240/0/default.jpg
3 full/^!360,360/0/default.jpg 360x240 full/^360,240/0/default.jpg
3 0,0,150,200/,100/0/default.jpg 75x100 0,0,150,200/75,100/0/default.jpg
3 full/max/90/gray.png 200x300 full/max/90/gray.png
3 full/max/!180.0/bitonal.png 300x200 full/max/!180/bitonal.png
3 full/max/45/default.png 354x354 full/max/45/default.png
2 full/full/0/default.jpg 300x200 full/full/0/default.jpg
2 full/max/0/default.jpg 300x200 full/full/0/default.jpg
2 full/600,/0/default.jpg 600x400 full/600,/0/default.jpg
2 full/pct:50/0/native.jpg 150x100 full/150,/0/default.jpg
2 full/225,100/0/default.jpg 225x100 full/225,100/0/default.jpg
2 0,0,150,200/,100/0/default.jpg 75x100 0,0,150,200/75,/0/default.jpg
";

#[tokio::test]
async fn requests_give_the_dimensions_of_the_specification() {
    let server = Server::start().await;
    for vector in VECTORS.lines() {
        let [version, request, dimensions, canonical] =
            vector.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let answer = server
            .get(&format!("/iiif/{version}/{COLOR}/{request}"))
            .await;
        let (width, height) = answer.image().dimensions();
        assert_eq!(format!("{width}x{height}"), dimensions, "{vector}");
        let canonical = format!("http://example.org/iiif/{version}/{COLOR}/{canonical}");
        assert_eq!(answer.link("canonical"), Some(&canonical[..]), "{request}");
        let again = server.get(&canonical["http://example.org".len()..]).await;
        assert_eq!(again.body, answer.body, "{canonical} is another picture");
        assert_eq!(again.link("canonical"), Some(&canonical[..]));
    }
}

#[tokio::test]
async fn every_format_is_what_it_says() {
    let server = Server::start().await;
    let formats = [
        ("jpg", "image/jpeg", image::ImageFormat::Jpeg),
        ("png", "image/png", image::ImageFormat::Png),
        ("tif", "image/tiff", image::ImageFormat::Tiff),
        ("gif", "image/gif", image::ImageFormat::Gif),
        ("webp", "image/webp", image::ImageFormat::WebP),
    ];
    for (extension, media_type, format) in formats {
        let answer = server
            .get(&format!("/iiif/3/{COLOR}/full/max/0/default.{extension}"))
            .await;
        assert_eq!(answer.header("content-type"), media_type);
        assert_eq!(image::guess_format(&answer.body).unwrap(), format);
        assert_eq!(answer.image().dimensions(), (300, 200), "{extension}");
    }
}

#[tokio::test]
async fn regions_have_the_pixels_of_the_picture() {
    let server = Server::start().await;
    let picture = DynamicImage::from(gradient(300, 200));
    let regions = [(0, 0, 7, 5), (123, 45, 100, 100), (293, 195, 7, 5)];
    for (x, y, width, height) in regions {
        let path = format!("/iiif/3/{COLOR}/{x},{y},{width},{height}/max/0/default.png");
        let made = server.get(&path).await.image().into_rgb8();
        let expected = picture.crop_imm(x, y, width, height).into_rgb8();
        assert_eq!(made, expected, "{path}");
    }
    let mirrored = server
        .get(&format!("/iiif/3/{COLOR}/full/max/!90/default.png"))
        .await
        .image();
    assert_eq!(mirrored.into_rgb8(), picture.fliph().rotate90().into_rgb8());
}

#[tokio::test]
async fn an_image_that_lies_on_its_side_is_served_upright() {
    let server = Server::start().await;
    let info = server
        .get(&format!("/iiif/3/{TURNED}/info.json"))
        .await
        .json();
    assert_eq!((&info["width"], &info["height"]), (&80.into(), &120.into()));
    let upright = server
        .get(&format!("/iiif/3/{TURNED}/full/max/0/default.png"))
        .await;
    let expected = DynamicImage::from(photo(120, 80)).rotate90();
    assert_similar(&expected.to_rgb8(), &upright.image().into_rgb8(), 30.0);
}

#[tokio::test]
async fn gray_images_are_gray_and_color_is_no_error() {
    let server = Server::start().await;
    for quality in ["default", "color", "gray", "bitonal"] {
        let answer = server
            .get(&format!("/iiif/3/{GRAY}/full/64,48/0/{quality}.jpg"))
            .await;
        assert_eq!(answer.image().color(), image::ColorType::L8, "{quality}");
    }
    let gray = server
        .get(&format!("/iiif/3/{GRAY}/full/64,48/0/gray.png"))
        .await;
    let canonical = format!("http://example.org/iiif/3/{GRAY}/full/64,48/0/default.png");
    assert_eq!(gray.link("canonical"), Some(&canonical[..]));
}

/// Tiles as OpenSeadragon and Mirador ask for them: put side by side they are the whole picture.
#[tokio::test]
async fn tiles_cover_the_image_without_a_gap() {
    let server = Server::start().await;
    let (tile, width, height) = (64, 300, 200);
    for scale in [1, 2, 4] {
        for y in (0..height).step_by(tile * scale) {
            for x in (0..width).step_by(tile * scale) {
                let (w, h) = (
                    (tile * scale).min(width - x),
                    (tile * scale).min(height - y),
                );
                let size = (w.div_ceil(scale) as u32, h.div_ceil(scale) as u32);
                let path = format!(
                    "/iiif/3/{COLOR}/{x},{y},{w},{h}/{},{}/0/default.png",
                    size.0, size.1
                );
                assert_eq!(server.get(&path).await.image().dimensions(), size, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn go_iiif_s_own_words_are_answered() {
    let server = Server::start().await;
    let square = server
        .get(&format!("/{COLOR}/-1,-1,100,100/full/-1/dither.png"))
        .await;
    assert_eq!(square.image().dimensions(), (100, 100));
    let name = server
        .get(&format!(
            "/{COLOR}/full/!30,30/0/color.jpg?response-content-disposition=attachment"
        ))
        .await;
    assert_eq!(name.status, StatusCode::OK);
    assert_eq!(name.header("content-disposition"), "attachment");
}
