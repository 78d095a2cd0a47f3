use iiif_testkit::{compare, pattern};
use image::DynamicImage;

use super::super::pure;
use super::*;
use crate::{DecodeLimits, SourceImage};

const WIDTH: u16 = 331;
const HEIGHT: u16 = 247;

fn psnr(file: &[u8], image: &DynamicImage) -> f64 {
    let source = SourceImage::probe(file.to_vec(), &DecodeLimits::default());
    let decoded = source.and_then(|source| source.decode()).expect("decoded");
    compare::psnr(&decoded, image)
}

/// Every combination of what can be asked for, at low, usual and high quality.
fn all_options() -> Vec<EncodeOptions> {
    let mut all = Vec::new();
    for sampling in [
        ChromaSampling::Full,
        ChromaSampling::Horizontal,
        ChromaSampling::Quarter,
    ] {
        for scans in [JpegScans::Baseline, JpegScans::Progressive] {
            for quality in [30, 80, 95] {
                let options = EncodeOptions::default().with_jpeg_sampling(sampling);
                all.push(options.with_jpeg_scans(scans).with_jpeg_quality(quality));
            }
        }
    }
    all
}

#[test]
fn files_of_both_back_ends_are_as_good_and_as_long() {
    let (width, height) = (WIDTH.into(), HEIGHT.into());
    let pictures = [
        pattern::photo(width, height),
        pattern::gradient(width, height),
        pattern::quadrants(width, height),
    ];
    for picture in pictures.map(DynamicImage::from) {
        for image in [picture.to_luma8().into(), picture] {
            let rows = Rows {
                samples: image.as_bytes(),
                width: WIDTH,
                height: HEIGHT,
                channels: usize::from(image.color().channel_count()),
            };
            for options in all_options() {
                let ours = encode(rows, &options).expect("encoded");
                let theirs = pure::encode(rows, &options).expect("encoded");
                let distance = (psnr(&ours, &image) - psnr(&theirs, &image)).abs();
                assert!(distance <= DISTANCE_DB, "{distance} dB: {options:?}");
                let longest = theirs.len() as f64 * LENGTH_RATIO;
                assert!(ours.len() as f64 <= longest, "{options:?}");
            }
        }
    }
}
