use std::io::Cursor;

use iiif_testkit::compare::psnr;
use iiif_testkit::encode::{
    ByteOrder, Compression, Layout, Photometric, Planar, Predictor, TiffOptions, tiff,
};
use iiif_testkit::icc::display_p3;
use iiif_testkit::pattern::{photo, quadrants, with_alpha};
use image::{DynamicImage, GrayImage, RgbImage};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult};
use tiff::tags::Tag;

const STRIPS: Layout = Layout::Strips { rows: 10 };
const TILES: Layout = Layout::Tiles {
    width: 32,
    height: 16,
};

/// Width and height are multiples of neither strips nor tiles.
fn picture() -> DynamicImage {
    with_alpha(&photo(75, 43)).into()
}

fn open(file: &[u8]) -> Decoder<Cursor<&[u8]>> {
    Decoder::new(Cursor::new(file)).expect("a readable header")
}

/// Returns the samples of all planes of the first page.
fn samples(file: &[u8]) -> DecodingResult {
    let mut samples = DecodingResult::U8(Vec::new());
    open(file)
        .read_image_to_buffer(&mut samples)
        .expect("a readable file");
    samples
}

fn bytes(file: &[u8]) -> Vec<u8> {
    match samples(file) {
        DecodingResult::U8(bytes) => bytes,
        other => unreachable!("all samples are bytes: {other:?}"),
    }
}

fn planes(picture: &RgbImage) -> Vec<u8> {
    let raw = picture.as_raw();
    (0..3)
        .flat_map(|channel| raw.iter().copied().skip(channel).step_by(3))
        .collect()
}

/// Every layout in both byte orders and both sizes of offsets.
fn containers() -> impl Iterator<Item = TiffOptions> {
    let orders = [ByteOrder::Little, ByteOrder::Big];
    let all = [STRIPS, TILES].into_iter().flat_map(move |layout| {
        orders
            .into_iter()
            .flat_map(move |order| [(layout, order, false), (layout, order, true)])
    });
    all.map(|(layout, byte_order, big_tiff)| TiffOptions {
        layout,
        byte_order,
        big_tiff,
        ..Default::default()
    })
}

#[test]
fn lossless_compressions_keep_every_sample() {
    use Compression::{Deflate, Lzw, None, PackBits};
    use Predictor::Horizontal;
    let plain = Predictor::None;
    let compressions = [
        (None, plain),
        (PackBits, plain),
        (Deflate, plain),
        (Deflate, Horizontal),
    ];
    let rgb = picture().to_rgb8();
    for container in containers() {
        for (compression, predictor) in compressions {
            let options = TiffOptions {
                compression,
                predictor,
                ..container.clone()
            };
            assert_eq!(
                bytes(&tiff(&picture(), &options)),
                *rgb.as_raw(),
                "{options:?}"
            );
        }
    }
    // The decoder wants more input than there is where the last code of a tile is for more
    // pixels than are left of the edge; so LZW is tested with whole tiles.
    let picture = picture().crop_imm(0, 0, 64, 32);
    for container in containers() {
        for predictor in [plain, Horizontal] {
            let options = TiffOptions {
                compression: Lzw,
                predictor,
                ..container.clone()
            };
            let expected = picture.to_rgb8().into_raw();
            assert_eq!(bytes(&tiff(&picture, &options)), expected, "{options:?}");
        }
    }
}

#[test]
fn strips_of_planes_keep_every_sample() {
    for container in containers().filter(|container| container.layout == STRIPS) {
        for (compression, predictor) in [
            (Compression::None, Predictor::None),
            (Compression::Lzw, Predictor::Horizontal),
        ] {
            let options = TiffOptions {
                compression,
                predictor,
                planar: Planar::Planar,
                ..container.clone()
            };
            let actual = bytes(&tiff(&picture(), &options));
            assert_eq!(actual, planes(&picture().to_rgb8()), "{options:?}");
        }
    }
}

#[test]
fn tiles_of_planes_come_plane_by_plane() {
    let options = TiffOptions {
        layout: TILES,
        planar: Planar::Planar,
        ..Default::default()
    };
    let file = tiff(&picture(), &options);
    let offsets = open(&file)
        .get_tag_u32_vec(Tag::TileOffsets)
        .expect("offsets");
    assert_eq!(offsets.len(), 3 * 9);
    let rgb = picture().to_rgb8();
    for (channel, offset) in [0, 1, 2].into_iter().zip(offsets.iter().step_by(9)) {
        let tile = &file[*offset as usize..][..32 * 16];
        for (index, sample) in (0..).zip(tile) {
            let expected = rgb.get_pixel(index % 32, index / 32).0[channel];
            assert_eq!(*sample, expected, "channel {channel}, sample {index}");
        }
    }
}

