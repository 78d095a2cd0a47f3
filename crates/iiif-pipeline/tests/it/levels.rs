//! What a source says of itself before it is decoded: its levels, its tiles, its resolution.

use bytes::Bytes;
use iiif_image_api::Dimensions;
use iiif_pipeline::{DecodeLimits, Resolution, SourceImage};
use iiif_testkit::encode::{JpegOptions, Layout, PngOptions, TiffOptions, jpeg, png, tiff};
use iiif_testkit::pattern::photo;
use image::DynamicImage;

use crate::decode::probe;

#[test]
fn a_source_tells_its_levels_and_tiles_upright() {
    let size = |width, height| Dimensions::new(width, height).unwrap();
    let options = TiffOptions {
        layout: Layout::Tiles {
            width: 64,
            height: 32,
        },
        overviews: 2,
        ..TiffOptions::default()
    };
    let source = probe(tiff(&photo(300, 200).into(), &options));
    let levels = [size(300, 200), size(150, 100), size(75, 50)];
    assert_eq!(source.levels().collect::<Vec<_>>(), levels);
    assert_eq!(source.tile_dimensions(), Some(size(64, 32)));

    let turned = TiffOptions {
        orientation: Some(6),
        ..options
    };
    let source = probe(tiff(&photo(300, 200).into(), &turned));
    let levels = [size(200, 300), size(100, 150), size(50, 75)];
    assert_eq!(source.levels().collect::<Vec<_>>(), levels);
    assert_eq!(source.tile_dimensions(), Some(size(32, 64)));

    let strips = probe(tiff(&photo(300, 200).into(), &TiffOptions::default()));
    let jpeg = probe(jpeg(&photo(30, 20).into(), &JpegOptions::default()));
    for (source, full) in [(strips, size(300, 200)), (jpeg, size(30, 20))] {
        assert_eq!(source.levels().collect::<Vec<_>>(), [full]);
        assert_eq!(source.tile_dimensions(), None);
    }
}

fn assert_resolution(source: &SourceImage, x_per_inch: f64, y_per_inch: f64) {
    let Resolution { x_per_cm, y_per_cm } = source.resolution().expect("stated");
    let is_near = |per_cm: f64, per_inch: f64| (per_cm * 2.54 - per_inch).abs() < 1e-9;
    let is_right = is_near(x_per_cm, x_per_inch) && is_near(y_per_cm, y_per_inch);
    assert!(is_right, "{x_per_cm} x {y_per_cm}");
}

#[test]
fn a_source_tells_its_resolution_upright() {
    let picture: DynamicImage = photo(30, 20).into();
    assert_resolution(&probe(tiff(&picture, &TiffOptions::default())), 72.0, 72.0);

    let file = jpeg(&picture, &JpegOptions::default());
    let density = file
        .windows(5)
        .position(|window| window == b"JFIF\0")
        .unwrap()
        + 7;
    let with = |unit: u8, x: u8, y: u8, file: &[u8]| {
        let mut file = file.to_vec();
        file[density..density + 5].copy_from_slice(&[unit, 0, x, 0, y]);
        probe(file)
    };
    assert_resolution(&with(1, 150, 75, &file), 150.0, 75.0);
    assert_resolution(&with(2, 100, 50, &file), 254.0, 127.0);
    assert_eq!(with(0, 1, 1, &file).resolution(), None);
    assert_eq!(with(1, 0, 1, &file).resolution(), None);
    let turned = JpegOptions {
        exif_orientation: Some(8),
        ..JpegOptions::default()
    };
    assert_resolution(&with(1, 150, 75, &jpeg(&picture, &turned)), 75.0, 150.0);

    let file = png(&picture, &PngOptions::default());
    assert_eq!(probe(file.clone()).resolution(), None);
    let with = |unit: u8| {
        let chunk = [&b"pHYs"[..], &[0, 0, 0x27, 0x10, 0, 0, 0x4e, 0x20, unit]].concat();
        let checksum = crc32(&chunk).to_be_bytes();
        let chunk = [&[0, 0, 0, 9][..], &chunk, &checksum].concat();
        // Behind the signature and IHDR.
        probe([&file[..33], &chunk, &file[33..]].concat())
    };
    assert_resolution(&with(1), 254.0, 508.0);
    assert_eq!(with(0).resolution(), None);
}

/// The checksum of PNG: annex D.
fn crc32(bytes: &[u8]) -> u32 {
    let byte = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(u32::MAX, byte)
}

#[test]
fn a_source_counts_what_it_comes_to_hold() {
    let profile = vec![7; 5000];
    let options = TiffOptions {
        layout: Layout::Tiles {
            width: 16,
            height: 16,
        },
        icc: Some(profile.clone()),
        ..TiffOptions::default()
    };
    let file = Bytes::from(tiff(&photo(1600, 1600).into(), &options));
    let limits = DecodeLimits::default();
    let in_parts = SourceImage::open(file.clone(), &limits).unwrap();
    // An offset and a length of each of 10,000 tiles.
    let kept = in_parts.header_bytes();
    assert!((165_000..170_000).contains(&kept), "{kept}");
    let length = file.len() as u64;
    let in_memory = SourceImage::probe(file, &limits).unwrap();
    assert_eq!(in_memory.header_bytes(), kept);
    assert_eq!(in_memory.held_bytes(), length);

    let options = PngOptions {
        icc: Some(profile),
        ..PngOptions::default()
    };
    let file = Bytes::from(png(&photo(40, 30).into(), &options));
    let in_parts = SourceImage::open(file, &limits).unwrap();
    let kept = in_parts.header_bytes();
    assert!((5000..9000).contains(&kept), "{kept}");
}
