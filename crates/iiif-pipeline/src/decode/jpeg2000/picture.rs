//! What is known of a picture before it is decoded.

use std::ops::Range;

use iiif_image_api::Dimensions;

use super::axis::Axis;
use super::channels::Channels;
use super::main_header::MainHeader;
use super::memory::{self, Area};
use crate::decode::Decoding;

/// What is known of a picture before it is decoded.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// Where the codestream is in the file.
    pub(super) codestream: Range<usize>,
    pub(super) main: MainHeader,
    pub(super) channels: Channels,
    most_halvings: u32,
}

/// Tiles that are decoded together: mostly one.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) columns: Range<u32>,
    pub(super) rows: Range<u32>,
    /// Its size in pixels that are not halved.
    pub(super) size: Area,
    /// Its columns and rows of pixels, halved.
    pub(super) across: Range<u32>,
    pub(super) down: Range<u32>,
}

impl Picture {
    pub(super) fn new(codestream: Range<usize>, main: MainHeader, channels: Channels) -> Self {
        let levels = main.components.iter().map(|it| it.coding.levels).min();
        let levels = if channels.is_indexed() {
            0
        } else {
            u32::from(levels.unwrap_or(0))
        };
        let most_halvings = levels
            .min(main.across.most_halvings())
            .min(main.down.most_halvings());
        Self {
            codestream,
            main,
            channels,
            most_halvings,
        }
    }

    /// Returns the dimensions of the resolutions that can be decoded, the full one first.
    pub(crate) fn levels(&self) -> impl DoubleEndedIterator<Item = Dimensions> + '_ {
        (0..=self.most_halvings).filter_map(|halvings| {
            let [across, down] = [&self.main.across, &self.main.down];
            Dimensions::new(across.length(halvings), down.length(halvings)).ok()
        })
    }

    /// Returns the dimensions of tiles, if there are several.
    pub(crate) fn tile(&self) -> Option<Dimensions> {
        let tile = |axis: &Axis| axis.tile_pixels().map(|tile| tile.min(axis.length(0)));
        let (width, height) = (tile(&self.main.across)?, tile(&self.main.down)?);
        let tile = Dimensions::new(width, height).ok();
        tile.filter(|_| self.is_tiled())
    }

    pub(crate) fn is_tiled(&self) -> bool {
        self.main.tiles() > 1
    }

    /// Returns the pieces that a window touches.
    pub(super) fn pieces(&self, decoding: &Decoding) -> Vec<Piece> {
        let halvings = halvings(decoding);
        let (across, down) = window(decoding);
        let columns = touched(&self.main.across, halvings, &across);
        let rows = touched(&self.main.down, halvings, &down);
        let piece = |(row, height, down): &Touched| {
            let (row, height, down) = (row.clone(), *height, down.clone());
            columns.iter().map(move |(column, width, across)| Piece {
                columns: column.clone(),
                rows: row.clone(),
                size: Area {
                    width: *width,
                    height,
                },
                across: across.clone(),
                down: down.clone(),
            })
        };
        rows.iter().flat_map(piece).collect()
    }

    /// Returns the most bytes that decoding some of the pieces takes, each, and how many they are.
    pub(super) fn piece_bytes(&self, decoding: &Decoding) -> (u64, u64) {
        self.bytes_of(halvings(decoding), &window(decoding))
    }

    /// Returns the most bytes that decoding one piece takes, whichever and however often halved.
    pub(super) fn most_piece_bytes(&self) -> u64 {
        let all = |axis: &Axis| 0..axis.length(0);
        let window = (all(&self.main.across), all(&self.main.down));
        self.bytes_of(0, &window).0
    }

    /// Returns what decoding a piece takes, the largest of those that a window touches, and their number.
    fn bytes_of(&self, halvings: u32, (across, down): &(Range<u32>, Range<u32>)) -> (u64, u64) {
        let columns = touched(&self.main.across, halvings, across);
        let rows = touched(&self.main.down, halvings, down);
        let longest = |all: &[Touched]| {
            let length = all.iter().map(|(_, length, _)| *length).max();
            let tiles = all.iter().map(|(tiles, ..)| tiles.len()).max();
            (length.unwrap_or(0), tiles.unwrap_or(0) as u64)
        };
        let ((width, wide), (height, high)) = (longest(&columns), longest(&rows));
        let area = Area { width, height };
        let tile = self.tile_area(area);
        let bytes = memory::piece_bytes(&self.main, (area, halvings), (tile, wide * high));
        (bytes, columns.len() as u64 * rows.len() as u64)
    }

    /// Returns how many packets the largest tile has at least.
    pub(super) fn least_packets(&self) -> u64 {
        let least = |axis: &Axis| axis.length(0) / axis.tiles();
        let area = Area {
            width: least(&self.main.across),
            height: least(&self.main.down),
        };
        memory::least_packets(&self.main, area)
    }

    /// Returns the area of a tile in an image, or a part of one.
    fn tile_area(&self, all: Area) -> Area {
        let side = |axis: &Axis, length: u32| (axis.tile / axis.step).saturating_add(1).min(length);
        Area {
            width: side(&self.main.across, all.width),
            height: side(&self.main.down, all.height),
        }
    }
}

/// Tiles of one direction, how many pixels they are, and which when they are halved.
type Touched = (Range<u32>, u32, Range<u32>);

fn touched(axis: &Axis, halvings: u32, window: &Range<u32>) -> Vec<Touched> {
    let groups = axis.groups(halvings).into_iter().map(|tiles| {
        let part = axis.of_tiles(&tiles);
        let pixels = axis.pixels_of(&part, halvings);
        (tiles, part.length(0), pixels)
    });
    groups
        .filter(|(_, _, pixels)| pixels.start < window.end && pixels.end > window.start)
        .collect()
}

/// Returns how often a decoding halves.
pub(super) fn halvings(decoding: &Decoding) -> u32 {
    decoding.shrink.factor().ilog2()
}

/// Returns the columns and rows of pixels of a decoding, halved.
pub(super) fn window(decoding: &Decoding) -> (Range<u32>, Range<u32>) {
    let halvings = halvings(decoding);
    let size = decoding.dimensions();
    // Windows start at whole pixels of the raster.
    let (x, y) = (
        decoding.window.x() >> halvings,
        decoding.window.y() >> halvings,
    );
    (x..x + size.width(), y..y + size.height())
}