#[test]
fn tiles_at_the_edges_repeat_the_last_pixel() {
    let options = TiffOptions {
        layout: TILES,
        ..gray(Photometric::MinIsBlack)
    };
    let file = tiff(&picture(), &options);
    let offsets = open(&file)
        .get_tag_u32_vec(Tag::TileOffsets)
        .expect("offsets");
    let last = &file[offsets[8] as usize..][..32 * 16];
    let corner = picture().to_luma8().get_pixel(74, 42).0[0];
    assert_eq!(last[10 * 32 + 10], corner); // 64 + 10, 32 + 10
    assert_eq!(last[10 * 32 + 31], corner);
    assert_eq!(last[15 * 32 + 31], corner);
}

#[test]
fn sixteen_bits_follow_the_byte_order() {
    for container in containers() {
        for predictor in [Predictor::None, Predictor::Horizontal] {
            let compression = Compression::Deflate;
            let options = TiffOptions {
                bits: 16,
                compression,
                predictor,
                ..container.clone()
            };
            let actual = samples(&tiff(&picture(), &options));
            let expected = picture().to_rgb16().into_raw();
            assert!(
                matches!(actual, DecodingResult::U16(actual) if actual == expected),
                "{options:?}",
            );
        }
    }
}

#[test]
fn gray_reads_the_same_whichever_end_is_white() {
    let expected = picture().to_luma8();
    for photometric in [Photometric::MinIsBlack, Photometric::MinIsWhite] {
        for container in containers() {
            let options = TiffOptions {
                photometric,
                ..container
            };
            // This decoder turns white-is-zero around.
            assert_eq!(
                bytes(&tiff(&picture(), &options)),
                *expected.as_raw(),
                "{options:?}"
            );
        }
    }
    let black = tiff(&picture(), &gray(Photometric::MinIsBlack));
    let white = tiff(&picture(), &gray(Photometric::MinIsWhite));
    let data = |file: &[u8]| file[8..8 + 75].to_vec(); // the first row, right after the header
    assert_eq!(data(&black), expected.as_raw()[..75]);
    let inverted: Vec<u8> = expected.as_raw()[..75]
        .iter()
        .map(|value| 255 - value)
        .collect();
    assert_eq!(data(&white), inverted);
}

fn gray(photometric: Photometric) -> TiffOptions {
    TiffOptions {
        photometric,
        ..Default::default()
    }
}

#[test]
fn one_bit_is_black_or_white_at_half_gray() {
    let ramp = GrayImage::from_fn(256, 3, |x, _| image::Luma([x as u8]));
    let options = TiffOptions {
        bits: 1,
        ..gray(Photometric::MinIsBlack)
    };
    let file = tiff(&ramp.into(), &options);
    assert_eq!(open(&file).colortype().expect("known"), ColorType::Gray(1));
    let row = [[0x00; 16], [0xFF; 16]].concat();
    assert_eq!(file[8..8 + 96], row.repeat(3));
}

#[test]
fn palettes_index_the_colors_of_the_quadrants() {
    let options = TiffOptions {
        bits: 2,
        ..gray(Photometric::Palette)
    };
    let file = tiff(&quadrants(8, 2).into(), &options);
    let mut decoder = open(&file);
    let map = decoder.get_tag_u16_vec(Tag::ColorMap).expect("a color map");
    #[rustfmt::skip]
    let expected = [65535, 0, 0, 65535,  0, 65535, 0, 65535,  0, 0, 65535, 0];
    assert_eq!(map, expected);
    assert_eq!(
        file[8..12],
        [0b0000_0000, 0b0101_0101, 0b1010_1010, 0b1111_1111]
    );
}

#[test]
fn alpha_is_a_fourth_sample() {
    for container in containers() {
        let options = TiffOptions {
            alpha: true,
            ..container
        };
        let file = tiff(&picture(), &options);
        assert_eq!(bytes(&file), picture().to_rgba8().into_raw(), "{options:?}");
        assert_eq!(open(&file).colortype().expect("known"), ColorType::RGBA(8));
    }
}

#[test]
fn cmyk_gives_the_colors_back() {
    for container in containers() {
        let options = TiffOptions {
            photometric: Photometric::Cmyk,
            ..container
        };
        let inks = bytes(&tiff(&picture(), &options));
        let light = |inks: &[u8], ink: usize| {
            let product = u32::from(255 - inks[ink]) * u32::from(255 - inks[3]);
            ((product + 127) / 255) as u8
        };
        let colors = inks
            .chunks(4)
            .flat_map(|inks| [0, 1, 2].map(|ink| light(inks, ink)));
        let back = RgbImage::from_raw(75, 43, colors.collect()).expect("as many inks as pixels");
        assert!(psnr(&back, &picture().to_rgb8()) > 50.0, "{options:?}");
    }
}

