//! What the fields of a page say about its pixels.

use iiif_image_api::Dimensions;

use super::directory::{ByteOrder, Directory};
use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::{corrupt, plausible, unsupported};

/// Tags: TIFF 6.0 appendix A, and its technical notes 1 and 2.
pub(super) mod tag {
    pub(in super::super) const IMAGE_WIDTH: u16 = 256;
    pub(in super::super) const IMAGE_LENGTH: u16 = 257;
    pub(super) const BITS_PER_SAMPLE: u16 = 258;
    pub(super) const COMPRESSION: u16 = 259;
    pub(super) const PHOTOMETRIC_INTERPRETATION: u16 = 262;
    pub(super) const FILL_ORDER: u16 = 266;
    pub(super) const STRIP_OFFSETS: u16 = 273;
    pub(in super::super) const ORIENTATION: u16 = 274;
    pub(super) const SAMPLES_PER_PIXEL: u16 = 277;
    pub(super) const ROWS_PER_STRIP: u16 = 278;
    pub(super) const STRIP_BYTE_COUNTS: u16 = 279;
    pub(super) const PLANAR_CONFIGURATION: u16 = 284;
    pub(super) const PREDICTOR: u16 = 317;
    pub(super) const COLOR_MAP: u16 = 320;
    pub(super) const TILE_WIDTH: u16 = 322;
    pub(super) const TILE_LENGTH: u16 = 323;
    pub(super) const TILE_OFFSETS: u16 = 324;
    pub(super) const TILE_BYTE_COUNTS: u16 = 325;
    pub(super) const INK_SET: u16 = 332;
    pub(super) const EXTRA_SAMPLES: u16 = 338;
    pub(super) const SAMPLE_FORMAT: u16 = 339;
    pub(super) const JPEG_TABLES: u16 = 347;
    pub(super) const YCBCR_SUBSAMPLING: u16 = 530;
    pub(in super::super) const ICC_PROFILE: u16 = 34675;
}

/// What the samples mean: tag 262.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Photometric {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
}

impl Photometric {
    /// Samples of a pixel without extra samples.
    pub(super) fn samples(self) -> usize {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// How chunks are compressed: tag 259.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    /// CCITT T.6, the code of fax group 4.
    Group4,
}

/// What the first extra sample is: tag 338.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    /// None, or something else than alpha.
    Missing,
    /// Colors are multiplied with it.
    Associated,
    Unassociated,
}

/// What is stored between neighbors of a row: tag 317.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    /// The samples.
    None,
    /// Differences to the sample on the left.
    Horizontal,
}

/// A page whose fields agree with each other. A chunk is a strip or a tile.
#[derive(Clone, Debug)]
pub(super) struct Page<'a> {
    pub(super) byte_order: ByteOrder,
    pub(super) dimensions: Dimensions,
    /// 1, 2, 4, 8 or 16.
    pub(super) bits: u32,
    /// Samples of a pixel, extra samples included.
    pub(super) samples: usize,
    pub(super) photometric: Photometric,
    pub(super) compression: Compression,
    pub(super) predictor: Predictor,
    pub(super) alpha: Alpha,
    /// Whether every sample has its own chunks.
    pub(super) is_planar: bool,
    /// Whether the first pixel is in the lowest bit of a byte.
    pub(super) is_bit_reversed: bool,
    pub(super) color_map: Vec<u64>,
    pub(super) subsampling: (usize, usize),
    pub(super) jpeg_tables: Option<&'a [u8]>,
    pub(super) chunk_width: usize,
    pub(super) chunk_height: usize,
    offsets: Vec<u64>,
    byte_counts: Option<Vec<u64>>,
}

impl<'a> Page<'a> {
    pub(super) fn read(directory: &Directory<'a>, dimensions: Dimensions) -> Result<Self> {
        let samples = small(directory, tag::SAMPLES_PER_PIXEL, 1)?;
        let photometric = photometric(directory)?;
        let extra = directory.number(tag::EXTRA_SAMPLES);
        let mut page = Self {
            byte_order: directory.byte_order,
            dimensions,
            bits: bits(directory)?,
            samples,
            photometric,
            compression: compression(directory)?,
            predictor: predictor(directory)?,
            alpha: match extra {
                Some(1) => Alpha::Associated,
                Some(2) => Alpha::Unassociated,
                // Writers that forget the field mean alpha.
                None if samples == photometric.samples() + 1 && samples != 5 => Alpha::Unassociated,
                _ => Alpha::Missing,
            },
            is_planar: directory.number(tag::PLANAR_CONFIGURATION) == Some(2) && samples > 1,
            is_bit_reversed: directory.number(tag::FILL_ORDER) == Some(2),
            color_map: directory.numbers(tag::COLOR_MAP).unwrap_or_default(),
            subsampling: subsampling(directory),
            jpeg_tables: directory.bytes(tag::JPEG_TABLES),
            chunk_width: dimensions.width() as usize,
            chunk_height: dimensions.height() as usize,
            offsets: Vec::new(),
            byte_counts: None,
        };
        page.read_chunks(directory)?;
        page.check()?;
        Ok(page)
    }

