//! The many kinds of JPEG.

use iiif_pipeline::{ColorModel, DecodeLimits, ErrorKind, PixelLayout, SourceImage};
use iiif_testkit::compare::assert_similar;
use iiif_testkit::encode::{JpegColor, JpegOptions, SamplingFactor, jpeg};
use iiif_testkit::pattern::{gradient, photo};
use image::{DynamicImage, Rgb, RgbImage};

use crate::decode::{decode, levels, probe};

const WIDTH: u32 = 67;
const HEIGHT: u32 = 45;

#[test]
fn jpeg_of_every_kind_is_close_to_its_picture() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    let smooth = DynamicImage::from(gradient(WIDTH, HEIGHT));
    for progressive in [false, true] {
        let options = JpegOptions {
            quality: 98,
            progressive,
            ..JpegOptions::default()
        };
        let full = decode(jpeg(&picture, &options));
        assert_eq!(full.color(), image::ColorType::Rgb8);
        assert_similar(&full, &picture, 35.0);
        for sampling in [
            SamplingFactor::F_2_1,
            SamplingFactor::F_2_2,
            SamplingFactor::F_1_2,
        ] {
            let options = JpegOptions {
                sampling,
                ..options.clone()
            };
            // Colors of every other pixel are lost, which a smooth picture hardly shows.
            assert_similar(&decode(jpeg(&smooth, &options)), &smooth, 35.0);
        }
        let options = JpegOptions {
            color: JpegColor::Gray,
            ..options
        };
        let gray = decode(jpeg(&picture, &options));
        assert_eq!(gray.color(), image::ColorType::L8);
        assert_similar(&gray, &picture.to_luma8(), 35.0);
    }
}

#[test]
fn inks_of_adobe_jpeg_are_not_inverted() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    for color in [JpegColor::Cmyk, JpegColor::Ycck] {
        for progressive in [false, true] {
            let options = JpegOptions {
                quality: 98,
                color,
                progressive,
                ..JpegOptions::default()
            };
            let source = probe(jpeg(&picture, &options));
            assert_eq!(source.color_model(), ColorModel::Cmyk);
            assert_eq!(source.pixel_layout(), PixelLayout::RGB8);
            assert_similar(&source.decode().unwrap(), &picture, 35.0);
        }
    }
}

/// Returns a JPEG file with one more segment in front.
fn with_segment(file: &[u8], segment: &[u8]) -> Vec<u8> {
    [&file[..2], segment, &file[2..]].concat()
}

/// An Adobe segment with a transform: Adobe Technical Note 5116 §18.
fn adobe(transform: u8) -> Vec<u8> {
    let mut segment = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0".to_vec();
    segment.push(transform);
    segment
}

#[test]
fn jpeg_that_adobe_marks_as_untransformed_is_rgb() {
    // Gray is coded as Y = gray, Cb = Cr = 128. Marked as RGB, that is what the channels are.
    let file = jpeg(
        &levels(2),
        &JpegOptions {
            quality: 100,
            ..JpegOptions::default()
        },
    );
    let decoded = decode(with_segment(&file, &adobe(0))).into_rgb8();
    for (pixel, level) in decoded.pixels().zip(levels(2).to_luma8().pixels()) {
        let expected = [level.0[0], 128, 128];
        let is_close = pixel
            .0
            .iter()
            .zip(expected)
            .all(|(a, b)| a.abs_diff(b) <= 3);
        assert!(is_close, "{pixel:?} is not {expected:?}");
    }
    let marked = decode(with_segment(&file, &adobe(1)));
    assert_eq!(marked, decode(file));
}

#[test]
fn inks_without_the_mark_of_adobe_are_not_inverted() {
    // White paper is stored as 255 in all four channels; without the mark that is all ink.
    let white = DynamicImage::from(RgbImage::from_pixel(16, 16, Rgb([255; 3])));
    let options = JpegOptions {
        color: JpegColor::Cmyk,
        ..JpegOptions::default()
    };
    let mut file = jpeg(&white, &options);
    assert_eq!(decode(file.clone()), white);
    let mark = file
        .windows(7)
        .position(|bytes| bytes == b"\0\x0eAdobe")
        .unwrap();
    file[mark + 2] = b'B';
    let black = DynamicImage::from(RgbImage::from_pixel(16, 16, Rgb([0; 3])));
    assert_eq!(decode(file), black);
}

