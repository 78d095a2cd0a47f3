//! Parts and averages of many layouts against the picture that was put in.

use bytes::Bytes;
use iiif_image_api::{Dimensions, PixelRect};
use iiif_testkit::encode::{
    ByteOrder, Compression, Layout, Photometric, Planar, Predictor, TiffOptions, tiff,
};
use iiif_testkit::pattern::{gradient, photo, quadrants, with_alpha};
use image::{DynamicImage, GrayImage, Luma};
use proptest::prelude::*;

use super::*;
use crate::decode::tiff::chunks::ChunkIndex;
use crate::decode::tiff::file::File;
use crate::decode::tiff::pyramid::Pyramid;
use crate::decode::tiff::{layout, tag};
use crate::render::raster::Sample;
use crate::source::Data;

/// Samples of what is read, and their number per pixel.
fn read<S: Stored + Averaged>(
    file: Vec<u8>,
    window: Option<PixelRect>,
    shrink: u32,
    band_bytes: u64,
) -> (Vec<S>, usize) {
    let data = Data::Memory(Bytes::from(file));
    let file = File::open(&data).unwrap();
    let directory = Pyramid::find(&file).unwrap().main;
    let (width, height) = directory.size(&file).unwrap();
    let dimensions = Dimensions::new(width, height).unwrap();
    let page = Page::read(&file, &directory, dimensions).unwrap();
    assert!(directory.count(tag::ORIENTATION).is_none());
    let index = ChunkIndex::read(&file, &directory, &page).unwrap();
    let chunks = Chunks::new(&data, &index);
    let channels = if page.photometric == crate::decode::tiff::Photometric::Cmyk {
        4
    } else {
        layout(&page).channels.into()
    };
    let window = window.unwrap_or(PixelRect::full(dimensions));
    let mut reader = Reader::new(&page, &chunks, channels, window);
    reader.band_bytes = band_bytes;
    (reader.read(shrink).unwrap(), channels)
}

/// Averages of blocks of pixels in a window, colors weighted by alpha; the
/// pixels themselves, transparent ones too, where nothing is reduced.
fn averages(
    samples: &[f64],
    (width, channels): (usize, usize),
    window: PixelRect,
    shrink: usize,
) -> Vec<f64> {
    let (left, top) = (window.x() as usize, window.y() as usize);
    let (right, bottom) = (
        left + window.width() as usize,
        top + window.height() as usize,
    );
    let mut averages = Vec::new();
    for y in (top..bottom).step_by(shrink) {
        for x in (left..right).step_by(shrink) {
            let mut weights = vec![0.0; channels];
            let mut sums = vec![0.0; channels];
            for pixel_y in y..bottom.min(y + shrink) {
                for pixel_x in x..right.min(x + shrink) {
                    let pixel = &samples[(pixel_y * width + pixel_x) * channels..][..channels];
                    for channel in 0..channels {
                        let has_alpha = channels % 2 == 0 && channel + 1 < channels;
                        let weight = if has_alpha { pixel[channels - 1] } else { 1.0 };
                        weights[channel] += weight;
                        sums[channel] += pixel[channel] * weight;
                    }
                }
            }
            let pixel = &samples[(y * width + x) * channels..][..channels];
            averages.extend(
                (0..channels).map(|channel| match (shrink, weights[channel]) {
                    (1, _) => pixel[channel],
                    (_, 0.0) => 0.0,
                    (_, weight) => sums[channel] / weight,
                }),
            );
        }
    }
    averages
}

fn check<S: Stored + Averaged>(file: &[u8], full: &[S], case: &Case) {
    let shrink = case.shrink;
    let (read, channels) = read::<S>(file.to_vec(), Some(case.window), shrink, case.band_bytes);
    let samples: Vec<f64> = full
        .iter()
        .map(|sample| f64::from(Sample::to_u32(*sample)))
        .collect();
    let width = case.size.0 as usize;
    let expected = averages(&samples, (width, channels), case.window, shrink as usize);
    assert_eq!(read.len(), expected.len());
    let tolerance = if shrink == 1 { 0.0 } else { 0.5 };
    for (read, expected) in read.iter().zip(expected) {
        let read = f64::from(Sample::to_u32(*read));
        assert!(
            (read - expected).abs() <= tolerance,
            "{read} for {expected}"
        );
    }
}

#[derive(Clone, Debug)]
struct Case {
    size: (u32, u32),
    window: PixelRect,
    shrink: u32,
    band_bytes: u64,
    layout: Layout,
    byte_order: ByteOrder,
}

fn case() -> impl Strategy<Value = Case> {
    let layout = prop_oneof![
        (1..=40_u32).prop_map(|rows| Layout::Strips { rows }),
        (1..=3_u32, 1..=3_u32).prop_map(|(across, down)| Layout::Tiles {
            width: across * 16,
            height: down * 16,
        }),
    ];
    let span = |side: u32| (0..side).prop_flat_map(move |start| (Just(start), 1..=side - start));
    let window = (1..=70_u32, 1..=70_u32)
        .prop_flat_map(move |(width, height)| (Just((width, height)), span(width), span(height)));
    let bands = prop_oneof![Just(1), Just(3000), Just(BAND_BYTES)];
    let order = prop_oneof![Just(ByteOrder::Little), Just(ByteOrder::Big)];
    (window, 1..=9_u32, bands, layout, order).prop_map(
        |((size, (x, width), (y, height)), shrink, band_bytes, layout, byte_order)| {
            let image = Dimensions::new(size.0, size.1).unwrap();
            let start = (x.into(), y.into());
            let window = PixelRect::clipped(start, (width.into(), height.into()), image).unwrap();
            Case {
                size,
                window,
                shrink,
                band_bytes,
                layout,
                byte_order,
            }
        },
    )
}

