//! Damaged and dishonest files: an error or a picture, never a panic, never a large allocation.

use iiif_pipeline::{DecodeLimits, Error, SourceImage};
use iiif_testkit::damage::{byte_flips, truncate, truncation_points};
use iiif_testkit::encode::{
    Compression, Jpeg2000Coding, Jpeg2000Container, Jpeg2000Options, JpegColor, JpegOptions,
    Layout, PacketOrder, Photometric, PngColor, PngOptions, Pyramid, TiffOptions, WebpOptions, bmp,
    gif, jpeg, jpeg2000, png, tiff, tiff_pyramid, webp,
};
use iiif_testkit::pattern::{photo, with_alpha};
use iiif_testkit::{header_lies, icc};
use image::DynamicImage;

use crate::pyramid::derive;

/// What a damaged file may declare: more than 64 by 48 pixels need, far less than hurts.
const MAX_BYTES: u64 = 4 << 20;

/// How many times every file is damaged, by one byte and by several.
const FLIPS: u64 = 150;

/// The most that decoders may hold beside a raster of [`MAX_BYTES`], for a sensible estimate.
const MAX_DECODED_BYTES: u64 = 16 * MAX_BYTES;

type Files = Vec<(&'static str, Vec<u8>)>;

/// One small file of each kind that takes another way through the decoders.
fn files() -> Files {
    [
        jpeg_files(),
        jpeg2000_files(),
        png_files(),
        tiff_files(),
        other_files(),
    ]
    .concat()
}

fn picture() -> DynamicImage {
    photo(64, 48).into()
}

fn jpeg_files() -> Files {
    let options = JpegOptions {
        exif_orientation: Some(6),
        icc: Some(icc::display_p3()),
        ..JpegOptions::default()
    };
    let progressive = JpegOptions {
        progressive: true,
        ..options.clone()
    };
    let ycck = JpegOptions {
        color: JpegColor::Ycck,
        ..options.clone()
    };
    vec![
        ("jpeg", jpeg(&picture(), &options)),
        ("progressive jpeg", jpeg(&picture(), &progressive)),
        ("ycck jpeg", jpeg(&picture(), &ycck)),
    ]
}

fn jpeg2000_files() -> Files {
    let boxed = Jpeg2000Options {
        icc: Some(icc::display_p3()),
        levels: 2,
        ..Jpeg2000Options::default()
    };
    let in_tiles = Jpeg2000Options {
        container: Jpeg2000Container::Codestream,
        coding: Jpeg2000Coding::Lossy,
        order: PacketOrder::Pcrl,
        tile: Some((16, 24)),
        levels: 3,
        precinct: Some((16, 16)),
        block: (8, 4),
        ..Jpeg2000Options::default()
    };
    let sycc = Jpeg2000Options {
        sycc: true,
        order: PacketOrder::Cprl,
        tile: Some((32, 32)),
        ..boxed.clone()
    };
    vec![
        ("jpeg 2000", jpeg2000(&picture(), &boxed)),
        ("tiled jpeg 2000", jpeg2000(&picture(), &in_tiles)),
        ("sycc jpeg 2000", jpeg2000(&picture(), &sycc)),
    ]
}

fn png_files() -> Files {
    let with_metadata = PngOptions {
        icc: Some(icc::display_p3()),
        exif_orientation: Some(3),
        ..PngOptions::default()
    };
    let interlaced_palette = PngOptions {
        color: PngColor::Palette,
        bit_depth: 4,
        interlaced: true,
        ..PngOptions::default()
    };
    vec![
        ("png", png(&picture(), &with_metadata)),
        ("palette png", png(&picture(), &interlaced_palette)),
    ]
}

fn tiff_files() -> Files {
    let options = |compression, photometric| TiffOptions {
        compression,
        photometric,
        ..TiffOptions::default()
    };
    let pyramid = TiffOptions {
        overviews: 1,
        ..TiffOptions::default()
    };
    let levels = [picture(), picture().thumbnail_exact(32, 24)];
    let in_tiles = TiffOptions {
        layout: Layout::Tiles {
            width: 16,
            height: 16,
        },
        ..options(Compression::Deflate, Photometric::Rgb)
    };
    let palette = options(Compression::Lzw, Photometric::Palette);
    let inks_in_tiles = TiffOptions {
        big_tiff: true,
        layout: Layout::Tiles {
            width: 16,
            height: 16,
        },
        ..options(Compression::Deflate, Photometric::Cmyk)
    };
    let bitonal = TiffOptions {
        bits: 1,
        ..options(Compression::PackBits, Photometric::MinIsWhite)
    };
    let jpeg_inside = options(Compression::JpegWithTables, Photometric::YCbCr);
    vec![
        ("tiff", tiff(&picture(), &pyramid)),
        (
            "tiff of levels",
            tiff_pyramid(&levels, Pyramid::SubDirectories, &in_tiles),
        ),
        ("lzw tiff", tiff(&picture(), &palette)),
        ("deflate tiff", tiff(&picture(), &inks_in_tiles)),
        ("packed tiff", tiff(&picture(), &bitonal)),
        ("jpeg tiff", tiff(&picture(), &jpeg_inside)),
    ]
}

fn other_files() -> Files {
    let transparent = DynamicImage::from(with_alpha(&photo(64, 48)));
    let options = WebpOptions {
        icc: Some(icc::display_p3()),
        exif_orientation: Some(8),
    };
    vec![
        ("gif", gif(&picture())),
        ("bmp", bmp(&picture())),
        ("webp", webp(&transparent, &options)),
    ]
}

/// Reads a file; a picture must be what its header declares, and within the limits.
fn read(file: Vec<u8>, name: &str) -> Result<DynamicImage, Error> {
    let limits = DecodeLimits::default().with_max_bytes(MAX_BYTES);
    let source = SourceImage::probe(file, &limits)?;
    assert!(
        source.decoded_bytes() <= MAX_DECODED_BYTES,
        "{name}: {source:?}"
    );
    // A part and a reduction take other ways; either outcome will do.
    for request in ["5,3,20,18/full/0/default.png", "full/16,/0/default.png"] {
        // A declared size may have no part there.
        if source
            .dimensions()
            .width()
            .min(source.dimensions().height())
            >= 16
        {
            let _ = derive(&source, request);
        }
    }
    let picture = source.decode()?;
    let stored = source.geometry().stored;
    assert_eq!(
        (picture.width(), picture.height()),
        (stored.width(), stored.height())
    );
    assert!(picture.as_bytes().len() as u64 <= MAX_BYTES, "{name}");
    Ok(picture)
}

#[test]
fn cut_off_files_are_errors_or_whole_pictures() {
    for (name, file) in files() {
        let whole = read(file.clone(), name).unwrap();
        for length in truncation_points(file.len()) {
            if let Ok(picture) = read(truncate(&file, length), name) {
                // Only what comes after the pixels was cut off: a checksum, a trailer, a page.
                assert_eq!(picture, whole, "{name} cut to {length} of {}", file.len());
            }
        }
    }
}

#[test]
fn cut_off_jpeg_is_never_a_gray_picture() {
    for progressive in [false, true] {
        let options = JpegOptions {
            progressive,
            ..JpegOptions::default()
        };
        let file = jpeg(&picture(), &options);
        for length in 0..file.len() {
            assert!(read(truncate(&file, length), "jpeg").is_err(), "{length}");
        }
    }
}

#[test]
fn changed_bytes_are_errors_or_pictures() {
    for (name, file) in files() {
        for seed in 0..FLIPS {
            for count in [1, 8] {
                // Either outcome will do: that there is one, and no panic, is the point.
                let _ = read(byte_flips(&file, seed, count), name);
            }
        }
    }
}

#[test]
fn enormous_declarations_are_over_the_limit() {
    for (name, file) in header_lies::all() {
        let error = SourceImage::probe(file, &DecodeLimits::default()).unwrap_err();
        let is_refused = match &error {
            Error::OverLimit { limit, .. } => *limit == "max_pixels",
            // Within the limit of pixels, beyond what its bytes can hold.
            Error::Corrupt { .. } => {
                name == "png of 16 million rows" || name == "jpeg 2000 of 4 million tiles"
            }
            _ => false,
        };
        assert!(is_refused, "{name}: {error:?}");
    }
}

#[test]
fn short_files_cannot_declare_many_pixels() {
    let limits = DecodeLimits::default()
        .with_max_pixels(u64::MAX)
        .with_max_bytes(u64::MAX);
    // It may be blank, and of blank tiles nothing is stored.
    let files = header_lies::all().into_iter();
    let files = files.filter(|(name, _)| *name != "enormous jpeg 2000");
    for (name, file) in files {
        let error = SourceImage::probe(file, &limits).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{name}: {error:?}");
    }
}
