//! The many kinds of TIFF.

use iiif_image_api::Dimensions;
use iiif_pipeline::{ColorModel, Error};
use iiif_testkit::compare::max_delta;
use iiif_testkit::encode::{
    ByteOrder, Compression, Layout, Photometric, Planar, Predictor, TiffOptions, tiff,
};
use iiif_testkit::pattern::{photo, quadrants, with_alpha};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage};

use crate::decode::{decode, deep, levels, probe};
use crate::pyramid::derive;

pub(crate) const WIDTH: u32 = 67;
pub(crate) const HEIGHT: u32 = 45;

pub(crate) const LAYOUTS: [Layout; 3] = [
    Layout::Strips { rows: 7 },
    Layout::Strips { rows: HEIGHT },
    Layout::Tiles {
        width: 16,
        height: 32,
    },
];

const LOSSLESS: [Compression; 4] = [
    Compression::None,
    Compression::Lzw,
    Compression::Deflate,
    Compression::PackBits,
];

/// Every layout with every lossless compression, in both byte orders and offset sizes.
fn variants(base: &TiffOptions) -> impl Iterator<Item = TiffOptions> {
    let sizes = [
        (ByteOrder::Little, false),
        (ByteOrder::Big, false),
        (ByteOrder::Little, true),
    ];
    LAYOUTS.into_iter().flat_map(move |layout| {
        LOSSLESS.into_iter().flat_map(move |compression| {
            sizes
                .into_iter()
                .map(move |(byte_order, big_tiff)| TiffOptions {
                    layout,
                    compression,
                    byte_order,
                    big_tiff,
                    ..base.clone()
                })
        })
    })
}

fn assert_exact(picture: &DynamicImage, base: &TiffOptions) {
    for options in variants(base) {
        assert_eq!(&decode(tiff(picture, &options)), picture, "{options:?}");
    }
}

#[test]
fn rgb_is_exact_in_every_layout_chunky_and_planar() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    for planar in [Planar::Chunky, Planar::Planar] {
        assert_exact(
            &picture,
            &TiffOptions {
                planar,
                ..TiffOptions::default()
            },
        );
        let deep_options = TiffOptions {
            planar,
            bits: 16,
            ..TiffOptions::default()
        };
        assert_exact(&deep(), &deep_options);
    }
}

#[test]
fn gray_of_every_depth_is_exact_with_either_meaning_of_zero() {
    for photometric in [Photometric::MinIsBlack, Photometric::MinIsWhite] {
        for bits in [1, 2, 4, 8] {
            let options = TiffOptions {
                photometric,
                bits,
                ..TiffOptions::default()
            };
            assert_exact(&levels(bits.into()), &options);
        }
        let options = TiffOptions {
            photometric,
            bits: 16,
            ..TiffOptions::default()
        };
        assert_exact(&deep().to_luma16().into(), &options);
    }
}

/// A picture that has only colors of `bits` per sample: `stored * full / highest`, rounded half up.
fn scaled(bits: u8) -> DynamicImage {
    let highest = (1 << bits) - 1;
    let full = if bits > 8 { 0xffff } else { 0xff };
    let sample = |stored: u32| ((stored & highest) * full + highest / 2) / highest;
    let pixel = |x, y| [x * 977 + y, y * 1451, x * y * 21].map(sample);
    if bits > 8 {
        let pixel = |x, y| Rgb(pixel(x, y).map(|sample| sample as u16));
        return ImageBuffer::from_fn(WIDTH, HEIGHT, pixel).into();
    }
    let pixel = |x, y| Rgb(pixel(x, y).map(|sample| sample as u8));
    RgbImage::from_fn(WIDTH, HEIGHT, pixel).into()
}

#[test]
fn samples_of_every_size_are_scaled_to_the_full_range() {
    for bits in 1..=16 {
        let picture = scaled(bits);
        for planar in [Planar::Chunky, Planar::Planar] {
            let options = TiffOptions {
                bits,
                planar,
                ..TiffOptions::default()
            };
            assert_exact(&picture, &options);
        }
        // One channel of it is gray of so many bits.
        let gray = if bits > 8 {
            let picture = picture.to_rgb16();
            let gray = |x, y| Luma([picture.get_pixel(x, y).0[0]]);
            DynamicImage::from(ImageBuffer::from_fn(WIDTH, HEIGHT, gray))
        } else {
            let picture = picture.to_rgb8();
            let gray = |x, y| Luma([picture.get_pixel(x, y).0[0]]);
            DynamicImage::from(GrayImage::from_fn(WIDTH, HEIGHT, gray))
        };
        for photometric in [Photometric::MinIsBlack, Photometric::MinIsWhite] {
            let options = TiffOptions {
                bits,
                photometric,
                ..TiffOptions::default()
            };
            assert_exact(&gray, &options);
        }
    }
}

