//! Tiles that are JPEG files but for their tables, to be passed on without decoding them.

use bytes::Bytes;
use iiif_image_api::Dimensions;

use super::chunks::most_bytes;
use super::coding::{Compression, Photometric};
use super::index::PageIndex;
use super::page::Page;
use crate::Result;
use crate::source::{Data, Level};

/// The JPEG stream of a tile.
#[derive(Clone, Debug)]
pub(crate) struct JpegTile {
    pub(crate) stream: Bytes,
    /// The tables of all tiles in a stream of their own: tag 347.
    pub(crate) tables: Option<Bytes>,
    pub(crate) colors: TileColors,
}

/// What the components of a stream mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TileColors {
    Gray,
    YCbCr,
    /// Without the transform to luma and chroma.
    Rgb,
}

impl TileColors {
    /// Returns those of the streams of a page, if a file can say what they are; nothing of any other page.
    pub(super) fn of(page: &Page) -> Option<Self> {
        let is_plain = page.is_tiled && page.compression == Compression::Jpeg && !page.is_planar;
        match (page.photometric, page.samples) {
            (Photometric::BlackIsZero, 1) if is_plain => Some(Self::Gray),
            (Photometric::YCbCr, 3) if is_plain => Some(Self::YCbCr),
            (Photometric::Rgb, 3) if is_plain => Some(Self::Rgb),
            _ => None,
        }
    }

    /// Returns how many components there are.
    pub(crate) fn components(self) -> u8 {
        match self {
            Self::Gray => 1,
            Self::YCbCr | Self::Rgb => 3,
        }
    }
}

impl JpegTile {
    /// Reads a tile of a level; nothing if its colors are others, or if it is not in the file, empty,
    /// or longer than such a tile can be.
    pub(crate) fn read(data: &Data, level: &Level, column: u32, row: u32) -> Result<Option<Self>> {
        let index = PageIndex::of_level(data, level)?;
        let page = &index.page;
        let tile = row as usize * page.chunks_across() + column as usize;
        let range = index.chunks.declared(tile);
        let (Some(colors), Some((offset, length))) = (TileColors::of(page), range) else {
            return Ok(None);
        };
        if !(1..=most_bytes(page)).contains(&length) {
            return Ok(None);
        }
        Ok(data.part(offset, length)?.map(|stream| Self {
            stream,
            tables: page.jpeg_tables.clone(),
            colors,
        }))
    }
}

/// Returns by how much a level is smaller than the image, if that is a whole number, give or take the
/// rounding of the sides.
pub(crate) fn scale_factor(stored: Dimensions, level: Dimensions) -> Option<u32> {
    let factor = (stored.width() + level.width() / 2) / level.width();
    let is_part = |stored: u32, level: u32| {
        factor > 0 && (level == (stored / factor).max(1) || level == stored.div_ceil(factor))
    };
    let is_level =
        is_part(stored.width(), level.width()) && is_part(stored.height(), level.height());
    is_level.then_some(factor)
}
