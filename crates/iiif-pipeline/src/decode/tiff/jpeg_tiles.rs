//! Tiles that are JPEG files but for their tables, to be passed on without decoding them.

use bytes::Bytes;
use iiif_image_api::Dimensions;

use super::chunks::{Chunks, most_bytes};
use super::coding::{Compression, Photometric};
use super::file::File;
use super::page::Page;
use crate::Result;
use crate::source::{Data, Level};

/// Where the tiles of a level are, and what their streams share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JpegTiles {
    /// The tables of all tiles in a stream of their own: tag 347.
    pub(crate) tables: Option<Bytes>,
    /// 1 for gray, 3 for `YCbCr`.
    pub(crate) components: u8,
    tiles_across: usize,
    offsets: Vec<u64>,
    byte_counts: Vec<u64>,
    /// More than a tile takes.
    most_bytes: u64,
}

impl JpegTiles {
    /// Reads where the tiles of a level are.
    pub(crate) fn read(data: &Data, level: &Level) -> Result<Option<Self>> {
        let file = File::open(data)?;
        let directory = file.directory(level.offset)?;
        let page = Page::read(&file, &directory, level.dimensions)?;
        let Some(components) = components(&page) else {
            return Ok(None);
        };
        let chunks = Chunks::read(data, &file, &directory, &page)?;
        let (offsets, Some(byte_counts)) = chunks.into_positions() else {
            return Ok(None);
        };
        Ok(Some(Self {
            tiles_across: page.chunks_across(),
            most_bytes: most_bytes(&page),
            tables: page.jpeg_tables,
            components,
            offsets,
            byte_counts,
        }))
    }

    /// Reads the data of a tile; nothing if it is not in the file, empty, or longer than such a tile
    /// can be.
    pub(crate) fn tile(&self, data: &Data, column: u32, row: u32) -> Result<Option<Bytes>> {
        let index = row as usize * self.tiles_across + column as usize;
        match (self.offsets.get(index), self.byte_counts.get(index)) {
            (Some(offset), Some(length)) if (1..=self.most_bytes).contains(length) => {
                data.part(*offset, *length)
            }
            _ => Ok(None),
        }
    }
}

/// Returns how many components the streams of a page have whose colors everybody reads alike: gray, or
/// `YCbCr`; nothing of any other page.
pub(super) fn components(page: &Page) -> Option<u8> {
    let is_plain = page.is_tiled && page.compression == Compression::Jpeg && !page.is_planar;
    match (page.photometric, page.samples) {
        (Photometric::BlackIsZero, 1) if is_plain => Some(1),
        (Photometric::YCbCr, 3) if is_plain => Some(3),
        _ => None,
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