#[test]
fn profile_in_several_segments_is_put_together() {
    let profile: Vec<u8> = (0..150_000_u32).map(|index| (index / 7) as u8).collect();
    let options = JpegOptions {
        icc: Some(profile.clone()),
        ..JpegOptions::default()
    };
    let file = jpeg(&photo(16, 16).into(), &options);
    assert_eq!(probe(file.clone()).icc_profile(), Some(&profile[..]));
    let part = |number| {
        let start = [b"ICC_PROFILE\0", &[number, 3][..]].concat();
        let at = file.windows(start.len()).position(|bytes| bytes == start);
        // Before the marker and the length.
        at.unwrap() - 4
    };
    let (first, second, third) = (part(1), part(2), part(3));
    let swapped = [
        &file[..first],
        &file[second..third],
        &file[first..second],
        &file[third..],
    ];
    assert_eq!(probe(swapped.concat()).icc_profile(), Some(&profile[..]));
    let without_second = [&file[..second], &file[third..]].concat();
    assert_eq!(probe(without_second).icc_profile(), None);
}

#[test]
fn nonsense_in_the_scan_is_not_filled_with_gray() {
    for progressive in [false, true] {
        let options = JpegOptions {
            progressive,
            ..JpegOptions::default()
        };
        let mut file = jpeg(&photo(WIDTH, HEIGHT).into(), &options);
        let middle = file.len() / 2;
        // No code is all ones (ITU-T T.81 §C); 0xff is stored as 0xff 0.
        for pair in file[middle..middle + 32].as_chunks_mut::<2>().0 {
            *pair = [0xff, 0];
        }
        let outcome = probe(file).decode().map(|_| ());
        let kind = outcome.expect_err("no picture").kind();
        assert_eq!(kind, ErrorKind::Corrupt, "progressive: {progressive}");
    }
}

#[test]
fn what_a_jpeg_has_that_is_not_read_is_named() {
    let file = jpeg(&photo(16, 16).into(), &JpegOptions::default());
    let frame = file
        .windows(2)
        .position(|bytes| bytes == [0xff, 0xc0])
        .unwrap();
    let cases = [
        (frame + 1, 0xc3, "lossless coding"),
        (frame + 1, 0xc9, "arithmetic coding"),
        (frame + 4, 12, "12-bit samples"),
        (frame + 9, 2, "2 components"),
    ];
    for (at, value, feature) in cases {
        let mut changed = file.clone();
        changed[at] = value;
        let error = SourceImage::probe(changed, &DecodeLimits::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(feature), "{error}");
    }
}

#[test]
fn subsampled_inks_are_refused_rather_than_mixed_up() {
    let options = JpegOptions {
        color: JpegColor::Cmyk,
        sampling: SamplingFactor::F_2_1,
        ..JpegOptions::default()
    };
    let file = jpeg(&photo(64, 48).into(), &options);
    let error = SourceImage::probe(file, &DecodeLimits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("subsampled inks"), "{error}");
}

/// Four chromas become one, in a scan for each component (ITU-T T.81 §A.2.2).
fn scan_for_each_component() -> (DynamicImage, Vec<u8>) {
    let smooth = DynamicImage::from(gradient(61, 45));
    let options = JpegOptions {
        quality: 98,
        sampling: SamplingFactor::F_4_2,
        ..JpegOptions::default()
    };
    let file = jpeg(&smooth, &options);
    (smooth, file)
}

#[cfg(feature = "turbojpeg")]
#[test]
fn subsampled_components_may_have_scans_of_their_own() {
    let (smooth, file) = scan_for_each_component();
    // Eight pixels share a color; mixed up blocks are below 10 dB.
    assert_similar(&decode(file), &smooth, 30.0);
}

#[cfg(not(feature = "turbojpeg"))]
#[test]
fn subsampled_components_in_scans_of_their_own_are_refused_rather_than_mixed_up() {
    let (_, file) = scan_for_each_component();
    let error = SourceImage::probe(file, &DecodeLimits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let expected = "subsampled components in scans of their own";
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn coefficients_of_a_progressive_jpeg_are_counted() {
    let picture = DynamicImage::from(photo(640, 480));
    let bytes = |progressive| {
        let options = JpegOptions {
            progressive,
            ..JpegOptions::default()
        };
        probe(jpeg(&picture, &options)).decoded_bytes()
    };
    // Three channels of 16-bit coefficients beside the raster: twice as much again.
    assert!(bytes(true) >= bytes(false) + 640 * 480 * 3 * 2);
}