#[test]
fn jpeg_pieces_resemble_the_picture() {
    use Photometric::{MinIsBlack, Rgb, YCbCr};
    for container in containers() {
        for compression in [Compression::Jpeg, Compression::JpegWithTables] {
            for photometric in [YCbCr, Rgb, MinIsBlack] {
                let options = TiffOptions {
                    compression,
                    photometric,
                    ..container.clone()
                };
                let actual = bytes(&tiff(&picture(), &options));
                let similarity = match photometric {
                    MinIsBlack => {
                        let actual = GrayImage::from_raw(75, 43, actual).expect("all pixels");
                        psnr(&actual, &picture().to_luma8())
                    }
                    YCbCr => psnr(&rgb_of_ycbcr(&actual), &picture().to_rgb8()),
                    _ => {
                        let actual = RgbImage::from_raw(75, 43, actual).expect("all pixels");
                        psnr(&actual, &picture().to_rgb8())
                    }
                };
                assert!(similarity > 30.0, "{similarity} dB: {options:?}");
            }
        }
    }
}

#[test]
fn ycbcr_without_jpeg_keeps_the_colors() {
    for container in containers() {
        let options = TiffOptions {
            photometric: Photometric::YCbCr,
            ..container
        };
        let actual = rgb_of_ycbcr(&bytes(&tiff(&picture(), &options)));
        assert!(psnr(&actual, &picture().to_rgb8()) > 48.0, "{options:?}");
    }
}

/// ITU-R BT.601 with full range, as in the JFIF specification.
fn rgb_of_ycbcr(samples: &[u8]) -> RgbImage {
    let pixels = samples.chunks(3).flat_map(|sample| {
        let y = f64::from(sample[0]);
        let [cb, cr] = [sample[1], sample[2]].map(|value| f64::from(value) - 128.0);
        [
            y + 1.402 * cr,
            y - 0.344_136 * cb - 0.714_136 * cr,
            y + 1.772 * cb,
        ]
    });
    let bytes = pixels
        .map(|value| value.round().clamp(0.0, 255.0) as u8)
        .collect();
    RgbImage::from_raw(75, 43, bytes).expect("all pixels")
}

#[test]
fn shared_tables_are_stored_once() {
    let options = |compression| TiffOptions {
        compression,
        layout: TILES,
        ..Default::default()
    };
    let tables = |file: &[u8]| file.windows(2).filter(|pair| pair == &[0xFF, 0xC4]).count();
    let own = tables(&tiff(&picture(), &options(Compression::Jpeg)));
    let shared = tables(&tiff(&picture(), &options(Compression::JpegWithTables)));
    assert_eq!(own, shared * 9, "3 by 3 tiles");
    assert!(shared > 0);
}

#[test]
fn orientation_and_profile_are_tags() {
    let options = TiffOptions {
        orientation: Some(6),
        icc: Some(display_p3()),
        ..Default::default()
    };
    let file = tiff(&picture(), &options);
    let mut decoder = open(&file);
    assert_eq!(decoder.get_tag_u32(Tag::Orientation).expect("a tag"), 6);
    let icc = decoder.get_tag_u8_vec(Tag::IccProfile).expect("a tag");
    assert_eq!(icc, display_p3());
}

#[test]
fn overviews_halve_until_the_last_page() {
    for container in containers() {
        let options = TiffOptions {
            overviews: 2,
            ..container
        };
        let file = tiff(&picture(), &options);
        let mut decoder = open(&file);
        let mut pages = vec![decoder.dimensions().expect("dimensions")];
        while decoder.more_images() {
            decoder.next_image().expect("another page");
            pages.push(decoder.dimensions().expect("dimensions"));
            assert_eq!(decoder.get_tag_u32(Tag::NewSubfileType).expect("a tag"), 1);
        }
        assert_eq!(pages, [(75, 43), (37, 21), (18, 10)], "{options:?}");
    }
}

#[test]
fn contradictions_are_refused() {
    let contradictions = [
        TiffOptions {
            compression: Compression::Jpeg,
            bits: 16,
            ..Default::default()
        },
        TiffOptions {
            compression: Compression::Jpeg,
            alpha: true,
            ..Default::default()
        },
        TiffOptions {
            predictor: Predictor::Horizontal,
            ..Default::default()
        },
        TiffOptions {
            bits: 17,
            ..Default::default()
        },
        TiffOptions {
            compression: Compression::WebP,
            bits: 16,
            ..Default::default()
        },
    ];
    for options in contradictions {
        let result = std::panic::catch_unwind(|| tiff(&picture(), &options));
        assert!(result.is_err(), "{options:?}");
    }
}
