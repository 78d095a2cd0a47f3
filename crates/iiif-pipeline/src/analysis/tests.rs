use std::num::NonZeroU32;

use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;
use crate::ErrorKind;

/// The upper half in one color, the lower half in another.
fn two_halves(upper: [u8; 3], lower: [u8; 3]) -> DynamicImage {
    let image = RgbImage::from_fn(64, 40, |_, y| Rgb(if y < 20 { upper } else { lower }));
    DynamicImage::ImageRgb8(image)
}

fn asked(extractor: Extractor, count: u32) -> Analyses {
    let count = NonZeroU32::new(count).unwrap();
    let palette = PaletteOptions::default()
        .with_extractors(vec![ExtractorOptions::new(extractor, count)])
        .with_palettes(Vec::new());
    Analyses::default().with_palette(palette)
}

#[test]
fn nothing_asked_gives_an_empty_report() {
    let analyses = Analyses::default();
    assert!(analyses.is_empty());
    let report = analyze(&two_halves([0; 3], [255; 3]), &analyses).unwrap();
    assert_eq!(report, AnalysisReport::default());
    assert_eq!(serde_json::to_string(&report).unwrap(), "{}");
}

#[test]
fn each_analysis_makes_the_set_not_empty() {
    let sets = [
        Analyses::default().with_palette(PaletteOptions::default()),
        Analyses::default().with_blurhash(BlurHashOptions::default()),
        Analyses::default().with_image_hash(ImageHashOptions::default()),
    ];
    for set in sets {
        assert!(!set.is_empty(), "{set:?}");
    }
}

#[test]
fn a_report_has_the_json_shape_of_go_iiif() {
    let count = NonZeroU32::new(5).unwrap();
    let palette = PaletteOptions::default()
        .with_extractors(vec![ExtractorOptions::new(Extractor::Vibrant, count)])
        .with_palettes(vec![NamedPalette::Crayola]);
    let analyses = Analyses::default()
        .with_palette(palette)
        .with_image_hash(ImageHashOptions::default());
    let flat = two_halves([0xaf, 0x5c, 0x48], [0xaf, 0x5c, 0x48]);
    let json = serde_json::to_string(&analyze(&flat, &analyses).unwrap()).unwrap();
    assert_eq!(
        json,
        r##"{"palette":[{"name":"#af5c48","hex":"#af5c48","reference":"vibrant","##.to_owned()
            + r##""closest":[{"name":"Brown","hex":"#b4674d","reference":"crayola"}]}],"##
            + r#""imagehash":{"average":"a:0000000000000000","difference":"d:0000000000000000"}}"#
    );
}

#[test]
fn options_outside_their_range_are_refused() {
    let blurhash = BlurHashOptions::default();
    #[rustfmt::skip]
    let cases = [
        (Analyses::default().with_blurhash(blurhash.with_x_components(0)),  "`0`; expected 1 to 9"),
        (Analyses::default().with_blurhash(blurhash.with_x_components(10)), "`10`; expected 1 to 9"),
        (Analyses::default().with_blurhash(blurhash.with_y_components(0)),  "`0`; expected 1 to 9"),
        (Analyses::default().with_blurhash(blurhash.with_y_components(10)), "`10`; expected 1 to 9"),
        (Analyses::default().with_blurhash(blurhash.with_max_side_px(0)),   "`0`; expected at least 1 px"),
        (asked(Extractor::Quant, 257),                                      "`257`; expected 1 to 256"),
    ];
    let image = two_halves([0; 3], [255; 3]);
    for (analyses, expected) in cases {
        let error = analyze(&image, &analyses).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{analyses:?}");
        assert!(error.to_string().ends_with(expected), "{error}");
    }
}

#[test]
fn an_image_without_pixels_is_refused() {
    let empty = DynamicImage::new_rgb8(0, 7);
    let error = analyze(&empty, &Analyses::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reduction is 0x7; expected an image of at least 1x1 px"
    );
}

#[test]
fn every_pixel_type_gives_the_same_report() {
    let analyses = Analyses {
        palette: asked(Extractor::Vibrant, 5).palette,
        blurhash: Some(BlurHashOptions::default()),
        image_hash: Some(ImageHashOptions::default()),
    };
    let gray = two_halves([60; 3], [180; 3]);
    let expected = analyze(&gray, &analyses).unwrap();
    let variants = [
        DynamicImage::ImageLuma8(gray.to_luma8()),
        DynamicImage::ImageLumaA8(gray.to_luma_alpha8()),
        DynamicImage::ImageLuma16(gray.to_luma16()),
        DynamicImage::ImageLumaA16(gray.to_luma_alpha16()),
        DynamicImage::ImageRgba8(gray.to_rgba8()),
        DynamicImage::ImageRgb16(gray.to_rgb16()),
        DynamicImage::ImageRgba16(gray.to_rgba16()),
        DynamicImage::ImageRgb32F(gray.to_rgb32f()),
        DynamicImage::ImageRgba32F(gray.to_rgba32f()),
    ];
    for variant in variants {
        let color = variant.color();
        assert_eq!(analyze(&variant, &analyses).unwrap(), expected, "{color:?}");
    }
}

#[test]
fn an_image_of_one_pixel_has_every_analysis() {
    let extractors = [Extractor::Vibrant, Extractor::MarekM4, Extractor::Quant];
    let count = NonZeroU32::new(5).unwrap();
    let extractors = extractors.map(|extractor| ExtractorOptions::new(extractor, count));
    let analyses = Analyses::default()
        .with_palette(PaletteOptions::default().with_extractors(extractors.to_vec()))
        .with_blurhash(BlurHashOptions::default())
        .with_image_hash(ImageHashOptions::default());
    let pixel = DynamicImage::ImageRgba8(RgbaImage::from_pixel(1, 1, Rgba([200, 10, 20, 255])));
    let report = analyze(&pixel, &analyses).unwrap();
    let palette = report.palette.unwrap();
    let hexes: Vec<_> = palette.iter().map(|color| color.hex.as_str()).collect();
    assert_eq!(hexes, ["#c80a14"; 3]);
    assert_eq!(report.imagehash.unwrap().average, "a:0000000000000000");
    assert_eq!(report.blurhash.unwrap().len(), 132);
}

#[test]
fn hashes_see_transparent_pixels_as_white() {
    let analyses = Analyses::default()
        .with_blurhash(BlurHashOptions::default())
        .with_image_hash(ImageHashOptions::default());
    let transparent = RgbaImage::from_fn(64, 40, |_, y| {
        // 128 / 255 of black leave 127 of white.
        Rgba(if y < 20 {
            [90, 0, 0, 0]
        } else {
            [0, 0, 0, 128]
        })
    });
    assert_eq!(
        analyze(&DynamicImage::ImageRgba8(transparent), &analyses).unwrap(),
        analyze(&two_halves([255; 3], [127; 3]), &analyses).unwrap()
    );
}
