//! PNG files (PNG third edition) of every color type, depth and interlacing.

use std::io::Write;

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use image::DynamicImage;

use super::exif::exif;
use super::ifd::ByteOrder;
use super::palette::Palette;
use super::samples::{Channels, Samples, pack_row};

/// First eight bytes of a PNG file (section 5.2).
pub(crate) const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// First column, first row, step to the right and step down of each pass of Adam7 (section 8.1).
const ADAM7: [(usize, usize, usize, usize); 7] = [
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
];

/// Alpha below this is transparent where there is only one bit for it.
const OPAQUE_FROM: u8 = 128;

/// The color type of a PNG, with the depths it allows (section 11.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PngColor {
    /// 1, 2, 4, 8 or 16 bits.
    Gray,
    /// 8 or 16 bits.
    GrayAlpha,
    /// 8 or 16 bits.
    #[default]
    Rgb,
    /// 8 or 16 bits.
    Rgba,
    /// 1, 2, 4 or 8 bits: the nearest of fixed colors (black and white; the colors of
    /// [`quadrants`](crate::pattern::quadrants); 16 or 256 evenly spaced ones).
    Palette,
    /// As [`PngColor::Palette`] with a `tRNS` chunk that makes the last color fully transparent.
    /// Pixels of alpha under 128 have it, other pixels too if it is the nearest to them.
    PaletteAlpha,
}

/// How a PNG is written.
#[derive(Clone, Debug)]
pub struct PngOptions {
    /// Bits per sample (per index with a palette). Default: 8.
    pub bit_depth: u8,
    /// Default: [`PngColor::Rgb`].
    pub color: PngColor,
    /// Adam7 interlacing. Default: no.
    pub interlaced: bool,
    /// An ICC profile, in an `iCCP` chunk. Default: none.
    pub icc: Option<Vec<u8>>,
    /// EXIF orientation in an `eXIf` chunk, 1 to 8; others are written as they are. Default: none.
    pub exif_orientation: Option<u8>,
    /// A `tEXt` chunk of keyword `Comment`. Default: none.
    pub comment: Option<&'static str>,
}

impl Default for PngOptions {
    fn default() -> Self {
        Self {
            bit_depth: 8,
            color: PngColor::Rgb,
            interlaced: false,
            icc: None,
            exif_orientation: None,
            comment: None,
        }
    }
}

/// Returns a PNG file of the picture.
///
/// # Panics
///
/// If the depth does not go with the color type.
#[must_use]
pub fn png(picture: &DynamicImage, options: &PngOptions) -> Vec<u8> {
    let depths: &[u8] = match options.color {
        PngColor::Gray => &[1, 2, 4, 8, 16],
        PngColor::Palette | PngColor::PaletteAlpha => &[1, 2, 4, 8],
        PngColor::GrayAlpha | PngColor::Rgb | PngColor::Rgba => &[8, 16],
    };
    assert!(
        depths.contains(&options.bit_depth),
        "bit depth is `{}`; {:?} allows {depths:?}",
        options.bit_depth,
        options.color,
    );
    let header = header(picture.width(), picture.height(), options);
    let mut file = [&SIGNATURE[..], &chunk(*b"IHDR", &header)].concat();
    if let Some(icc) = &options.icc {
        let data = [b"test profile\0\0", &zlib(icc)[..]].concat();
        file.extend(chunk(*b"iCCP", &data));
    }
    if matches!(options.color, PngColor::Palette | PngColor::PaletteAlpha) {
        let colors = Palette::of_bits(options.bit_depth).colors;
        file.extend(chunk(*b"PLTE", &colors.concat()));
        if options.color == PngColor::PaletteAlpha {
            let mut alphas = vec![255; colors.len() - 1];
            alphas.push(0);
            file.extend(chunk(*b"tRNS", &alphas));
        }
    }
    if options.exif_orientation.is_some() {
        file.extend(chunk(*b"eXIf", &exif(options.exif_orientation, false)));
    }
    if let Some(comment) = options.comment {
        file.extend(chunk(
            *b"tEXt",
            &[b"Comment\0", comment.as_bytes()].concat(),
        ));
    }
    let rows = rows(&samples(picture, options), options);
    file.extend(chunk(*b"IDAT", &zlib(&rows)));
    file.extend(chunk(*b"IEND", &[]));
    file
}

/// Returns the 13 bytes of an `IHDR` chunk (section 11.2.1).
pub(crate) fn header(width: u32, height: u32, options: &PngOptions) -> Vec<u8> {
    let color_type = match options.color {
        PngColor::Gray => 0,
        PngColor::Rgb => 2,
        PngColor::Palette | PngColor::PaletteAlpha => 3,
        PngColor::GrayAlpha => 4,
        PngColor::Rgba => 6,
    };
    let rest = [
        options.bit_depth,
        color_type,
        0,
        0,
        u8::from(options.interlaced),
    ];
    [&width.to_be_bytes()[..], &height.to_be_bytes(), &rest].concat()
}

/// Returns a chunk with its length and checksum (section 5.3).
pub(crate) fn chunk(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(&kind);
    crc.update(data);
    let length = (data.len() as u32).to_be_bytes();
    [&length[..], &kind, data, &crc.sum().to_be_bytes()].concat()
}

/// Returns a zlib stream of the data.
pub(crate) fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(data).expect("writing to memory succeeds");
    encoder.finish().expect("writing to memory succeeds")
}

fn samples(picture: &DynamicImage, options: &PngOptions) -> Samples {
    let channels = match options.color {
        PngColor::Gray => Channels::Gray,
        PngColor::GrayAlpha => Channels::GrayAlpha,
        PngColor::Rgb => Channels::Rgb,
        PngColor::Rgba => Channels::Rgba,
        PngColor::Palette | PngColor::PaletteAlpha => Channels::Index,
    };
    let mut samples = Samples::new(picture, channels, options.bit_depth);
    if options.color == PngColor::PaletteAlpha {
        let transparent = (1 << options.bit_depth) - 1;
        let rgba = picture.to_rgba8();
        for (index, pixel) in samples.values.iter_mut().zip(rgba.pixels()) {
            if pixel.0[3] < OPAQUE_FROM {
                *index = transparent;
            }
        }
    }
    samples
}

/// All scanlines, of all passes, each after its filter byte: 0, as it is (section 9.2).
fn rows(samples: &Samples, options: &PngOptions) -> Vec<u8> {
    let passes = if options.interlaced {
        &ADAM7[..]
    } else {
        &[(0, 0, 1, 1)]
    };
    let mut rows = Vec::new();
    for &(left, top, step_x, step_y) in passes {
        if left >= samples.width {
            continue; // a pass without pixels has no scanlines either
        }
        for y in (top..samples.height).step_by(step_y) {
            let columns = (left..samples.width).step_by(step_x);
            let row: Vec<u16> = columns.flat_map(|x| samples.pixel(x, y)).copied().collect();
            rows.push(0);
            rows.extend(pack_row(&row, samples.bits, ByteOrder::Big));
        }
    }
    rows
}