    fn read_chunks(&mut self, directory: &Directory<'a>) -> Result<()> {
        let offsets = if let Some(offsets) = directory.numbers(tag::TILE_OFFSETS) {
            self.chunk_width = small(directory, tag::TILE_WIDTH, 0)?;
            self.chunk_height = small(directory, tag::TILE_LENGTH, 0)?;
            self.byte_counts = directory
                .numbers(tag::TILE_BYTE_COUNTS)
                .or_else(|| directory.numbers(tag::STRIP_BYTE_COUNTS));
            Some(offsets)
        } else {
            let rows = directory.number(tag::ROWS_PER_STRIP).unwrap_or(u64::MAX);
            self.chunk_height = self
                .chunk_height
                .min(usize::try_from(rows).unwrap_or(usize::MAX));
            self.byte_counts = directory.numbers(tag::STRIP_BYTE_COUNTS);
            directory.numbers(tag::STRIP_OFFSETS)
        };
        self.offsets = offsets.ok_or_else(|| corrupt(FORMAT, Damage::NoPixels))?;
        if self.chunk_width == 0 || self.chunk_height == 0 {
            return Err(corrupt(FORMAT, Damage::EmptyChunks));
        }
        let needed = self.chunks_across() * self.chunks_down() * self.planes();
        let found = self
            .byte_counts
            .as_ref()
            .map_or(self.offsets.len(), |counts| {
                counts.len().min(self.offsets.len())
            });
        if found < needed {
            return Err(corrupt(FORMAT, Damage::MissingChunks { needed, found }));
        }
        Ok(())
    }

    /// Refuses combinations that make no sense or are not read.
    fn check(&self) -> Result<()> {
        if self.samples < self.photometric.samples() {
            return Err(corrupt(FORMAT, Damage::MissingSamples));
        }
        if self.photometric == Photometric::Palette {
            if self.bits > 8 {
                return Err(unsupported(FORMAT, "a palette of more than 256 colors"));
            }
            if self.color_map.len() < 3 << self.bits {
                return Err(corrupt(FORMAT, Damage::ShortPalette));
            }
        }
        if self.predictor == Predictor::Horizontal && self.bits < 8 {
            return Err(unsupported(FORMAT, "a predictor of less than 8 bits"));
        }
        if self.photometric == Photometric::YCbCr {
            let is_plain = self.bits == 8 && self.samples == 3 && !self.is_planar;
            let is_subsampled = self.compression != Compression::Jpeg;
            if !is_plain || (is_subsampled && self.predictor != Predictor::None) {
                return Err(unsupported(FORMAT, "YCbCr samples in this arrangement"));
            }
        }
        // The decoder counts columns in 16 bits.
        let is_fax = self.bits == 1 && self.samples == 1 && self.chunk_width < 1 << 16;
        if self.compression == Compression::Group4 && !is_fax {
            return Err(unsupported(
                FORMAT,
                "CCITT (fax) compression of such samples",
            ));
        }
        let is_jpeg_arrangement = self.bits == 8 && matches!(self.chunk_samples(), 1 | 3 | 4);
        if self.compression == Compression::Jpeg && !is_jpeg_arrangement {
            return Err(unsupported(FORMAT, "JPEG compression of such samples"));
        }
        Ok(())
    }

    pub(super) fn chunks_across(&self) -> usize {
        (self.dimensions.width() as usize).div_ceil(self.chunk_width)
    }

    pub(super) fn chunks_down(&self) -> usize {
        (self.dimensions.height() as usize).div_ceil(self.chunk_height)
    }

    pub(super) fn planes(&self) -> usize {
        if self.is_planar { self.samples } else { 1 }
    }

    /// Samples of a pixel in one chunk.
    pub(super) fn chunk_samples(&self) -> usize {
        if self.is_planar { 1 } else { self.samples }
    }

    /// Bytes of a row of a chunk, before compression.
    pub(super) fn row_bytes(&self) -> usize {
        (self.chunk_width * self.chunk_samples() * self.bits as usize).div_ceil(8)
    }

    /// Returns the compressed data of a chunk; `None` if it is not in the file.
    pub(super) fn chunk_data<'b>(&self, bytes: &'b [u8], index: usize) -> Option<&'b [u8]> {
        let offset = usize::try_from(*self.offsets.get(index)?).ok()?;
        let data = bytes.get(offset..)?;
        match &self.byte_counts {
            Some(counts) => data.get(..usize::try_from(*counts.get(index)?).ok()?),
            None => Some(data),
        }
    }

    /// Returns how many compressed bytes the picture takes at least.
    pub(super) fn least_bytes(&self) -> u64 {
        self.least(self.dimensions.area(), self.samples)
    }

    /// Returns how many compressed bytes `rows` rows of a chunk take at least.
    pub(super) fn least_chunk_bytes(&self, rows: usize) -> u64 {
        let pixels = (self.chunk_width as u64).saturating_mul(rows as u64);
        self.least(pixels, self.chunk_samples())
    }

    fn least(&self, pixels: u64, samples: usize) -> u64 {
        /// A code of 12 bits stands for fewer bytes than its table has entries (TIFF 6.0 §13).
        const LZW_RATIO: u64 = 4096 * 8 / 12;
        /// A run of 128 in two bytes (TIFF 6.0 §9).
        const PACK_BITS_RATIO: u64 = 64;
        // Chroma may be subsampled to almost nothing.
        let samples = match self.photometric {
            Photometric::YCbCr => 1,
            _ => samples as u64,
        };
        let bits = pixels.saturating_mul(samples * u64::from(self.bits));
        let stored = bits / 8;
        match self.compression {
            Compression::None => stored,
            Compression::Lzw => stored / LZW_RATIO,
            Compression::Deflate => stored / plausible::DEFLATE_RATIO,
            Compression::PackBits => stored / PACK_BITS_RATIO,
            // A row that repeats the one above takes one bit.
            Compression::Group4 => pixels / self.chunk_width as u64 / 8,
            // One bit per block of 64: see the module of JPEG.
            Compression::Jpeg => pixels / 512,
        }
    }
}

