//! JPEG and WebP inside TIFF.

use iiif_pipeline::ErrorKind;
use iiif_testkit::compare::assert_similar;
use iiif_testkit::encode::{
    Compression, Layout, Photometric, TiffOptions, WebpOptions, tiff, webp,
};
use iiif_testkit::pattern::{gradient, photo, with_alpha};
use image::DynamicImage;

use crate::decode::{decode, probe};
use crate::tiff::{HEIGHT, LAYOUTS, WIDTH, by_hand};

#[test]
fn jpeg_inside_is_close_to_its_picture() {
    let picture = DynamicImage::from(gradient(WIDTH, HEIGHT));
    for compression in [Compression::Jpeg, Compression::JpegWithTables] {
        for layout in [
            Layout::Strips { rows: 16 },
            Layout::Tiles {
                width: 32,
                height: 16,
            },
        ] {
            for photometric in [Photometric::Rgb, Photometric::YCbCr] {
                let options = TiffOptions {
                    compression,
                    layout,
                    photometric,
                    ..TiffOptions::default()
                };
                assert_similar(&decode(tiff(&picture, &options)), &picture, 35.0);
            }
            let photometric = Photometric::MinIsBlack;
            let options = TiffOptions {
                compression,
                layout,
                photometric,
                ..TiffOptions::default()
            };
            let decoded = decode(tiff(&picture, &options));
            assert_similar(&decoded, &picture.to_luma8(), 35.0);
        }
    }
}

#[test]
fn lossless_webp_inside_is_exact() {
    let picture = photo(WIDTH, HEIGHT);
    for (picture, alpha) in [
        (DynamicImage::from(picture.clone()), false),
        (with_alpha(&picture).into(), true),
    ] {
        for layout in LAYOUTS {
            let options = TiffOptions {
                compression: Compression::WebP,
                layout,
                alpha,
                ..TiffOptions::default()
            };
            assert_eq!(decode(tiff(&picture, &options)), picture, "{options:?}");
        }
    }
}

/// Returns a TIFF of a tile of 16 x 16 pixels, with a `WebP` file of any size in it.
fn webp_tile(webp: &[u8], samples: u32) -> Vec<u8> {
    let length = [webp.len() as u32];
    let bits = vec![8; samples as usize];
    let fields: [(u16, &[u32]); 10] = [
        (256, &[16]),
        (257, &[16]),
        (258, &bits),
        (259, &[50_001]),
        (262, &[2]),
        (277, &[samples]),
        (322, &[16]),
        (323, &[16]),
        (324, &[8]),
        (325, &length),
    ];
    by_hand(&fields, webp)
}

#[test]
fn webp_inside_has_the_channels_of_its_page_and_the_size_of_its_tile() {
    let plain = WebpOptions::default();
    let opaque = DynamicImage::from(photo(16, 16));
    let shown = decode(webp_tile(&webp(&opaque, &plain), 4));
    assert_eq!(shown, opaque.to_rgba8().into());
    let with_alpha = DynamicImage::from(with_alpha(&photo(16, 16)));
    let shown = decode(webp_tile(&webp(&with_alpha, &plain), 3));
    assert_eq!(shown, with_alpha.to_rgb8().into());
    // Too narrow, too wide, too low, too high.
    for (width, height) in [(15, 16), (17, 16), (16, 15), (16, 17)] {
        let other = webp(&photo(width, height).into(), &plain);
        let error = probe(webp_tile(&other, 3)).decode().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{width}x{height}");
    }
}
