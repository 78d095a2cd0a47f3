//! TIFF files (TIFF 6.0, its technical note 2 for JPEG, and BigTIFF) in the layouts of archives.

mod chunk;
mod compress;
mod page;

use image::DynamicImage;
use image::imageops::FilterType;

use super::ifd::{ByteOrder, IfdWriter, OffsetSize};

/// How the pixels are cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Full rows; the last strip may have fewer.
    Strips {
        /// Rows in a strip, at least 1.
        rows: u32,
    },
    /// Tiles of equal size; those at the right and bottom are filled with their last pixels.
    Tiles {
        /// Width of a tile, in pixels: a multiple of 16, says the specification.
        width: u32,
        /// Height of a tile, in pixels: a multiple of 16, says the specification.
        height: u32,
    },
}

/// What the samples mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Photometric {
    /// Gray, 0 is white.
    MinIsWhite,
    /// Gray, 0 is black.
    MinIsBlack,
    /// Red, green, blue.
    #[default]
    Rgb,
    /// An index into a color map, the same fixed colors as in
    /// [`PngColor::Palette`](super::PngColor::Palette).
    Palette,
    /// Cyan, magenta, yellow, black; 0 is no ink.
    Cmyk,
    /// YCbCr by ITU-R BT.601, full range; 4:2:0 in JPEG, 4:4:4 otherwise.
    YCbCr,
}

/// How the bytes of a piece are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// LZW with the early change of code size that TIFF asks for.
    Lzw,
    /// zlib, tag value 8.
    Deflate,
    /// Run lengths.
    PackBits,
    /// A complete JPEG stream in each piece.
    Jpeg,
    /// Abbreviated JPEG streams; their tables are shared in the tag `JPEGTables`.
    JpegWithTables,
    /// A lossless WebP file in each piece, 8 bits chunky: tag value 50001 of libtiff.
    WebP,
}

/// How the channels are arranged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Planar {
    /// All samples of a pixel together.
    #[default]
    Chunky,
    /// All pieces of the first channel, then those of the next.
    Planar,
}

/// What is subtracted from the samples before they are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Predictor {
    /// Nothing.
    #[default]
    None,
    /// The sample to the left.
    Horizontal,
}

/// Where a file holds the levels of a pyramid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pyramid {
    /// Pages behind the picture, marked as reduced versions.
    Marked,
    /// Pages behind the picture that say nothing.
    Unmarked,
    /// Directories in a field of the picture.
    SubDirectories,
}

/// How a TIFF is written.
#[derive(Clone, Debug)]
pub struct TiffOptions {
    /// Default: strips of 16 rows.
    pub layout: Layout,
    /// Bits per sample: 1 to 16. Default: 8.
    pub bits: u8,
    /// Default: [`Photometric::Rgb`].
    pub photometric: Photometric,
    /// Default: [`Compression::None`].
    pub compression: Compression,
    /// Default: [`ByteOrder::Little`].
    pub byte_order: ByteOrder,
    /// BigTIFF: offsets of eight bytes. Default: no.
    pub big_tiff: bool,
    /// Default: [`Planar::Chunky`].
    pub planar: Planar,
    /// Default: [`Predictor::None`].
    pub predictor: Predictor,
    /// The orientation tag, 1 to 8; other values are written as they are. Default: none.
    pub orientation: Option<u8>,
    /// An ICC profile. Default: none.
    pub icc: Option<Vec<u8>>,
    /// The alpha of the picture as an unassociated extra sample. Default: no.
    pub alpha: bool,
    /// How many reductions follow the picture as further pages, each half the size of the one
    /// before (a pyramid). Default: 0.
    pub overviews: u32,
}

impl Default for TiffOptions {
    fn default() -> Self {
        Self {
            layout: Layout::Strips { rows: 16 },
            bits: 8,
            photometric: Photometric::Rgb,
            compression: Compression::None,
            byte_order: ByteOrder::Little,
            big_tiff: false,
            planar: Planar::Chunky,
            predictor: Predictor::None,
            orientation: None,
            icc: None,
            alpha: false,
            overviews: 0,
        }
    }
}

