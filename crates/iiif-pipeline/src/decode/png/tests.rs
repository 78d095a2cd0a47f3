//! Reductions and parts against decodes of everything.

use iiif_image_api::{DerivativeRequest, Dimensions, RenderPlan, ResolveOptions};
use iiif_testkit::encode::{PngColor, PngOptions, png};
use iiif_testkit::pattern::{photo, with_alpha};

use super::*;
use crate::SourceImage;
use crate::shrink::shrink_image;

const SIZE: (u32, u32) = (203, 157);

fn source(options: &PngOptions) -> SourceImage {
    probe(png(&with_alpha(&photo(SIZE.0, SIZE.1)).into(), options))
}

fn probe(file: Vec<u8>) -> SourceImage {
    SourceImage::probe(file, &DecodeLimits::default()).unwrap()
}

fn need(source: &SourceImage, request: &str) -> Need {
    let request: DerivativeRequest = request.parse().unwrap();
    let plan = RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default());
    Need::of_plan(&plan.unwrap())
}

fn every_kind() -> impl Iterator<Item = PngOptions> {
    [
        (PngColor::Gray, 1),
        (PngColor::Gray, 8),
        (PngColor::Gray, 16),
        (PngColor::GrayAlpha, 8),
        (PngColor::GrayAlpha, 16),
        (PngColor::Rgb, 8),
        (PngColor::Rgb, 16),
        (PngColor::Rgba, 8),
        (PngColor::Rgba, 16),
        (PngColor::Palette, 2),
        (PngColor::PaletteAlpha, 8),
    ]
    .into_iter()
    .map(|(color, bit_depth)| PngOptions {
        color,
        bit_depth,
        ..PngOptions::default()
    })
}

#[test]
fn reductions_are_averages_of_the_whole_raster() {
    let full = PixelRect::full(Dimensions::new(SIZE.0, SIZE.1).unwrap());
    for options in every_kind() {
        let source = source(&options);
        let whole = source.decode().unwrap();
        for (request, shrink) in [
            ("full/52,/0/default.jpg", 1),
            ("full/50,/0/default.jpg", 2),
            ("full/33,/0/default.jpg", 3),
            ("full/1,1/0/default.jpg", 78),
        ] {
            let decoding = source.choose(need(&source, request));
            assert_eq!(decoding.shrink.factor(), shrink, "{request}");
            let decoded = source.decode_as(&decoding).unwrap().image;
            let expected = shrink_image(&whole, full, shrink).unwrap();
            assert!(decoded == expected, "{request} {options:?}");
        }
    }
}

#[test]
fn parts_are_whole_rows_down_to_the_last_that_counts() {
    let full = PixelRect::full(Dimensions::new(SIZE.0, SIZE.1).unwrap());
    for options in every_kind() {
        let source = source(&options);
        let whole = source.decode().unwrap();
        let decoding = source.choose(need(&source, "100,60,30,20/full/0/default.jpg"));
        assert_eq!(decoding.window.to_string(), "0,60,203,20");
        assert_eq!(decoding.work_px, 203 * 80);
        let decoded = source.decode_as(&decoding).unwrap().image;
        assert!(decoded == whole.crop_imm(0, 60, 203, 20), "{options:?}");

        // Blocks of three rows start at multiples of three, whatever the window asks for.
        let decoding = source.choose(need(&source, "0,100,60,57/9,/0/default.jpg"));
        assert_eq!((decoding.shrink.factor(), decoding.window.y() % 3), (3, 0));
        let decoded = source.decode_as(&decoding).unwrap().image;
        let top = decoding.window.y() / 3;
        let reduced = shrink_image(&whole, full, 3).unwrap();
        let expected = reduced.crop_imm(0, top, reduced.width(), reduced.height() - top);
        assert!(decoded == expected, "{options:?}");
    }
}

#[test]
fn damage_below_the_window_is_not_seen() {
    let file = png(&photo(SIZE.0, SIZE.1).into(), &PngOptions::default());
    let cut = probe(file[..file.len() * 3 / 4].to_vec());
    let whole = probe(file).decode().unwrap();
    assert!(matches!(cut.decode(), Err(Error::Corrupt { .. })));
    let decoding = cut.choose(need(&cut, "0,0,203,60/full/0/default.jpg"));
    let decoded = cut.decode_as(&decoding).unwrap().image;
    assert_eq!(decoded, whole.crop_imm(0, 0, 203, 60));
    let bottom = cut.choose(need(&cut, "0,100,203,57/full/0/default.jpg"));
    assert!(matches!(cut.decode_as(&bottom), Err(Error::Corrupt { .. })));
}

#[test]
fn interlaced_images_are_decoded_whole() {
    let options = PngOptions {
        interlaced: true,
        ..PngOptions::default()
    };
    let interlaced = source(&options);
    let decoding = interlaced.choose(need(&interlaced, "0,100,20,20/5,/0/default.jpg"));
    assert_eq!(decoding.window.to_string(), "0,0,203,157");
    assert_eq!(decoding.shrink, Shrink::NONE);
    let straight = source(&PngOptions::default());
    assert_eq!(interlaced.decode().unwrap(), straight.decode().unwrap());
}

#[test]
fn reductions_hold_far_less_than_the_raster() {
    let file = png(&photo(2000, 4000).into(), &PngOptions::default());
    let source = probe(file);
    let decoding = source.choose(need(&source, "full/200,/0/default.jpg"));
    let (raster_bytes, scratch_bytes) = source.bytes_of(&decoding);
    assert_eq!(raster_bytes, 400 * 800 * 3);
    // Twelve rows of pixels, sums of at most six bytes per sample, and tables.
    assert!(scratch_bytes < 18 * 2000 * 3 + (2 << 20), "{scratch_bytes}");
}
