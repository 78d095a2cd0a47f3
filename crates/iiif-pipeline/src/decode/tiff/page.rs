//! What the fields of a page say about its pixels.

use std::ops::Range;

use bytes::Bytes;
use iiif_image_api::Dimensions;

use super::coding::{
    Alpha, Compression, Photometric, Predictor, compression, photometric, predictor,
};
use super::directory::Directory;
use super::file::{ByteOrder, File};
use super::{Damage, FORMAT, tag};
use crate::Result;
use crate::decode::{corrupt, plausible, unsupported};

/// How many bytes of a strip without compression are taken for a chunk of their own.
const PIECE_BYTES: usize = 256 << 10;

/// The most bytes of JPEG tables: four of each kind with 16-bit entries take less than 3 KiB.
const MAX_JPEG_TABLES_BYTES: u64 = 64 << 10;

/// A page whose fields agree with each other. A chunk is a strip or a tile, or a piece of a strip
/// that is not compressed.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) byte_order: ByteOrder,
    pub(super) dimensions: Dimensions,
    /// 1 to 16.
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
    pub(super) jpeg_tables: Option<Bytes>,
    pub(super) is_tiled: bool,
    pub(super) chunk_width: usize,
    pub(super) chunk_height: usize,
    /// Chunks that lie in one stored strip, one behind the other.
    pub(super) pieces: usize,
}

impl Page {
    pub(super) fn read(
        file: &File<'_>,
        directory: &Directory,
        dimensions: Dimensions,
    ) -> Result<Self> {
        let number = |tag| directory.number(file, tag);
        let samples = small(number(tag::SAMPLES_PER_PIXEL)?, tag::SAMPLES_PER_PIXEL, 1)?;
        let photometric = photometric(
            number(tag::PHOTOMETRIC_INTERPRETATION)?,
            number(tag::INK_SET)?,
        )?;
        let bits = bits(file, directory, samples)?;
        let compression = compression(number(tag::COMPRESSION)?)?;
        let mut page = Self {
            byte_order: directory.byte_order,
            dimensions,
            bits,
            samples,
            photometric,
            compression,
            predictor: predictor(number(tag::PREDICTOR)?, compression)?,
            alpha: match number(tag::EXTRA_SAMPLES)? {
                Some(1) => Alpha::Associated,
                Some(2) => Alpha::Unassociated,
                // Writers that forget the field mean alpha.
                None if samples == photometric.samples() + 1 && samples != 5 => Alpha::Unassociated,
                _ => Alpha::Missing,
            },
            is_planar: number(tag::PLANAR_CONFIGURATION)? == Some(2) && samples > 1,
            is_bit_reversed: number(tag::FILL_ORDER)? == Some(2),
            color_map: directory
                .numbers(file, tag::COLOR_MAP, 3 << bits)?
                .unwrap_or_default(),
            subsampling: subsampling(file, directory)?,
            // A copy: a part of a block would keep all of it.
            jpeg_tables: directory
                .bytes(file, tag::JPEG_TABLES, MAX_JPEG_TABLES_BYTES)?
                .map(|tables| Bytes::copy_from_slice(&tables)),
            is_tiled: directory.count(tag::TILE_OFFSETS).is_some(),
            chunk_width: dimensions.width() as usize,
            chunk_height: dimensions.height() as usize,
            pieces: 1,
        };
        page.read_chunk_size(file, directory)?;
        page.check()?;
        Ok(page)
    }