/// Returns a TIFF file of the picture.
///
/// # Panics
///
/// If a side of the picture or of the layout is zero, or the options contradict each other:
///
/// - JPEG, CMYK and YCbCr have 8 bits, a palette 1, 2, 4 or 8, alpha at least 8;
/// - JPEG goes with neither a palette nor alpha, YCbCr with neither planes nor alpha;
/// - a predictor needs LZW or Deflate (readers ignore it elsewhere) and 8 or 16 bits.
#[must_use]
pub fn tiff(picture: &DynamicImage, options: &TiffOptions) -> Vec<u8> {
    let mut pages = vec![picture.clone()];
    for _ in 0..options.overviews {
        let half = |side: u32| (side / 2).max(1);
        let above = &pages[pages.len() - 1];
        let (width, height) = (half(above.width()), half(above.height()));
        pages.push(above.resize_exact(width, height, FilterType::Triangle));
    }
    tiff_pyramid(&pages, Pyramid::Marked, options)
}

/// Returns a TIFF file of the first picture whose levels are the others, whatever they show;
/// [`TiffOptions::overviews`] does not count.
///
/// # Panics
///
/// As [`tiff`].
#[must_use]
pub fn tiff_pyramid(pages: &[DynamicImage], pyramid: Pyramid, options: &TiffOptions) -> Vec<u8> {
    check(options);
    let size = if options.big_tiff {
        OffsetSize::Big
    } else {
        OffsetSize::Classic
    };
    let kind = match pyramid {
        Pyramid::Unmarked => page::Kind::Full,
        Pyramid::Marked | Pyramid::SubDirectories => page::Kind::Reduced,
    };
    let mut writer = IfdWriter::new(options.byte_order, size);
    let Some((full, levels)) = pages.split_first() else {
        return writer.finish();
    };
    let mut main = page::append(&mut writer, full, options, page::Kind::Full);
    let mut levels: Vec<_> = levels
        .iter()
        .map(|level| page::append(&mut writer, level, options, kind))
        .collect();
    if pyramid == Pyramid::SubDirectories {
        let offsets = levels
            .drain(..)
            .map(|entries| writer.append_directory(entries))
            .collect();
        main.push(page::sub_directories(offsets));
    }
    writer.chain_directory(main);
    for entries in levels {
        writer.chain_directory(entries);
    }
    writer.finish()
}

fn check(options: &TiffOptions) {
    let jpeg = options.compression.is_jpeg();
    let palette = options.photometric == Photometric::Palette;
    let ycbcr = options.photometric == Photometric::YCbCr;
    let cmyk = options.photometric == Photometric::Cmyk;
    let bits_fit = match options.bits {
        8 => true,
        9..=16 => !(jpeg || palette || ycbcr || cmyk),
        1 | 2 | 4 => !(jpeg || ycbcr || cmyk || options.alpha),
        3 | 5..=7 => !(jpeg || palette || ycbcr || cmyk || options.alpha),
        _ => false,
    };
    let jpeg_fits = !(jpeg && (palette || options.alpha));
    let webp_fits = options.compression != Compression::WebP
        || (options.photometric == Photometric::Rgb
            && options.bits == 8
            && options.planar == Planar::Chunky);
    let ycbcr_fits = !(ycbcr && (options.planar == Planar::Planar || options.alpha));
    let zipped = matches!(options.compression, Compression::Lzw | Compression::Deflate);
    let predictor_fits =
        options.predictor == Predictor::None || (zipped && matches!(options.bits, 8 | 16));
    assert!(
        bits_fit && jpeg_fits && webp_fits && ycbcr_fits && predictor_fits,
        "these do not go together in a TIFF: {options:?}",
    );
}
