//! Tiles of a TIFF that are passed through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use iiif_image_api::{Dimensions, RenderPlan, ResolveOptions};
use iiif_pipeline::{
    Batch, DecodeLimits, Derivative, EncodeOptions, Error, Passthrough, SourceImage,
};
use iiif_testkit::compare::{assert_similar, max_delta};
use iiif_testkit::encode::{Compression, Layout, Photometric, TiffOptions, tiff};
use iiif_testkit::icc;
use iiif_testkit::pattern::photo;
use image::{DynamicImage, GrayImage, RgbImage};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::logged::open_local;
use crate::readers::Failing;

const WIDTH: u32 = 300;
const HEIGHT: u32 = 200;

/// A tile of the full image, one of the level of half its size, and the same as JPEGs of other ways to
/// ask.
const TILES: [&str; 4] = [
    "64,64,64,64/64,64/0/default.jpg",
    "128,0,64,64/full/0/color.jpg",
    "0,0,128,128/64,64/0/default.jpg",
    "128,0,128,128/64,/0/default.jpg",
];

fn tiled() -> TiffOptions {
    TiffOptions {
        layout: Layout::Tiles {
            width: 64,
            height: 64,
        },
        photometric: Photometric::YCbCr,
        compression: Compression::JpegWithTables,
        overviews: 1,
        ..TiffOptions::default()
    }
}

fn gray() -> TiffOptions {
    TiffOptions {
        photometric: Photometric::MinIsBlack,
        ..tiled()
    }
}

fn file(options: &TiffOptions) -> Vec<u8> {
    tiff(&photo(WIDTH, HEIGHT).into(), options)
}

fn probe(bytes: impl Into<Bytes>) -> SourceImage {
    SourceImage::probe(bytes, &DecodeLimits::default()).expect("an image")
}

fn plan(source: &SourceImage, request: &str) -> RenderPlan {
    let request = request.parse().expect("a request");
    RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default()).expect("a plan")
}

fn passed(source: &SourceImage, request: &str) -> Option<Derivative> {
    let plan = plan(source, request);
    let derivative = source.passthrough(&plan, &EncodeOptions::default());
    derivative.expect("options in range")
}

/// Decodes a JPEG by what it says itself, with a decoder that the passing did not use.
fn decode(file: &[u8]) -> DynamicImage {
    let mut decoder = JpegDecoder::new(ZCursor::new(file));
    decoder.decode_headers().expect("a JPEG");
    let is_gray = decoder.input_colorspace() == Some(ColorSpace::Luma);
    if is_gray {
        let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::Luma);
        decoder.set_options(options);
    }
    let samples = decoder.decode().expect("a JPEG");
    let (width, height) = decoder.dimensions().expect("decoded");
    let (width, height) = (width as u32, height as u32);
    if is_gray {
        let image = GrayImage::from_raw(width, height, samples);
        image.expect("gray").into()
    } else {
        let image = RgbImage::from_raw(width, height, samples);
        image.expect("RGB").into()
    }
}

/// Renders the pixels of a plan.
fn rendered(source: &SourceImage, request: &str) -> DynamicImage {
    let lossless = request.replace(".jpg", ".png");
    let encoding = EncodeOptions::default().with_passthrough(Passthrough::Never);
    let derivative = source
        .derive(plan(source, &lossless), &encoding)
        .expect("made");
    image::load_from_memory(&derivative.bytes).expect("a PNG")
}

#[test]
fn a_tile_that_is_passed_through_has_the_pixels_of_the_tile() {
    let complete = TiffOptions {
        compression: Compression::Jpeg,
        ..tiled()
    };
    let big = TiffOptions {
        big_tiff: true,
        byte_order: iiif_testkit::encode::ByteOrder::Big,
        ..tiled()
    };
    let rgb = TiffOptions {
        photometric: Photometric::Rgb,
        ..tiled()
    };
    for options in [tiled(), complete, big, gray(), rgb] {
        let head: &[u8] = match options.photometric {
            Photometric::Rgb => b"\xff\xd8\xff\xee\0\x0eAdobe\0",
            _ => b"\xff\xd8\xff\xe0\0\x10JFIF\0",
        };
        let source = probe(file(&options));
        for request in TILES {
            let derivative = passed(&source, request).expect("a tile");
            assert_eq!(derivative.dimensions, Dimensions::new(64, 64).unwrap());
            let (tile, expected) = (decode(&derivative.bytes), rendered(&source, request));
            assert_eq!(tile.color(), expected.color());
            // The same stream, by two decoders.
            assert!(max_delta(&tile, &expected) <= 8, "{options:?} {request}");
            assert_similar(&tile, &expected, 45.0);
            assert!(derivative.bytes.starts_with(head));
            assert!(derivative.bytes.ends_with(b"\xff\xd9"));
        }
    }
}

