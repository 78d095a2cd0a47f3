//! The parts of tiles in a codestream, and codestreams of some of the tiles alone.
//!
//! Tiles are coded independently, at places of a grid that all share. So some of them are an image of
//! their own, if the header says that only that part of the grid is: ISO/IEC 15444-1 §B.3.

use std::ops::Range;

use super::fields::Fields;
use super::main_header::{
    BARE_MARKERS, COC, COD, EOC, MAX_ORDER_CHANGES, MainHeader, POC, QCC, QCD, RGN, SIZ, SOC, SOD,
    SOT, changes_of_order, has_right_length, segment,
};
use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::{corrupt, unsupported};

/// The bytes of a start of a tile-part: §A.4.2.
const START_BYTES: usize = 12;

/// Where the parts of tiles are.
pub(super) struct TileParts<'a> {
    codestream: &'a [u8],
    header: &'a MainHeader,
    /// By tile, and in the order of the codestream.
    parts: Vec<(u32, &'a [u8])>,
}

impl<'a> TileParts<'a> {
    /// Finds all parts.
    ///
    /// # Errors
    ///
    /// If the codestream is cut off: a part is, or a tile is not all there.
    pub(super) fn find(codestream: &'a [u8], header: &'a MainHeader) -> Result<Self> {
        let mut rest = codestream.get(header.len..).unwrap_or_default();
        let tiles = header.tiles();
        let mut parts = Vec::new();
        // How many parts each tile has, where one of them said so.
        let mut declared: Vec<Option<i32>> = vec![None; tiles as usize];
        let mut found = vec![0; tiles as usize];
        while let Some(part) = next_part(rest)? {
            let tile = part.tile as usize;
            let found = found.get_mut(tile);
            *found.ok_or_else(|| corrupt(FORMAT, Damage::TileIndex))? += 1;
            if part.count > 0 {
                declared[tile] = Some(part.count.into());
            }
            rest = &rest[part.bytes.len()..];
            parts.push((part.tile, part.bytes));
        }
        let is_ended = rest.starts_with(&EOC.to_be_bytes());
        let is_complete = |(found, count): (&i32, &Option<i32>)| {
            *found > 0 && (is_ended || count.is_some_and(|count| *found >= count))
        };
        if !found.iter().zip(&declared).all(is_complete) {
            return Err(corrupt(FORMAT, Damage::CutOff));
        }
        parts.sort_by_key(|(tile, _)| *tile);
        Ok(Self {
            codestream,
            header,
            parts,
        })
    }

    /// Returns a codestream of some columns and rows of tiles.
    pub(super) fn codestream(&self, columns: &Range<u32>, rows: &Range<u32>) -> Result<Vec<u8>> {
        // So that it does not grow to twice of what it takes.
        let tiles = |row: u32| {
            let first = row * self.header.across.tiles();
            self.parts_of(first + columns.start..first + columns.end)
        };
        let parts = rows.clone().flat_map(tiles).map(|(_, part)| part.len());
        let mut codestream = Vec::with_capacity(self.header.len + parts.sum::<usize>() + 2);
        codestream.extend(SOC.to_be_bytes());
        self.write_sizes(columns, rows, &mut codestream);
        for segment in &self.header.segments {
            codestream.extend(self.codestream.get(segment.clone()).unwrap_or_default());
        }
        let mut index = 0_u16;
        for row in rows.clone() {
            for column in columns.clone() {
                let tile = row * self.header.across.tiles() + column;
                let mut order_changes = 0;
                for (_, part) in self.parts_of(tile..tile + 1) {
                    order_changes += check_part(part)?;
                    write_part(part, index, &mut codestream);
                }
                if order_changes > MAX_ORDER_CHANGES {
                    return Err(unsupported(FORMAT, "packets in many orders"));
                }
                index += 1;
            }
        }
        codestream.extend(EOC.to_be_bytes());
        Ok(codestream)
    }

    fn parts_of(&self, tiles: Range<u32>) -> &[(u32, &'a [u8])] {
        let place = |tile: u32| self.parts.partition_point(|(other, _)| *other < tile);
        &self.parts[place(tiles.start)..place(tiles.end)]
    }

    /// §A.5.1.
    fn write_sizes(&self, columns: &Range<u32>, rows: &Range<u32>, out: &mut Vec<u8>) {
        let across = self.header.across.of_tiles(columns);
        let down = self.header.down.of_tiles(rows);
        let components = &self.header.components;
        let count = components.len() as u16;
        out.extend(SIZ.to_be_bytes());
        out.extend((38 + 3 * count).to_be_bytes());
        out.extend([0, 0]);
        for number in [
            [across.end, down.end],
            [across.start, down.start],
            [across.tile, down.tile],
            [across.tile_start, down.tile_start],
        ]
        .as_flattened()
        {
            out.extend(number.to_be_bytes());
        }
        out.extend(count.to_be_bytes());
        for component in components {
            out.push(component.depth);
            out.extend(component.steps);
        }
    }
}

struct TilePart<'a> {
    tile: u32,
    /// How many parts the tile has; 0 if this one does not say.
    count: u8,
    bytes: &'a [u8],
}

/// Returns the tile-part that comes next, or none where there is no other.
fn next_part(rest: &[u8]) -> Result<Option<TilePart<'_>>> {
    let mut fields = Fields(rest);
    if fields.u16() != Some(SOT) {
        return Ok(None);
    }
    let mut start = || -> Option<(u16, u32, u8)> {
        fields.u16()?;
        let tile = fields.u16()?;
        let length = fields.u32()?;
        fields.u8()?;
        Some((tile, length, fields.u8()?))
    };
    let cut_off = || corrupt(FORMAT, Damage::CutOff);
    let (tile, length, count) = start().ok_or_else(cut_off)?;
    let length = match length as usize {
        // To the end of the codestream: the last.
        0 if rest.ends_with(&EOC.to_be_bytes()) => rest.len() - 2,
        length => length,
    };
    if length < START_BYTES {
        return Err(cut_off());
    }
    Ok(Some(TilePart {
        tile: tile.into(),
        count,
        bytes: rest.get(..length).ok_or_else(cut_off)?,
    }))
}

/// Checks the header of a tile-part, and returns how many changes of the order of packets it has.
///
/// What memory is counted by must not be changed by a tile.
fn check_part(part: &[u8]) -> Result<usize> {
    let mut fields = Fields(part);
    fields.bytes(START_BYTES);
    let mut order_changes = 0;
    while let Some(marker) = fields.u16().filter(|marker| *marker != SOD) {
        if BARE_MARKERS.contains(&marker) {
            continue;
        }
        let Some(content) = segment(&mut fields) else {
            break;
        };
        match marker {
            COD | COC => return Err(unsupported(FORMAT, "tiles that are coded differently")),
            QCD | QCC | RGN if !has_right_length(marker, content) => {
                return Err(corrupt(FORMAT, Damage::TileHeader));
            }
            POC => order_changes += changes_of_order(content),
            _ => {}
        }
    }
    Ok(order_changes)
}

/// Writes a tile-part as one of another tile.
fn write_part(part: &[u8], tile: u16, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend(part);
    let length = part.len() as u32;
    if let Some(fields) = out.get_mut(start + 4..start + 10) {
        fields[..2].copy_from_slice(&tile.to_be_bytes());
        fields[2..].copy_from_slice(&length.to_be_bytes());
    }
}