/// Three pixels are four bytes and a half, filled up to five, whatever the byte order is.
#[test]
fn twelve_bits_are_taken_from_the_highest_on() {
    let fields: &Fields<'_> = &[
        (256, &[3]),
        (257, &[2]),
        (258, &[12]),
        (259, &[1]),
        (262, &[1]),
        (273, &[8]),
        (277, &[1]),
        (278, &[2]),
        (279, &[10]),
    ];
    let rows = [
        [0x12, 0x3a, 0xbc, 0xde, 0xf0],
        [0x00, 0x0f, 0xff, 0x80, 0x00],
    ];
    let stored: [u32; 6] = [0x123, 0xabc, 0xdef, 0, 0xfff, 0x800];
    let expected = stored.map(|stored| ((stored * 0xffff + 2047) / 4095) as u16);
    let read = decode(by_hand(fields, &rows.concat())).into_luma16();
    assert_eq!(read.as_raw(), &expected);

    let mut predicted = fields.to_vec();
    predicted[3] = (259, &[5]);
    predicted.push((317, &[2]));
    let limits = iiif_pipeline::DecodeLimits::default();
    let file = by_hand(&predicted, &rows.concat());
    let error = iiif_pipeline::SourceImage::probe(file, &limits).unwrap_err();
    let message = "TIFF image with a predictor of 12-bit samples";
    assert!(error.to_string().starts_with(message), "{error}");
}

#[test]
fn alpha_is_kept() {
    let picture = with_alpha(&photo(WIDTH, HEIGHT));
    for planar in [Planar::Chunky, Planar::Planar] {
        let options = TiffOptions {
            alpha: true,
            planar,
            ..TiffOptions::default()
        };
        assert_exact(&picture.clone().into(), &options);
        let gray = TiffOptions {
            photometric: Photometric::MinIsBlack,
            ..options
        };
        assert_exact(
            &DynamicImage::from(picture.clone()).to_luma_alpha8().into(),
            &gray,
        );
    }
}

#[test]
fn differences_are_summed_up() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    for compression in [Compression::Lzw, Compression::Deflate] {
        for layout in LAYOUTS {
            for byte_order in [ByteOrder::Little, ByteOrder::Big] {
                for planar in [Planar::Chunky, Planar::Planar] {
                    let options = TiffOptions {
                        predictor: Predictor::Horizontal,
                        compression,
                        layout,
                        byte_order,
                        planar,
                        ..TiffOptions::default()
                    };
                    assert_eq!(decode(tiff(&picture, &options)), picture, "{options:?}");
                    let options = TiffOptions {
                        bits: 16,
                        ..options
                    };
                    assert_eq!(decode(tiff(&deep(), &options)), deep(), "{options:?}");
                }
            }
        }
    }
}

#[test]
fn palette_becomes_rgb() {
    // The palette of two bits is its four colors; that of four bits has all corners of the cube.
    let picture = DynamicImage::from(quadrants(WIDTH, HEIGHT));
    for bits in [2, 4] {
        let options = TiffOptions {
            photometric: Photometric::Palette,
            bits,
            ..TiffOptions::default()
        };
        assert_exact(&picture, &options);
    }
}

#[test]
fn palette_of_16_bits_is_reduced_and_one_of_8_bits_taken_as_it_is() {
    // Reds, greens and blues of two colors; one bit per pixel.
    let cases = [
        (
            [0x80ff, 0, 0x40ff, 0xffff, 0, 0x1000],
            [[0x80, 0x40, 0], [0, 0xff, 0x10]],
        ),
        ([200, 1, 100, 2, 50, 255], [[200, 100, 50], [1, 2, 255]]),
    ];
    for (map, colors) in cases {
        let fields: [(u16, &[u32]); 6] = [
            (256, &[2]),
            (257, &[1]),
            (258, &[1]),
            (262, &[3]),
            (273, &[8]),
            (320, &map),
        ];
        let decoded = decode(by_hand(&fields, &[0b0100_0000, 0])).into_rgb8();
        assert_eq!(decoded.into_raw(), colors.concat());
    }
}