/// Returns a number that must fit in 31 bits, so that products of three stay within 128.
fn small(directory: &Directory<'_>, tag: u16, default: u64) -> Result<usize> {
    let number = directory.number(tag).unwrap_or(default);
    match u16::try_from(number) {
        Ok(number) => Ok(usize::from(number)),
        Err(_) => Err(unsupported(
            FORMAT,
            format!("the value {number} in tag {tag}"),
        )),
    }
}

fn bits(directory: &Directory<'_>) -> Result<u32> {
    let bits = directory
        .numbers(tag::BITS_PER_SAMPLE)
        .unwrap_or_else(|| vec![1]);
    let format = directory
        .numbers(tag::SAMPLE_FORMAT)
        .unwrap_or_else(|| vec![1]);
    // 1 is an unsigned integer, 4 is undefined and read as such by everyone.
    if format.iter().any(|format| !matches!(format, 1 | 4)) {
        return Err(unsupported(FORMAT, "samples other than unsigned integers"));
    }
    match bits.as_slice() {
        [first, rest @ ..] if rest.iter().all(|bits| bits == first) => match *first {
            1 | 2 | 4 | 8 | 16 => Ok(*first as u32),
            other => Err(unsupported(FORMAT, format!("{other}-bit samples"))),
        },
        _ => Err(unsupported(FORMAT, "samples of different sizes")),
    }
}

fn photometric(directory: &Directory<'_>) -> Result<Photometric> {
    match directory.number(tag::PHOTOMETRIC_INTERPRETATION) {
        Some(0) => Ok(Photometric::WhiteIsZero),
        Some(1) => Ok(Photometric::BlackIsZero),
        Some(2) => Ok(Photometric::Rgb),
        Some(3) => Ok(Photometric::Palette),
        Some(5) if directory.number(tag::INK_SET).unwrap_or(1) == 1 => Ok(Photometric::Cmyk),
        Some(5) => Err(unsupported(FORMAT, "inks other than CMYK")),
        Some(6) => Ok(Photometric::YCbCr),
        Some(4) => Err(unsupported(FORMAT, "a transparency mask alone")),
        Some(8..=10) => Err(unsupported(FORMAT, "CIE L*a*b* colors")),
        Some(other) => {
            let feature = format!("the photometric interpretation {other}");
            Err(unsupported(FORMAT, feature))
        }
        None => Err(corrupt(FORMAT, Damage::NoPhotometric)),
    }
}

fn compression(directory: &Directory<'_>) -> Result<Compression> {
    let feature = match directory.number(tag::COMPRESSION).unwrap_or(1) {
        1 => return Ok(Compression::None),
        4 => return Ok(Compression::Group4),
        5 => return Ok(Compression::Lzw),
        7 => return Ok(Compression::Jpeg),
        8 | 32_946 => return Ok(Compression::Deflate),
        32_773 => return Ok(Compression::PackBits),
        2 | 3 => "CCITT (fax) compression of group 3".to_owned(),
        6 => "old-style JPEG compression".to_owned(),
        33_003 | 33_005 | 34_712 => "JPEG 2000 compression".to_owned(),
        34_925 => "LZMA compression".to_owned(),
        50_000 => "Zstandard compression".to_owned(),
        50_001 => "WebP compression".to_owned(),
        other => format!("compression {other}"),
    };
    Err(unsupported(FORMAT, feature))
}

fn predictor(directory: &Directory<'_>) -> Result<Predictor> {
    match directory.number(tag::PREDICTOR).unwrap_or(1) {
        1 => Ok(Predictor::None),
        2 => Ok(Predictor::Horizontal),
        other => Err(unsupported(FORMAT, format!("predictor {other}"))),
    }
}

/// The default is 2 by 2: TIFF 6.0 §21.
fn subsampling(directory: &Directory<'_>) -> (usize, usize) {
    let factor = |value: u64| match value {
        1 | 2 | 4 => value as usize,
        _ => 2,
    };
    match directory.numbers(tag::YCBCR_SUBSAMPLING).as_deref() {
        Some([horizontal, vertical, ..]) => (factor(*horizontal), factor(*vertical)),
        _ => (2, 2),
    }
}
