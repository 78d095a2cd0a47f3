use std::io::Cursor;

use iiif_testkit::compare::assert_similar;
use iiif_testkit::encode::{COMMENT, PngColor, PngOptions, png};
use iiif_testkit::icc::display_p3;
use iiif_testkit::pattern::{gradient, photo, quadrants, with_alpha};
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, GrayImage, ImageDecoder, Luma};

fn decoded(file: &[u8]) -> DynamicImage {
    let decoder = PngDecoder::new(Cursor::new(file)).expect("a readable header");
    DynamicImage::from_decoder(decoder).expect("a readable file")
}

#[test]
fn full_depths_keep_every_sample() {
    let picture = DynamicImage::from(with_alpha(&photo(37, 29)));
    #[rustfmt::skip]
    let cases = [
        (PngColor::Gray,      8,  ColorType::L8,     DynamicImage::from(picture.to_luma8())),
        (PngColor::Gray,      16, ColorType::L16,    picture.to_luma16().into()),
        (PngColor::GrayAlpha, 8,  ColorType::La8,    picture.to_luma_alpha8().into()),
        (PngColor::GrayAlpha, 16, ColorType::La16,   picture.to_luma_alpha16().into()),
        (PngColor::Rgb,       8,  ColorType::Rgb8,   picture.to_rgb8().into()),
        (PngColor::Rgb,       16, ColorType::Rgb16,  picture.to_rgb16().into()),
        (PngColor::Rgba,      8,  ColorType::Rgba8,  picture.clone()),
        (PngColor::Rgba,      16, ColorType::Rgba16, picture.to_rgba16().into()),
    ];
    for (color, bit_depth, type_, expected) in cases {
        for interlaced in [false, true] {
            let options = PngOptions {
                color,
                bit_depth,
                interlaced,
                ..Default::default()
            };
            let actual = decoded(&png(&picture, &options));
            assert_eq!(actual.color(), type_, "{options:?}");
            assert_eq!(actual.as_bytes(), expected.as_bytes(), "{options:?}");
        }
    }
}

#[test]
fn low_depths_of_gray_have_evenly_spaced_levels() {
    let picture = DynamicImage::from(GrayImage::from_fn(256, 3, |x, _| Luma([x as u8])));
    for bit_depth in [1, 2, 4] {
        for interlaced in [false, true] {
            let options = PngOptions {
                color: PngColor::Gray,
                bit_depth,
                interlaced,
                ..Default::default()
            };
            let actual = decoded(&png(&picture, &options)).into_luma8();
            let step = 255.0 / f64::from((1_u32 << bit_depth) - 1);
            for (x, _, pixel) in actual.enumerate_pixels() {
                let expected = ((f64::from(x) / step).round() * step).round() as u8;
                assert_eq!(pixel.0, [expected], "gray {x} at {options:?}");
            }
        }
    }
}

#[test]
fn palettes_hold_the_colors_of_the_quadrants() {
    let picture = DynamicImage::from(quadrants(13, 11));
    for bit_depth in [2, 4, 8] {
        for interlaced in [false, true] {
            let options = PngOptions {
                color: PngColor::Palette,
                bit_depth,
                interlaced,
                ..Default::default()
            };
            assert_similar(&decoded(&png(&picture, &options)), &picture, f64::INFINITY);
        }
    }
}

#[test]
fn the_last_color_of_a_palette_can_be_transparent() {
    let picture = DynamicImage::from(with_alpha(&quadrants(40, 10)));
    let options = PngOptions {
        color: PngColor::PaletteAlpha,
        bit_depth: 4,
        ..Default::default()
    };
    let actual = decoded(&png(&picture, &options)).into_rgba8();
    for (x, y, pixel) in actual.enumerate_pixels() {
        assert_eq!(pixel.0[3], if x < 20 { 0 } else { 255 }, "alpha at {x},{y}");
    }
    assert_eq!(actual.get_pixel(30, 2).0, [0, 255, 0, 255]);
}

#[test]
fn pictures_smaller_than_a_pass_can_be_interlaced() {
    for (width, height) in [(1, 1), (1, 9), (5, 1), (3, 3), (8, 8), (9, 17)] {
        let picture = DynamicImage::from(gradient(width, height));
        let options = PngOptions {
            interlaced: true,
            ..Default::default()
        };
        assert_similar(&decoded(&png(&picture, &options)), &picture, f64::INFINITY);
    }
}

#[test]
fn metadata_is_found_by_a_reader() {
    let options = PngOptions {
        icc: Some(display_p3()),
        exif_orientation: Some(6),
        comment: Some(COMMENT),
        ..Default::default()
    };
    let file = png(&gradient(9, 9).into(), &options);
    let mut decoder = PngDecoder::new(Cursor::new(&file)).expect("a readable header");
    assert_eq!(decoder.icc_profile().expect("readable"), Some(display_p3()));
    assert_eq!(
        decoder.orientation().expect("readable"),
        Orientation::Rotate90
    );
    assert!(
        file.windows(COMMENT.len())
            .any(|window| window == COMMENT.as_bytes())
    );
}