#[test]
fn inks_become_rgb() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    for planar in [Planar::Chunky, Planar::Planar] {
        let base = TiffOptions {
            photometric: Photometric::Cmyk,
            planar,
            ..TiffOptions::default()
        };
        for options in variants(&base) {
            let source = probe(tiff(&picture, &options));
            assert_eq!(source.color_model(), ColorModel::Cmyk);
            let decoded = source.decode().unwrap();
            assert!(max_delta(&decoded, &picture) <= 1, "{options:?}");
        }
    }
}

#[test]
fn luma_and_chroma_become_rgb_without_jpeg() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    let base = TiffOptions {
        photometric: Photometric::YCbCr,
        ..TiffOptions::default()
    };
    for options in variants(&base) {
        // Rounded once to YCbCr and once back.
        let decoded = decode(tiff(&picture, &options));
        assert!(max_delta(&decoded, &picture) <= 2, "{options:?}");
    }
}

#[test]
fn first_page_of_a_pyramid_is_the_picture() {
    let picture = DynamicImage::from(photo(WIDTH, HEIGHT));
    let options = TiffOptions {
        overviews: 3,
        ..TiffOptions::default()
    };
    let source = probe(tiff(&picture, &options));
    assert_eq!(source.dimensions(), Dimensions::new(WIDTH, HEIGHT).unwrap());
    assert_eq!(source.decode().unwrap(), picture);
}

/// Tags and values, all written as LONG.
pub(crate) type Fields<'a> = [(u16, &'a [u32])];

/// A directory that will stand at `at` and leads to `next`, and the values that do not fit in it.
fn directory(at: u32, fields: &Fields<'_>, next: u32) -> Vec<u8> {
    let mut values_at = at + 2 + 12 * fields.len() as u32 + 4;
    let mut table = (fields.len() as u16).to_le_bytes().to_vec();
    let mut values = Vec::new();
    for (tag, numbers) in fields {
        table.extend([tag.to_le_bytes(), 4_u16.to_le_bytes()].concat());
        table.extend((numbers.len() as u32).to_le_bytes());
        if let [number] = numbers {
            table.extend(number.to_le_bytes());
        } else {
            table.extend(values_at.to_le_bytes());
            values_at += 4 * numbers.len() as u32;
            values.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        }
    }
    table.extend(next.to_le_bytes());
    [table, values].concat()
}

/// A classic little-endian TIFF whose data is at 8.
pub(crate) fn by_hand(fields: &Fields<'_>, data: &[u8]) -> Vec<u8> {
    let at = 8 + data.len() as u32;
    [
        &b"II*\0"[..],
        &at.to_le_bytes(),
        data,
        &directory(at, fields, 0),
    ]
    .concat()
}

#[test]
fn subsampled_chroma_is_repeated() {
    // Two by two lumas, then the chromas: TIFF 6.0 §21. Three by two pixels take two units.
    let data = [76, 76, 76, 76, 85, 255, 0, 255, 0, 255, 128, 128];
    let file = by_hand(
        &[
            (256, &[3]),
            (257, &[2]),
            (258, &[8, 8, 8]),
            (262, &[6]),
            (273, &[8]),
            (277, &[3]),
            (279, &[12]),
            (530, &[2, 2]),
        ],
        &data,
    );
    let decoded = decode(file).into_rgb8();
    assert_eq!(decoded.get_pixel(1, 1).0, [254, 0, 0]);
    assert_eq!(decoded.get_pixel(2, 0).0, [0, 0, 0]);
    assert_eq!(decoded.get_pixel(2, 1).0, [0, 0, 0]);
}

#[test]
fn parts_of_subsampled_strips_are_those_of_the_whole() {
    // Two strips of four rows of six columns, in units of two by two.
    let units = |seed: u8| (0..36).map(move |value: u8| value.wrapping_mul(37).wrapping_add(seed));
    let data: Vec<u8> = units(9).chain(units(100)).collect();
    let file = by_hand(
        &[
            (256, &[5]),
            (257, &[7]),
            (258, &[8, 8, 8]),
            (262, &[6]),
            (273, &[8, 44]),
            (277, &[3]),
            (278, &[4]),
            (279, &[36, 36]),
            (530, &[2, 2]),
        ],
        &data,
    );
    let source = probe(file);
    let whole = source.decode().unwrap();
    for (x, y, width, height) in [(1, 1, 3, 2), (0, 3, 5, 3), (2, 5, 1, 1), (3, 0, 2, 7)] {
        let request = format!("{x},{y},{width},{height}/full/0/default.png");
        let made = derive(&source, &request).unwrap();
        assert_eq!(made, whole.crop_imm(x, y, width, height));
    }
}