/// What else there is to a file.
fn kinds() -> Vec<TiffOptions> {
    let base = TiffOptions::default();
    let gray = |bits| TiffOptions {
        photometric: Photometric::MinIsWhite,
        bits,
        compression: Compression::PackBits,
        ..base.clone()
    };
    let predicted = TiffOptions {
        predictor: Predictor::Horizontal,
        compression: Compression::Deflate,
        ..base.clone()
    };
    let alpha = TiffOptions {
        alpha: true,
        ..predicted.clone()
    };
    vec![
        base.clone(),
        predicted.clone(),
        gray(1),
        gray(4),
        gray(8),
        gray(16),
        TiffOptions {
            planar: Planar::Planar,
            compression: Compression::Lzw,
            ..base.clone()
        },
        TiffOptions {
            bits: 16,
            ..predicted.clone()
        },
        TiffOptions {
            bits: 16,
            planar: Planar::Planar,
            ..predicted
        },
        TiffOptions {
            planar: Planar::Planar,
            ..alpha.clone()
        },
        alpha,
        TiffOptions {
            compression: Compression::WebP,
            ..base.clone()
        },
        TiffOptions {
            photometric: Photometric::Palette,
            bits: 4,
            ..base
        },
    ]
}

fn picture(options: &TiffOptions, (width, height): (u32, u32)) -> DynamicImage {
    match options.photometric {
        Photometric::Palette => quadrants(width, height).into(),
        Photometric::MinIsWhite if options.bits < 8 => {
            let highest = (1_u32 << options.bits) - 1;
            let photo = photo(width, height);
            let gray = |x, y| {
                let level = u32::from(photo.get_pixel(x, y).0[1]) * highest / 255;
                Luma([(level * 255 / highest) as u8])
            };
            GrayImage::from_fn(width, height, gray).into()
        }
        Photometric::MinIsWhite => match options.bits {
            16 => DynamicImage::from(photo(width, height)).to_luma16().into(),
            _ => DynamicImage::from(photo(width, height)).to_luma8().into(),
        },
        _ if options.alpha => with_alpha(&photo(width, height)).into(),
        _ if options.bits == 16 => DynamicImage::from(gradient(width, height))
            .to_rgb16()
            .into(),
        _ => photo(width, height).into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn parts_and_averages_are_those_of_the_picture(case in case(), kind in 0..13_usize) {
        let options = TiffOptions {
            layout: case.layout,
            byte_order: case.byte_order,
            ..kinds().swap_remove(kind)
        };
        let picture = picture(&options, case.size);
        let file = tiff(&picture, &options);
        if options.bits == 16 {
            let samples: Vec<u16> = match &picture {
                DynamicImage::ImageLuma16(picture) => picture.as_raw().clone(),
                _ => picture.to_rgb16().into_raw(),
            };
            check(&file, &samples, &case);
        } else {
            check(&file, picture.as_bytes(), &case);
        }
    }

    #[test]
    fn parts_and_averages_of_lossy_pictures_are_those_of_the_decoded_one(
        case in case(),
        kind in 0..3_usize,
    ) {
        let (photometric, compression) = [
            (Photometric::YCbCr, Compression::JpegWithTables),
            (Photometric::YCbCr, Compression::Lzw),
            (Photometric::Rgb, Compression::Jpeg),
        ][kind];
        let options = TiffOptions {
            layout: case.layout,
            byte_order: case.byte_order,
            photometric,
            compression,
            ..TiffOptions::default()
        };
        let file = tiff(&photo(case.size.0, case.size.1).into(), &options);
        let (full, _) = read::<u8>(file.clone(), None, 1, BAND_BYTES);
        check(&file, &full, &case);
    }
}

#[test]
fn strips_without_compression_are_read_in_pieces() {
    // One strip; strips whose height is no multiple of what a piece would have; one row too long
    // for a piece.
    for (size, rows) in [((700, 900), 900), ((700, 900), 450), ((90_000, 7), 7)] {
        let picture = DynamicImage::from(gradient(size.0, size.1));
        for planar in [Planar::Chunky, Planar::Planar] {
            let options = TiffOptions {
                layout: Layout::Strips { rows },
                planar,
                ..TiffOptions::default()
            };
            let file = tiff(&picture, &options);
            let data = Data::Memory(Bytes::from(file.clone()));
            let opened = File::open(&data).unwrap();
            let directory = opened.directory(opened.first_directory).unwrap();
            let dimensions = Dimensions::new(size.0, size.1).unwrap();
            let page = Page::read(&opened, &directory, dimensions).unwrap();
            assert!(page.pieces > 1);
            assert!(page.chunk_height == 1 || page.chunk_bytes() <= BLOCK_BYTES);
            let window = PixelRect::clipped((3, 2), (600, 700), dimensions).unwrap();
            let case = Case {
                size,
                window,
                shrink: 3,
                band_bytes: 1,
                layout: options.layout,
                byte_order: options.byte_order,
            };
            check(&file, picture.as_bytes(), &case);
        }
    }
}