    fn read_chunk_size(&mut self, file: &File<'_>, directory: &Directory) -> Result<()> {
        let number = |tag| directory.number(file, tag);
        if self.is_tiled {
            self.chunk_width = small(number(tag::TILE_WIDTH)?, tag::TILE_WIDTH, 0)?;
            self.chunk_height = small(number(tag::TILE_LENGTH)?, tag::TILE_LENGTH, 0)?;
        } else {
            let rows = number(tag::ROWS_PER_STRIP)?.unwrap_or(u64::MAX);
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            self.chunk_height = self.chunk_height.min(rows);
        }
        let (offsets, byte_counts) = self.chunk_tags(directory);
        let offsets = directory.count(offsets);
        let mut found = offsets.ok_or_else(|| corrupt(FORMAT, Damage::NoPixels))?;
        if self.chunk_width == 0 || self.chunk_height == 0 {
            return Err(corrupt(FORMAT, Damage::EmptyChunks));
        }
        if let Some(counts) = directory.count(byte_counts) {
            found = found.min(counts);
        }
        let needed = self.stored_chunks();
        if found < needed as u64 {
            return Err(corrupt(FORMAT, Damage::MissingChunks { needed, found }));
        }
        self.cut_strips();
        Ok(())
    }

    /// Returns the tags of the offsets and lengths of chunks.
    pub(super) fn chunk_tags(&self, directory: &Directory) -> (u16, u16) {
        if !self.is_tiled {
            return (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS);
        }
        let has_counts = directory.count(tag::TILE_BYTE_COUNTS).is_some();
        let byte_counts = if has_counts {
            tag::TILE_BYTE_COUNTS
        } else {
            tag::STRIP_BYTE_COUNTS
        };
        (tag::TILE_OFFSETS, byte_counts)
    }

    /// Cuts large strips into chunks of whole rows where nothing has to be decompressed.
    fn cut_strips(&mut self) {
        let is_plain =
            self.compression == Compression::None && self.photometric != Photometric::YCbCr;
        let wanted = (PIECE_BYTES / self.row_bytes().max(1)).max(1);
        if self.is_tiled || !is_plain || wanted >= self.chunk_height {
            return;
        }
        let strip_height = self.chunk_height;
        // All chunks have the same height, except at the lower edge.
        self.chunk_height = if strip_height == self.dimensions.height() as usize {
            wanted
        } else {
            let divides = |rows: &usize| strip_height.is_multiple_of(*rows);
            (1..=wanted).rev().find(divides).unwrap_or(1)
        };
        self.pieces = strip_height.div_ceil(self.chunk_height);
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
        if self.predictor == Predictor::Horizontal && !matches!(self.bits, 8 | 16) {
            let feature = format!("a predictor of {}-bit samples", self.bits);
            return Err(unsupported(FORMAT, feature));
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
        let is_webp_arrangement = self.photometric == Photometric::Rgb
            && self.bits == 8
            && matches!(self.chunk_samples(), 3 | 4);
        if self.compression == Compression::WebP && !is_webp_arrangement {
            return Err(unsupported(FORMAT, "WebP compression of such samples"));
        }
        Ok(())
    }

    pub(super) fn chunks_across(&self) -> usize {
        (self.dimensions.width() as usize).div_ceil(self.chunk_width)
    }

    pub(super) fn chunks_down(&self) -> usize {
        (self.dimensions.height() as usize).div_ceil(self.chunk_height)
    }

    /// Returns the number of strips or tiles that are stored.
    pub(super) fn stored_chunks(&self) -> usize {
        let per_plane = self.chunks_across() * self.chunks_down().div_ceil(self.pieces);
        per_plane.saturating_mul(self.planes())
    }

    /// Returns the bytes that this holds besides itself.
    pub(super) fn held_bytes(&self) -> u64 {
        let tables = self.jpeg_tables.as_ref().map_or(0, Bytes::len);
        (self.color_map.len() * size_of::<u64>() + tables) as u64
    }

    pub(super) fn planes(&self) -> usize {
        if self.is_planar { self.samples } else { 1 }
    }

    /// Returns the number of planes that hold something that is shown, of so many channels.
    pub(super) fn shown_planes(&self, channels: usize) -> usize {
        match self.photometric {
            Photometric::Palette => 1,
            _ => self.planes().min(channels),
        }
    }

    /// Returns the rows and columns of the chunks that some pixels lie in, row by row.
    pub(super) fn places(
        &self,
        columns: &Range<usize>,
        rows: &Range<usize>,
    ) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (width, height) = (self.chunk_width, self.chunk_height);
        let columns = columns.start / width..columns.end.div_ceil(width);
        (rows.start / height..rows.end.div_ceil(height))
            .flat_map(move |row| columns.clone().map(move |column| (row, column)))
    }