#[test]
fn a_batch_passes_tiles_through_as_well() {
    let source = probe(file(&tiled()));
    let [tile, other] = [TILES[0], "1,1,64,64/full/0/default.jpg"];
    let derivatives = std::sync::Mutex::new(Vec::new());
    Batch::new(&source)
        .with_plans(vec![plan(&source, tile), plan(&source, other)])
        // Less than the file is long: of the tile no more is read.
        .with_memory_limit(8 << 20)
        .run(&|index, made| derivatives.lock().unwrap().push((index, made.unwrap())))
        .unwrap();
    let derivatives = derivatives.into_inner().unwrap();
    let made = |index: usize| derivatives.iter().find(|made| made.0 == index).unwrap();
    assert_eq!(made(0).1, passed(&source, tile).unwrap());
    assert!(passed(&source, other).is_none());
    assert_similar(&decode(&made(1).1.bytes), &rendered(&source, other), 30.0);
}

#[test]
fn what_is_not_one_whole_tile_as_it_is_stored_is_rendered() {
    let source = probe(file(&tiled()));
    for request in [
        "64,64,64,64/64,64/0/default.png",
        "64,64,64,64/64,64/0/gray.jpg",
        "64,64,64,64/64,64/90/default.jpg",
        "64,64,64,64/64,64/!0/default.jpg",
        "64,64,64,64/32,32/0/default.jpg",
        "64,64,128,64/full/0/default.jpg",
        "60,64,64,64/full/0/default.jpg",
        "64,63,64,64/full/0/default.jpg",
        "64,0,128,128/64,64/0/default.jpg",
        // The last column and row, whose tiles reach over the edges.
        "256,0,44,64/full/0/default.jpg",
        "0,192,64,8/full/0/default.jpg",
        "256,128,44,72/22,36/0/default.jpg",
        "full/full/0/default.jpg",
    ] {
        assert!(passed(&source, request).is_none(), "{request}");
        let derivative = source.derive(plan(&source, request), &EncodeOptions::default());
        assert!(derivative.is_ok(), "{request}");
    }
    let never = EncodeOptions::default().with_passthrough(Passthrough::Never);
    let passed = source.passthrough(&plan(&source, TILES[0]), &never);
    assert_eq!(passed.unwrap(), None);
}

#[test]
fn tiles_whose_colors_a_viewer_would_not_show_right_are_rendered() {
    let others = [
        TiffOptions {
            photometric: Photometric::Cmyk,
            ..tiled()
        },
        TiffOptions {
            photometric: Photometric::MinIsWhite,
            ..tiled()
        },
        TiffOptions {
            icc: Some(icc::display_p3()),
            ..tiled()
        },
        TiffOptions {
            orientation: Some(6),
            ..tiled()
        },
        TiffOptions {
            compression: Compression::Deflate,
            ..tiled()
        },
        TiffOptions {
            layout: Layout::Strips { rows: 64 },
            ..tiled()
        },
    ];
    for options in others {
        let source = probe(file(&options));
        assert!(passed(&source, TILES[0]).is_none(), "{options:?}");
        let derivative = source.derive(plan(&source, TILES[0]), &EncodeOptions::default());
        assert!(derivative.is_ok(), "{options:?}");
    }
}

#[test]
fn profiles_that_change_nothing_do_not_keep_tiles_from_passing() {
    for (options, icc) in [
        (tiled(), b"damaged".to_vec()),
        // Of other channels.
        (gray(), icc::display_p3()),
    ] {
        let options = TiffOptions {
            icc: Some(icc),
            ..options
        };
        let source = probe(file(&options));
        assert!(passed(&source, TILES[0]).is_some(), "{options:?}");
    }
}

/// Returns where the entries of a tag are in a little-endian classic TIFF: tag, type, count, value.
fn entries(file: &[u8], tag: u16, kind: u16) -> Vec<usize> {
    let start = [tag.to_le_bytes(), kind.to_le_bytes()].concat();
    let found = file.windows(start.len()).enumerate();
    found
        .filter(|(_, window)| *window == start)
        .map(|(at, _)| at)
        .collect()
}

fn long(file: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(*file[at..].first_chunk().expect("an entry"))
}

/// Returns where the offset, or the length, of the second tile of the second row of each page stands.
fn tile_values(file: &[u8], tag: u16) -> Vec<usize> {
    const LONG: u16 = 4;
    let pages = entries(file, tag, LONG).into_iter();
    pages
        .filter(|at| long(file, at + 4) == 20)
        .map(|at| long(file, at + 8) as usize + 4 * 6)
        .collect()
}

