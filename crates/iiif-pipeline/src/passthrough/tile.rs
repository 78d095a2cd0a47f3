//! Tiles of a TIFF that are JPEG streams already: what viewers ask of a pyramid, most of the time.

use iiif_image_api::{Crop, Dimensions, Format, Orientation, PixelRect, RenderPlan};

use super::{Stripped, stream};
use crate::decode::{JpegTile, scale_factor};
use crate::source::{Data, Header, Level};
use crate::{Result, color};

/// A tile of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tile {
    column: u32,
    row: u32,
    /// Its pixels inside the level.
    dimensions: Dimensions,
}

/// Returns the file of the tile that a plan asks for, if it is exactly one, shown as it is stored.
pub(super) fn file(data: &Data, header: &Header, plan: &RenderPlan) -> Result<Option<Stripped>> {
    let is_asked = plan.format() == Format::Jpg
        && [header.orientation, plan.orientation()] == [Orientation::TopLeft; 2]
        && plan.full() == header.dimensions
        && plan.rotation().is_none();
    let Crop::Rect(rect) = plan.crop() else {
        return Ok(None);
    };
    if !is_asked {
        return Ok(None);
    }
    for level in header.levels.iter().filter(|level| level.is_jpeg) {
        let Some(tile) = tile(header.dimensions, level, rect, plan.scaled()) else {
            continue;
        };
        if !is_srgb(header) {
            break;
        }
        let stored = JpegTile::read(data, level, tile.column, tile.row)?;
        return Ok(stored.and_then(|stored| {
            let tables = stored.tables.as_deref().unwrap_or_default();
            stream::to_file(&stored.stream, tables, stored.colors, tile.dimensions)
        }));
    }
    Ok(None)
}

/// Returns the tile that is `rect` of the image at `size`.
fn tile(stored: Dimensions, level: &Level, rect: PixelRect, size: Dimensions) -> Option<Tile> {
    let factor = scale_factor(stored, level.dimensions)?;
    let index = |start: u32, length: u32, sides: [u32; 4]| {
        let [stored, level, tile, size] = sides;
        let first = start / factor;
        let is_at_edge = start + length == stored;
        let is_covered = length == size.checked_mul(factor)?
            // Of the last tile only what is inside of the image.
            || is_at_edge && length.div_ceil(factor) == size;
        let is_tile = start.is_multiple_of(factor)
            && first.is_multiple_of(tile)
            && size == tile.min(level.checked_sub(first)?);
        (is_tile && is_covered).then_some(first / tile)
    };
    let across = [
        stored.width(),
        level.dimensions.width(),
        level.chunk.width(),
        size.width(),
    ];
    let down = [
        stored.height(),
        level.dimensions.height(),
        level.chunk.height(),
        size.height(),
    ];
    // Rows that are missing below the image need not be stored, columns have to be.
    if size.width() != level.chunk.width() {
        return None;
    }
    Some(Tile {
        column: index(rect.x(), rect.width(), across)?,
        row: index(rect.y(), rect.height(), down)?,
        dimensions: size,
    })
}

/// Returns whether a tile looks like its neighbors that are rendered: no colors have to be converted.
fn is_srgb(header: &Header) -> bool {
    *header.is_srgb.get_or_init(|| {
        let profile = header.icc_profile.as_deref();
        !color::changes(profile, header.layout.channels)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;

    fn size(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).expect("not empty")
    }

    fn level(dimensions: Dimensions) -> Level {
        Level {
            dimensions,
            offset: 8,
            is_tiled: true,
            is_compressed: true,
            is_jpeg: true,
            chunk: size(256, 128),
            block_height: 128,
            block_bytes: 0,
            index_bytes: 0,
            kept_bytes: 0,
            fetched_chunk_bytes: 0,
            fetched_bytes: 0,
            index: OnceLock::new(),
        }
    }

    #[test]
    fn plans_of_one_whole_tile_find_it() {
        let stored = size(2050, 1030);
        let cases = [
            // Full size: 8 tiles and 2 columns, 8 tiles and 6 rows.
            (size(2050, 1030), (0, 0, 256, 128), (256, 128), Some((0, 0))),
            (
                size(2050, 1030),
                (512, 384, 256, 128),
                (256, 128),
                Some((2, 3)),
            ),
            (size(2050, 1030), (0, 1024, 256, 6), (256, 6), Some((0, 8))),
            (size(2050, 1030), (2048, 0, 2, 128), (2, 128), None),
            (size(2050, 1030), (0, 0, 512, 128), (512, 128), None),
            (size(2050, 1030), (0, 0, 256, 128), (128, 64), None),
            (size(2050, 1030), (1, 0, 256, 128), (256, 128), None),
            (size(2050, 1030), (0, 64, 256, 128), (256, 128), None),
            // A quarter, rounded down and rounded up.
            (
                size(512, 257),
                (1024, 512, 1024, 512),
                (256, 128),
                Some((1, 1)),
            ),
            (
                size(513, 258),
                (1024, 512, 1024, 512),
                (256, 128),
                Some((1, 1)),
            ),
            (size(513, 258), (0, 1024, 1024, 6), (256, 2), Some((0, 2))),
            (size(512, 257), (0, 1024, 1024, 6), (256, 2), None),
            (size(512, 257), (1024, 512, 1020, 512), (255, 128), None),
            (size(512, 257), (1022, 512, 1024, 512), (256, 128), None),
            // No whole number.
            (size(1367, 687), (0, 0, 384, 192), (256, 128), None),
        ];
        for (dimensions, (x, y, width, height), (across, down), expected) in cases {
            let rect = PixelRect::clipped((x, y), (width, height), stored).expect("inside");
            let found = tile(stored, &level(dimensions), rect, size(across, down));
            let found = found.map(|tile| (tile.column, tile.row));
            assert_eq!(found, expected, "{rect} of {dimensions}");
        }
    }
}
