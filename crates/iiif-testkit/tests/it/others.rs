use std::io::Cursor;

use iiif_testkit::compare::{assert_similar, psnr};
use iiif_testkit::encode::{
    Jpeg2000Container, Jpeg2000Options, WebpOptions, bmp, decoded_jpeg2000, gif, jpeg2000, webp,
};
use iiif_testkit::icc::adobe_rgb;
use iiif_testkit::pattern::{photo, quadrants, with_alpha};
use image::codecs::gif::GifDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{AnimationDecoder, DynamicImage, ImageDecoder, ImageFormat};

#[test]
fn bmp_keeps_every_pixel() {
    let picture = photo(61, 40);
    let decoded =
        image::load_from_memory_with_format(&bmp(&picture.clone().into()), ImageFormat::Bmp);
    assert_similar(&decoded.expect("a readable file"), &picture, f64::INFINITY);
}

#[test]
fn gif_has_the_picture_and_then_its_negative() {
    let mut picture = DynamicImage::from(quadrants(30, 20));
    let decoder = GifDecoder::new(Cursor::new(gif(&picture))).expect("a readable header");
    let frames = decoder
        .into_frames()
        .collect_frames()
        .expect("readable frames");
    assert_eq!(frames.len(), 2);
    assert_similar(frames[0].buffer(), &picture, 40.0);
    picture.invert();
    assert_similar(frames[1].buffer(), &picture, 40.0);
}

#[test]
fn gif_resembles_a_photo_in_256_colors() {
    let picture = DynamicImage::from(photo(80, 60));
    let decoded = image::load_from_memory_with_format(&gif(&picture), ImageFormat::Gif);
    let similarity = psnr(&decoded.expect("a readable file"), &picture);
    assert!(similarity > 25.0, "{similarity} dB");
}

#[test]
fn webp_keeps_every_pixel_and_its_metadata() {
    let pictures = [
        photo(61, 40).into(),
        DynamicImage::from(with_alpha(&photo(61, 40))),
    ];
    let plain = WebpOptions::default();
    let full = WebpOptions {
        exif_orientation: Some(8),
        icc: Some(adobe_rgb()),
    };
    for picture in pictures {
        for (options, orientation) in [
            (&plain, Orientation::NoTransforms),
            (&full, Orientation::Rotate270),
        ] {
            let mut decoder =
                WebPDecoder::new(Cursor::new(webp(&picture, options))).expect("a readable header");
            assert_eq!(decoder.orientation().expect("readable"), orientation);
            assert_eq!(decoder.icc_profile().expect("readable"), options.icc);
            let decoded = DynamicImage::from_decoder(decoder).expect("a readable file");
            assert_eq!(decoded.color(), picture.color());
            assert_similar(&decoded, &picture, f64::INFINITY);
        }
    }
}

#[test]
fn jpeg_2000_keeps_every_pixel_in_both_containers() {
    let picture = photo(61, 40);
    for container in [Jpeg2000Container::Jp2, Jpeg2000Container::Codestream] {
        let options = Jpeg2000Options {
            container,
            tile: Some((32, 32)),
            levels: 2,
            icc: Some(adobe_rgb()),
            ..Jpeg2000Options::default()
        };
        let file = jpeg2000(&picture.clone().into(), &options);
        assert_eq!(decoded_jpeg2000(&file, 0), picture);
        assert_eq!(decoded_jpeg2000(&file, 1).dimensions(), (31, 20));
        let profile = adobe_rgb();
        let has_profile = file.windows(profile.len()).any(|part| part == profile);
        assert_eq!(has_profile, container == Jpeg2000Container::Jp2);
    }
}