#[test]
fn levels_in_circles_and_outside_of_the_file_are_no_levels() {
    let page = |next: &'static [u32], kind: &'static [u32]| {
        [
            (254, kind),
            (256, &[2][..]),
            (257, &[1]),
            (258, &[8]),
            (262, &[1]),
            (273, &[8]),
            (330, next),
        ]
    };
    // The page is at 12, and so is the first of its levels; the others are no directories.
    for next in [&[12][..], &[12, 12, 8, 9_999_999, 0, 4_294_967_295]] {
        for kind in [&[0][..], &[1]] {
            for follows in [0, 12, 8, 4_294_967_295] {
                let file = [
                    &b"II*\0"[..],
                    &12_u32.to_le_bytes(),
                    &[70, 90, 0, 0],
                    &directory(12, &page(next, kind), follows),
                ]
                .concat();
                let source = probe(file);
                assert_eq!(source.decode().unwrap().into_luma8().as_raw(), &[70, 90]);
                let made = derive(&source, "full/1,/0/default.png").unwrap();
                let made = made.into_luma8();
                assert_eq!(made.as_raw(), &[80]);
            }
        }
    }
}

#[test]
fn colors_multiplied_with_alpha_are_divided_by_it() {
    let data = [100, 50, 0, 128, 7, 7, 7, 0, 10, 20, 30, 255, 200, 0, 0, 100];
    let file = by_hand(
        &[
            (256, &[2]),
            (257, &[2]),
            (258, &[8, 8, 8, 8]),
            (262, &[2]),
            (273, &[8]),
            (277, &[4]),
            (279, &[16]),
            (338, &[1]),
        ],
        &data,
    );
    let decoded = decode(file).into_rgba8();
    // 100 / 128 * 255 = 199.2; 50 / 128 * 255 = 99.6; what is over white is white.
    let expected = [
        [199, 100, 0, 128],
        [0, 0, 0, 0],
        [10, 20, 30, 255],
        [255, 0, 0, 100],
    ];
    for (pixel, expected) in decoded.pixels().zip(expected) {
        assert_eq!(pixel.0, expected);
    }
}

#[test]
fn reduced_version_in_front_is_passed_over() {
    let page = |kind: &'static [u32], width: &'static [u32], offset: &'static [u32]| {
        [
            (254, kind),
            (256, width),
            (257, &[1][..]),
            (258, &[8]),
            (262, &[1]),
            (273, offset),
        ]
    };
    let (reduced, mask, main) = (
        page(&[1], &[1], &[8]),
        page(&[4], &[2], &[8]),
        page(&[0], &[2], &[9]),
    );
    let length = directory(0, &reduced, 0).len() as u32;
    let at = [12, 12 + length, 12 + 2 * length];
    let file = [
        &b"II*\0"[..],
        &at[0].to_le_bytes(),
        &[9, 50, 60, 0],
        &directory(at[0], &reduced, at[1]),
        &directory(at[1], &mask, at[2]),
        &directory(at[2], &main, 0),
    ]
    .concat();
    assert_eq!(decode(file).into_luma8().as_raw(), &[50, 60]);
}

#[test]
fn what_is_not_read_is_named() {
    let field = |tag: u16, values: &'static [u32]| {
        let mut fields: Vec<(u16, &[u32])> = vec![
            (256, &[4]),
            (257, &[1]),
            (258, &[8]),
            (259, &[1]),
            (262, &[1]),
            (273, &[8]),
        ];
        fields.retain(|(other, _)| *other != tag);
        fields.push((tag, values));
        fields.sort_by_key(|(tag, _)| *tag);
        by_hand(&fields, &[0; 64])
    };
    let cases: [(u16, &[u32], &str); 7] = [
        (
            339,
            &[3],
            "TIFF image with samples other than unsigned integers",
        ),
        (258, &[32], "TIFF image with 32-bit samples"),
        (259, &[50_000], "TIFF image with Zstandard compression"),
        (259, &[6], "TIFF image with old-style JPEG compression"),
        (262, &[8], "TIFF image with CIE L*a*b* colors"),
        (262, &[4], "TIFF image with a transparency mask alone"),
        (317, &[3], "TIFF image with predictor 3"),
    ];
    for (tag, values, message) in cases {
        let limits = iiif_pipeline::DecodeLimits::default();
        let error = iiif_pipeline::SourceImage::probe(field(tag, values), &limits).unwrap_err();
        assert!(matches!(error, Error::UnsupportedSource { .. }));
        assert!(error.to_string().starts_with(message), "{error}");
    }
}
