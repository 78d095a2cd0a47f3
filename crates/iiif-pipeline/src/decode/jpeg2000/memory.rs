//! What decoding takes, counted before it begins.

use super::main_header::{Coding, Component, MainHeader};

/// What the decoder keeps of a code block, in bytes: its place and its nodes of two tag trees.
const BLOCK_BYTES: u64 = 48 + 2 * 64;

/// What it keeps of a code block for each layer, and for each part of its data.
const LAYER_BYTES: u64 = 24;
const SEGMENT_BYTES: u64 = 24;

/// The most parts of the data of a code block: one for each pass.
const MOST_SEGMENTS: u64 = 94;

/// The bits of the style of code blocks by which their data is in such parts: §A.6.1, table A.19.
const IN_PARTS: u8 = 0b101;

/// What it keeps of a precinct of a sub-band, and of the same for the order of packets.
const PRECINCT_BYTES: u64 = 144 + 64;

/// How many times as large a list may get while it grows: it doubles, and is copied.
const GROWTH: u64 = 3;

/// What it keeps of the coding of a component for each tile.
const COMPONENT_BYTES: u64 = 1024;

/// What it keeps of up to 255 parts of a tile and 256 segments of packet headers.
const PARTS_BYTES: u64 = 48 << 10;

/// What it keeps of a byte of packet headers apart from the tiles: each 4 bytes may be the length of an
/// empty list, in a list that grows.
const PACKET_HEADER_BYTES: u64 = 24;

const SAMPLE_BYTES: u64 = 4;

/// A part of an image, in pixels or in samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Area {
    fn samples(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    fn halved(self, times: u32) -> Self {
        let half = |length: u32| u64::from(length).div_ceil(1 << times) as u32;
        Self {
            width: half(self.width),
            height: half(self.height),
        }
    }
}

/// Returns what the decoder holds, at most, for a piece of `area`, decoded so often halved, whose
/// `tiles` are of up to `tile`.
pub(super) fn piece_bytes(
    header: &MainHeader,
    (area, halvings): (Area, u32),
    (tile, tiles): (Area, u64),
) -> u64 {
    let count = header.components.len() as u64;
    let planes = area.halved(halvings).samples().saturating_mul(count);
    // Coefficients, the samples made of them, and those of the next smaller resolution; with a row and a
    // column more each.
    let tile_halved = tile.halved(halvings);
    let edge = u64::from(tile_halved.width) + u64::from(tile_halved.height) + 4;
    let one = tile_halved.samples().saturating_add(edge);
    let work = one.saturating_mul(9) / 4 + edge;
    let lists = header.components.iter().fold(0_u64, |sum, component| {
        sum.saturating_add(lists_bytes(header, component, tile))
    });
    planes
        .saturating_add(work)
        .saturating_mul(SAMPLE_BYTES)
        .saturating_add(lists)
        .saturating_add(tiles.saturating_mul(count * COMPONENT_BYTES + PARTS_BYTES))
        .saturating_add(header.packet_header_bytes as u64 * PACKET_HEADER_BYTES)
        .saturating_add(header.segment_bytes() as u64)
}

/// Returns how many packets a tile of `tile` has at least. Each takes a byte.
pub(super) fn least_packets(header: &MainHeader, tile: Area) -> u64 {
    let layers = u64::from(header.layers);
    let packets = header.components.iter().map(|component| {
        resolutions(component, tile).fold(0_u64, |sum, it| sum.saturating_add(it.least_precincts()))
    });
    packets.fold(0, u64::saturating_add).saturating_mul(layers)
}

/// Returns what the decoder keeps of precincts and code blocks of a component of a tile. It does of all
/// resolutions, those that are left out included.
fn lists_bytes(header: &MainHeader, component: &Component, tile: Area) -> u64 {
    let layers = u64::from(header.layers);
    let segments = if component.coding.style & IN_PARTS == 0 {
        layers.min(MOST_SEGMENTS)
    } else {
        MOST_SEGMENTS
    };
    let block_bytes = BLOCK_BYTES + layers * LAYER_BYTES + segments * SEGMENT_BYTES;
    let precinct_bytes = if header.changes_order {
        PRECINCT_BYTES + layers * 64
    } else {
        PRECINCT_BYTES
    };
    resolutions(component, tile).fold(0, |sum: u64, resolution| {
        let bands = if resolution.index == 0 { 1 } else { 3 };
        let blocks = resolution.most_blocks().saturating_mul(block_bytes);
        let precincts = resolution.most_precincts().saturating_mul(precinct_bytes);
        let both = blocks.saturating_add(precincts);
        sum.saturating_add(both.saturating_mul(bands * GROWTH))
    })
}

/// One of the sizes in which a component of a tile is stored.
struct Resolution<'a> {
    coding: &'a Coding,
    index: u8,
    area: Area,
}

fn resolutions(component: &Component, tile: Area) -> impl Iterator<Item = Resolution<'_>> {
    let coding = &component.coding;
    let [across, down] = component.steps.map(u32::from);
    // In pixels, of which samples may be fewer.
    let area = Area {
        width: tile.width.div_ceil(across),
        height: tile.height.div_ceil(down),
    };
    (0..=coding.levels).map(move |index| Resolution {
        coding,
        index,
        area: area.halved((coding.levels - index).into()),
    })
}

impl Resolution<'_> {
    fn precinct(&self) -> [u8; 2] {
        let precincts = self.coding.precincts.get(usize::from(self.index));
        precincts.copied().unwrap_or_default()
    }

    /// Precincts of any part lie as those of the image do: one more in each direction.
    fn most_precincts(&self) -> u64 {
        let [across, down] = self.precinct();
        let count = |length: u32, exponent: u8| (u64::from(length) >> exponent) + 2;
        count(self.area.width, across).saturating_mul(count(self.area.height, down))
    }

    fn least_precincts(&self) -> u64 {
        let [across, down] = self.precinct();
        // Of a single sample there is nothing in the smaller resolutions, depending on its place.
        let count = |length: u32, exponent: u8| match length {
            0 | 1 => 0,
            _ => (u64::from(length - 1) >> exponent).max(1),
        };
        count(self.area.width, across).saturating_mul(count(self.area.height, down))
    }

    /// Returns the code blocks of a sub-band, which has half the length but in the smallest resolution.
    fn most_blocks(&self) -> u64 {
        let halvings = u8::from(self.index > 0);
        let [across, down] = self.precinct();
        let count = |length: u32, block: u8, precinct: u8| {
            let exponent = block.min(precinct.saturating_sub(halvings));
            (u64::from(length) >> halvings >> exponent) + 2
        };
        let [width, height] = self.coding.block;
        count(self.area.width, width, across).saturating_mul(count(self.area.height, height, down))
    }
}
