use bytes::Bytes;
use iiif_image_api::{DerivativeRequest, RenderPlan, ResolveOptions};
use iiif_testkit::compare;
use iiif_testkit::encode::{JpegColor, JpegOptions, SamplingFactor, jpeg};
use iiif_testkit::pattern;
use image::{DynamicImage, RgbImage};
use jpeg_encoder::{ColorType, Encoder};

use super::super::{choose, decode, pure, read_header};
use super::*;
use crate::decode::{Decoding, Need};
use crate::render::Renderer;
use crate::{DecodeLimits, SourceImage};

/// Those whose components share a scan.
const SAMPLINGS: [SamplingFactor; 4] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_2_2,
    SamplingFactor::F_1_2,
];

/// Those whose components are in scans of their own.
const SAMPLINGS_APART: [SamplingFactor; 4] = [
    SamplingFactor::F_4_1,
    SamplingFactor::F_4_2,
    SamplingFactor::F_1_4,
    SamplingFactor::F_2_4,
];

fn file(picture: RgbImage, sampling: SamplingFactor, quality: u8) -> Vec<u8> {
    let options = JpegOptions {
        quality,
        sampling,
        ..JpegOptions::default()
    };
    jpeg(&picture.into(), &options)
}

fn with_segment(file: &[u8], segment: &[u8]) -> Vec<u8> {
    [&file[..2], segment, &file[2..]].concat()
}