    /// Returns which chunks hold some pixels, of so many channels: for each [place](Self::places) those of
    /// all planes.
    pub(super) fn chunks_of(
        &self,
        columns: &Range<usize>,
        rows: &Range<usize>,
        channels: usize,
    ) -> Vec<usize> {
        let planes = self.shown_planes(channels);
        let per_plane = self.chunks_across() * self.chunks_down();
        let of_place = |(row, column)| {
            let index = row * self.chunks_across() + column;
            (0..planes).map(move |plane| plane * per_plane + index)
        };
        self.places(columns, rows).flat_map(of_place).collect()
    }

    /// Samples of a pixel in one chunk.
    pub(super) fn chunk_samples(&self) -> usize {
        if self.is_planar { 1 } else { self.samples }
    }

    /// Bytes of a row of a chunk, before compression.
    pub(super) fn row_bytes(&self) -> usize {
        (self.chunk_width * self.chunk_samples() * self.bits as usize).div_ceil(8)
    }

    /// Bytes of the first `rows` rows of a chunk, before compression. Not of JPEG, which knows
    /// itself.
    pub(super) fn packed_bytes(&self, rows: usize) -> usize {
        if self.photometric == Photometric::YCbCr {
            let (horizontal, vertical) = self.subsampling;
            let units = self.chunk_width.div_ceil(horizontal) * rows.div_ceil(vertical);
            return units.saturating_mul(horizontal * vertical + 2);
        }
        self.row_bytes().saturating_mul(rows)
    }

    /// Bytes of a chunk, before compression or after decompression, whatever is more.
    pub(super) fn chunk_bytes(&self) -> u64 {
        let unpacked = self.row_bytes().saturating_mul(self.chunk_height);
        unpacked.max(self.packed_bytes(self.chunk_height)) as u64
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
            // See the module of WebP.
            Compression::WebP => 0,
        }
    }
}

/// Returns a number that must fit in 16 bits, so that products of three fit in `usize`.
fn small(number: Option<u64>, tag: u16, default: u64) -> Result<usize> {
    let number = number.unwrap_or(default);
    match u16::try_from(number) {
        Ok(number) => Ok(usize::from(number)),
        Err(_) => Err(unsupported(
            FORMAT,
            format!("the value {number} in tag {tag}"),
        )),
    }
}

fn bits(file: &File<'_>, directory: &Directory, samples: usize) -> Result<u32> {
    let of_samples = |tag| -> Result<_> {
        let numbers = directory.numbers(file, tag, samples as u64)?;
        Ok(numbers.unwrap_or_else(|| vec![1]))
    };
    let bits = of_samples(tag::BITS_PER_SAMPLE)?;
    let format = of_samples(tag::SAMPLE_FORMAT)?;
    // 1 is an unsigned integer, 4 is undefined and read as such by everyone.
    if format.iter().any(|format| !matches!(format, 1 | 4)) {
        return Err(unsupported(FORMAT, "samples other than unsigned integers"));
    }
    match bits.as_slice() {
        [first, rest @ ..] if rest.iter().all(|bits| bits == first) => match *first {
            1..=16 => Ok(*first as u32),
            other => Err(unsupported(FORMAT, format!("{other}-bit samples"))),
        },
        _ => Err(unsupported(FORMAT, "samples of different sizes")),
    }
}

/// The default is 2 by 2: TIFF 6.0 §21.
fn subsampling(file: &File<'_>, directory: &Directory) -> Result<(usize, usize)> {
    let factor = |value: u64| match value {
        1 | 2 | 4 => value as usize,
        _ => 2,
    };
    let stored = directory.numbers(file, tag::YCBCR_SUBSAMPLING, 2)?;
    Ok(match stored.as_deref() {
        Some([horizontal, vertical]) => (factor(*horizontal), factor(*vertical)),
        _ => (2, 2),
    })
}