#[test]
fn tiles_that_are_damaged_are_an_error_as_they_are_without_passing() {
    const JPEG_TABLES: u16 = 347;
    const UNDEFINED: u16 = 7;
    const TILE_OFFSETS: u16 = 324;
    const TILE_BYTE_COUNTS: u16 = 325;
    const UNKNOWN: u16 = 65_000;
    let whole = file(&tiled());
    let (offset, length) = (
        tile_values(&whole, TILE_OFFSETS),
        tile_values(&whole, TILE_BYTE_COUNTS),
    );
    assert_eq!((offset.len(), length.len()), (1, 1));
    let with = |at: usize, value: u32| {
        let mut file = whole.clone();
        file[at..at + 4].copy_from_slice(&value.to_le_bytes());
        file
    };
    let full_length = long(&whole, length[0]);
    let mut without_tables = whole.clone();
    for at in entries(&whole, JPEG_TABLES, UNDEFINED) {
        without_tables[at..at + 2].copy_from_slice(&UNKNOWN.to_le_bytes());
    }
    let damaged = [
        ("empty", with(length[0], 0)),
        ("cut off", with(length[0], full_length / 2)),
        ("cut off in its header", with(length[0], 20)),
        ("outside", with(offset[0], u32::MAX - 5)),
        ("of something else", with(offset[0], 0)),
        ("without tables", without_tables),
    ];
    for (name, file) in damaged {
        let source = probe(file);
        assert!(passed(&source, TILES[0]).is_none(), "{name}");
        let plan = plan(&source, TILES[0]);
        let never = EncodeOptions::default().with_passthrough(Passthrough::Never);
        let (with, without) = (
            source.derive(plan, &EncodeOptions::default()),
            source.derive(plan, &never),
        );
        let message =
            |made: iiif_pipeline::Result<Derivative>| made.map_err(|error| error.to_string());
        assert_eq!(message(with), message(without), "{name}");
    }
    assert!(passed(&probe(whole), TILES[0]).is_some());
}

/// Whoever went on to decode it would get other bytes.
#[test]
fn a_tile_that_cannot_be_read_is_an_error_and_passed_through_later() {
    let left = Arc::new(AtomicU64::new(u64::MAX));
    let reader = Failing {
        bytes: file(&tiled()).into(),
        left: Arc::clone(&left),
    };
    let source = SourceImage::open(reader, &DecodeLimits::default()).unwrap();
    left.store(0, Ordering::Relaxed);
    let failed = source.passthrough(&plan(&source, TILES[0]), &EncodeOptions::default());
    assert!(matches!(failed, Err(Error::Read { .. })), "{failed:?}");
    left.store(u64::MAX, Ordering::Relaxed);
    assert!(passed(&source, TILES[0]).is_some());
}

#[test]
fn a_tile_takes_one_read_once_its_level_is_known() {
    let (source, log) = open_local(file(&tiled()));
    passed(&source, TILES[0]).unwrap();
    log.reads();
    passed(&source, TILES[1]).unwrap();
    // A clone knows as much.
    passed(&source.clone(), TILES[0]).unwrap();
    assert_eq!(log.reads().len(), 2);
    // What is no tile is not read at all.
    let request = "64,0,64,64/full/0/default.png";
    assert!(passed(&source, request).is_none());
    assert!(log.reads().is_empty());
    // Nor is more than a tile for what lies in it.
    let plan = plan(&source, request);
    let choice = source.decode_choice(&plan, 0);
    source.decode_chosen(&choice).unwrap();
    assert_eq!(log.reads().len(), 1);
}

/// Writers align tiles, and repeat their lengths beside them.
#[test]
fn tiles_that_lie_nearly_together_are_read_at_once() {
    const TILE_OFFSETS: u16 = 324;
    const TILE_BYTE_COUNTS: u16 = 325;
    const COLUMNS: usize = 5;
    let mut file = file(&tiled());
    // Of the second row, the second tile.
    let [offsets, lengths] =
        [TILE_OFFSETS, TILE_BYTE_COUNTS].map(|tag| tile_values(&file, tag)[0] - 4 * 6);
    for tile in 0..COLUMNS {
        let [start, length] = [offsets, lengths].map(|at| long(&file, at + 4 * tile) as usize);
        let copy = file[start..start + length].to_vec();
        let moved = (file.len() as u32 + 1).to_le_bytes();
        file.push(0);
        file.extend(copy);
        file[offsets + 4 * tile..][..4].copy_from_slice(&moved);
    }
    let (source, log) = open_local(file);
    let rendered = |request: &str| {
        let choice = source.decode_choice(&plan(&source, request), 0);
        source.decode_chosen(&choice).unwrap();
        log.reads().len()
    };
    rendered("0,64,300,64/full/0/default.png");
    assert_eq!(rendered("0,64,300,64/full/0/default.png"), 1, "together");
    assert_eq!(rendered("0,0,300,64/full/0/default.png"), 1, "a byte apart");
}