/// An Adobe segment with a transform: Adobe Technical Note 5116 §18.
fn adobe(transform: u8) -> Vec<u8> {
    [&b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"[..], &[transform]].concat()
}

fn samples(file: &[u8]) -> Vec<u8> {
    let frame = Frame::read(file).expect("a frame");
    read_samples(file, &frame, Shrink::NONE).expect("samples")
}

#[track_caller]
fn assert_near_the_other(file: &[u8], case: &str) {
    let frame = Frame::read(file).expect("a frame");
    let theirs = pure::read_samples(file, &frame, Shrink::NONE).expect("samples");
    let ours = samples(file);
    assert_eq!(ours.len(), theirs.len(), "{case}");
    let deltas = || ours.iter().zip(&theirs).map(|(a, b)| a.abs_diff(*b));
    let largest = deltas().max().unwrap_or(0);
    let mean = deltas().map(f64::from).sum::<f64>() / ours.len() as f64;
    assert!(
        largest <= MAX_DISTANCE && mean <= MEAN_DISTANCE,
        "{case}: {largest}, {mean}"
    );
}

#[test]
fn both_back_ends_decode_to_nearly_the_same_samples() {
    for (width, height) in [(331, 247), (17, 9), (64, 48), (1, 1)] {
        let pictures = [
            pattern::photo(width, height),
            pattern::gradient(width, height),
            pattern::quadrants(width, height),
        ];
        for picture in pictures.map(DynamicImage::from) {
            for sampling in [SAMPLINGS, SAMPLINGS_APART].concat() {
                for progressive in [false, true] {
                    if !progressive && SAMPLINGS_APART.contains(&sampling) {
                        // The other back end refuses these.
                        continue;
                    }
                    for quality in [50, 80, 95] {
                        for color in [JpegColor::Gray, JpegColor::Rgb] {
                            let options = JpegOptions {
                                quality,
                                progressive,
                                sampling,
                                color,
                                ..JpegOptions::default()
                            };
                            let case = format!("{width}x{height} {options:?}");
                            assert_near_the_other(&jpeg(&picture, &options), &case);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn colors_that_are_not_transformed_are_those_of_the_other_back_end() {
    for sampling in SAMPLINGS {
        let file = file(pattern::photo(67, 45), sampling, 90);
        assert_near_the_other(&with_segment(&file, &adobe(0)), "transform 0 beside JFIF");
        let mut named = file;
        for (marker, from) in [([0xff, 0xc0], 10), ([0xff, 0xda], 5)] {
            let start = named.windows(2).position(|bytes| bytes == marker);
            let (start, step) = (start.expect("a segment") + from, (from - 2) / 3 + 1);
            for (index, name) in b"RGB".iter().enumerate() {
                named[start + index * step] = *name;
            }
        }
        assert_near_the_other(&named, "components `R`, `G` and `B` beside JFIF");
    }
}

#[test]
fn metadata_that_the_library_warns_of_changes_nothing() {
    let file = file(pattern::photo(67, 45), SamplingFactor::F_2_2, 90);
    let expected = samples(&file);
    let jfif = file.windows(5).position(|bytes| bytes == b"JFIF\0");
    let mut version_2 = file.clone();
    version_2[jfif.expect("a JFIF segment") + 5] = 2;
    let half_profile = b"\xff\xe2\0\x14ICC_PROFILE\0\x01\x02part";
    let cases = [
        version_2,
        with_segment(&file, half_profile),
        with_segment(&file, &adobe(1)),
        with_segment(&file, &adobe(2)),
    ];
    for (index, file) in cases.iter().enumerate() {
        assert!(samples(file) == expected, "case {index}");
    }
}

#[test]
fn too_many_scans_are_refused_by_both_back_ends() {
    let picture = pattern::photo(64, 48);
    let with_scans = |color, samples: &[u8]| {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, 90);
        encoder.set_progressive_scans(33);
        encoder.encode(samples, 64, 48, color).expect("encoded");
        file
    };
    // 32 scans of AC coefficients for each component, and one of DC coefficients for all.
    let gray = DynamicImage::from(picture.clone()).into_luma8();
    let cases = [
        (with_scans(ColorType::Luma, &gray), true),
        (with_scans(ColorType::Rgb, &picture), false),
    ];
    for (file, is_read) in cases {
        let frame = Frame::read(&file).expect("a frame");
        assert_eq!(read_samples(&file, &frame, Shrink::NONE).is_ok(), is_read);
        assert_eq!(
            pure::read_samples(&file, &frame, Shrink::NONE).is_ok(),
            is_read
        );
    }
}

/// Averages squares of pixels, less at the right and the bottom, as a plain loop.
fn averaged(image: &RgbImage, square: u32) -> RgbImage {
    let (width, height) = image.dimensions();
    RgbImage::from_fn(width.div_ceil(square), height.div_ceil(square), |x, y| {
        let columns = x * square..((x + 1) * square).min(width);
        let rows = y * square..((y + 1) * square).min(height);
        let count = (columns.len() * rows.len()) as u32;
        image::Rgb([0, 1, 2].map(|channel| {
            let of_row = |y| {
                let samples = columns
                    .clone()
                    .map(move |x| image.get_pixel(x, y).0[channel]);
                samples.map(u32::from).sum::<u32>()
            };
            ((rows.clone().map(of_row).sum::<u32>() + count / 2) / count) as u8
        }))
    })
}

#[test]
fn reduced_images_are_close_to_the_average_of_pixels() {
    for picture in [pattern::photo(331, 247), pattern::gradient(331, 247)] {
        for sampling in [SamplingFactor::F_1_1, SamplingFactor::F_2_2] {
            for quality in [80, 95] {
                let file = Bytes::from(file(picture.clone(), sampling, quality));
                let header = read_header(&file, &DecodeLimits::default()).expect("a header");
                let at = |shrink| {
                    let decoding = Decoding {
                        shrink,
                        ..Decoding::full(&header)
                    };
                    decode(&file, &header, &decoding)
                        .expect("decoded")
                        .into_rgb8()
                };
                let full = at(Shrink::NONE);
                for square in [2, 4, 8] {
                    let expected = averaged(&full, square);
                    compare::assert_similar(&at(Shrink::by(square)), &expected, REDUCED_PSNR_DB);
                }
            }
        }
    }
}

#[test]
fn what_is_scaled_from_a_reduced_image_is_close_to_what_is_scaled_from_all_of_it() {
    for picture in [pattern::photo(960, 640), pattern::photo(961, 643)] {
        let file = Bytes::from(file(picture, SamplingFactor::F_2_2, 90));
        let limits = DecodeLimits::default();
        let header = read_header(&file, &limits).expect("a header");
        let source = SourceImage::probe(file, &limits).expect("an image");
        let scaled = |width: u32, decoding: &Decoding| {
            let request: DerivativeRequest =
                format!("full/{width},/0/default.png").parse().unwrap();
            let plan = RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default());
            let raster = source.decode_as(decoding).expect("a raster");
            let renderer = Renderer::new(&raster).expect("a renderer");
            let image = renderer.render(&plan.expect("a plan")).expect("rendered");
            image.into_owned().into_rgb8()
        };
        for block in REDUCED_BLOCKS {
            let shrink = Shrink::new(BLOCK_EDGE, block.edge);
            let width = (960.0 / shrink.then(block.least_left).pixels_per_pixel()) as u32;
            let reduced = Decoding {
                shrink,
                ..Decoding::full(&header)
            };
            let expected = scaled(width, &Decoding::full(&header));
            compare::assert_similar(&scaled(width, &reduced), &expected, SCALED_PSNR_DB);
        }
    }
}

#[test]
fn coarser_colors_are_known() {
    // Reduced blocks of chroma have the edge of those of luma (5, 4, 2, 1), or twice and four times
    // that where both their sides are subsampled.
    let cases = [
        (SamplingFactor::F_1_1, [16, 20, 40, 80]),
        (SamplingFactor::F_2_1, [32, 40, 80, 160]),
        (SamplingFactor::F_1_2, [32, 40, 80, 160]),
        (SamplingFactor::F_2_2, [16, 20, 40, 80]),
        (SamplingFactor::F_4_1, [64, 80, 160, 320]),
        (SamplingFactor::F_4_2, [16, 20, 80, 160]),
    ];
    for (sampling, expected) in cases {
        let file = file(pattern::photo(64, 64), sampling, 90);
        let frame = Frame::read(&file).expect("a frame");
        let tenths = |block: ReducedBlock| {
            let shrink = color_shrink(&frame, block.edge);
            (10.0 * shrink.pixels_per_pixel()).round() as u32
        };
        let actual = REDUCED_BLOCKS.map(tenths);
        assert_eq!(actual, expected, "{sampling:?}");
    }
}

#[test]
fn an_image_is_reduced_as_far_as_a_plan_and_its_colors_allow() {
    let cases = [
        ("full/640,/0/default.png", SamplingFactor::F_2_2, 8),
        ("full/267,/0/default.png", SamplingFactor::F_2_2, 8),
        ("full/266,/0/default.png", SamplingFactor::F_2_2, 5),
        ("full/214,/0/default.png", SamplingFactor::F_1_1, 5),
        ("full/213,/0/default.png", SamplingFactor::F_1_1, 4),
        ("full/129,/0/default.png", SamplingFactor::F_1_1, 4),
        ("full/128,/0/default.png", SamplingFactor::F_1_1, 2),
        ("full/64,/0/default.png", SamplingFactor::F_2_2, 1),
        ("full/10,/0/default.png", SamplingFactor::F_2_2, 1),
        ("0,0,320,240/128,/0/default.png", SamplingFactor::F_2_2, 5),
        ("full/256,/0/default.png", SamplingFactor::F_2_1, 8),
        ("full/128,/0/default.png", SamplingFactor::F_2_1, 5),
        ("full/106,/0/default.png", SamplingFactor::F_2_1, 4),
    ];
    for (request, sampling, edge) in cases {
        let file = Bytes::from(file(pattern::photo(640, 480), sampling, 80));
        let limits = DecodeLimits::default();
        let source = SourceImage::probe(file.clone(), &limits).expect("an image");
        let asked: DerivativeRequest = request.parse().expect("a request");
        let plan = RenderPlan::resolve(&asked, source.geometry(), &ResolveOptions::default());
        let need = Need::of_plan(&plan.expect("a plan"));
        let header = read_header(&file, &limits).expect("a header");
        let decoding = choose(&header, need);
        let expected = Shrink::new(BLOCK_EDGE, edge);
        assert_eq!(decoding.shrink, expected, "{request} {sampling:?}");
    }
}
