//! Cutting a picture into strips and tiles.

use super::Layout;
use crate::encode::samples::Samples;

/// Where a strip or tile lies; a tile may reach over the right and bottom edges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Extent {
    /// Returns the strips or tiles of a picture, row by row.
    pub(super) fn all(layout: Layout, width: usize, height: usize) -> Vec<Self> {
        match layout {
            Layout::Strips { rows } => {
                let rows = rows as usize;
                let strip = |y: usize| Self {
                    x: 0,
                    y,
                    width,
                    height: rows.min(height - y),
                };
                (0..height).step_by(rows).map(strip).collect()
            }
            Layout::Tiles {
                width: tile_width,
                height: tile_height,
            } => {
                let (tile_width, tile_height) = (tile_width as usize, tile_height as usize);
                let row = |y| {
                    let tile = move |x| Self {
                        x,
                        y,
                        width: tile_width,
                        height: tile_height,
                    };
                    (0..width).step_by(tile_width).map(tile)
                };
                (0..height).step_by(tile_height).flat_map(row).collect()
            }
        }
    }
}

/// Returns the part of the picture, its last column and row repeated beyond the edges.
pub(super) fn cut(samples: &Samples, extent: Extent) -> Samples {
    let mut values = Vec::with_capacity(extent.width * extent.height * samples.per_pixel);
    for y in extent.y..extent.y + extent.height {
        for x in extent.x..extent.x + extent.width {
            let (x, y) = (x.min(samples.width - 1), y.min(samples.height - 1));
            values.extend_from_slice(samples.pixel(x, y));
        }
    }
    Samples {
        width: extent.width,
        height: extent.height,
        values,
        ..*samples
    }
}
