//! The parts of tiles in a codestream, and codestreams of some of the tiles alone.
//!
//! Tiles are coded independently, at places of a grid that all share. So some of them are an image of
//! their own, if the header says that only that part of the grid is: ISO/IEC 15444-1 §B.3.

use std::ops::Range;

use super::fields::Fields;
use super::main_header::{Component, MainHeader};
use super::segments::{COC, COD, EOC, SIZ, SOC, SOT, Segments, Tally};
use super::{Damage, FORMAT, LEAST_TILE_BYTES};
use crate::Result;
use crate::decode::{corrupt, unsupported};

/// The boxes before a piece, which tell no color space. Where there are none the decoder makes RGB of what
/// looks like `YCbCr`, without regard to what the channels are.
const BOXES: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n\
    \0\0\0\x14ftypjp2 \0\0\0\0jp2 \
    \0\0\0\x08jp2h\
    \0\0\0\0jp2c";

/// The most parts of a tile: §A.4.2.
const MAX_PARTS: u64 = u8::MAX as u64;

/// The bytes of a start of a tile-part: §A.4.2.
const START_BYTES: usize = 12;

/// Where the parts of tiles are.
pub(super) struct TileParts<'a> {
    codestream: &'a [u8],
    header: &'a MainHeader,
    /// By tile, and in the order of the codestream.
    parts: Vec<&'a [u8]>,
    /// Where those of each tile end.
    ends: Vec<u32>,
}

impl<'a> TileParts<'a> {
    /// Returns the bytes that the places of all parts take at most.
    pub(super) fn index_bytes(codestream_bytes: u64, tiles: u64) -> u64 {
        let most = (tiles * MAX_PARTS).min(codestream_bytes / LEAST_TILE_BYTES);
        most * size_of::<&[u8]>() as u64 + tiles * 8
    }

    /// Finds all parts.
    ///
    /// # Errors
    ///
    /// If the codestream is cut off: a part is, or a tile is not all there.
    pub(super) fn find(codestream: &'a [u8], header: &'a MainHeader) -> Result<Self> {
        let all = codestream.get(header.len..).unwrap_or_default();
        let tiles = header.tiles() as usize;
        // How many parts each tile has, and how many where one of them says so.
        let (mut found, mut declared) = (vec![0_u8; tiles], vec![0_u8; tiles]);
        let mut rest = all;
        while let Some(part) = next_part(rest)? {
            let found = found.get_mut(part.tile);
            let found = found.ok_or_else(|| corrupt(FORMAT, Damage::TileIndex))?;
            let more = found.checked_add(1);
            *found = more.ok_or_else(|| corrupt(FORMAT, Damage::TooManyParts))?;
            if part.count > 0 {
                declared[part.tile] = part.count;
            }
            rest = &rest[part.bytes.len()..];
        }
        let is_ended = rest.starts_with(&EOC.to_be_bytes());
        let is_complete = |(found, declared): (&u8, &u8)| {
            *found > 0 && (is_ended || (*declared > 0 && found >= declared))
        };
        if !found.iter().zip(&declared).all(is_complete) {
            return Err(corrupt(FORMAT, Damage::CutOff));
        }
        // They are counted before, so that nothing grows, and need not be sorted.
        let mut end = 0;
        let starts = found.iter().map(|found| {
            let start = end;
            end += u32::from(*found);
            start
        });
        let mut places: Vec<u32> = starts.collect();
        let mut parts: Vec<&[u8]> = vec![&[]; end as usize];
        rest = all;
        while let Some(part) = next_part(rest)? {
            let place = &mut places[part.tile];
            parts[*place as usize] = part.bytes;
            *place += 1;
            rest = &rest[part.bytes.len()..];
        }
        Ok(Self {
            codestream,
            header,
            parts,
            ends: places,
        })
    }

    /// Returns a file of some columns and rows of tiles.
    pub(super) fn file(&self, columns: &Range<u32>, rows: &Range<u32>) -> Result<Vec<u8>> {
        // So that it does not grow to twice of what it takes.
        let tiles = |row: u32| {
            let first = row * self.header.across.tiles();
            self.parts_of(first + columns.start..first + columns.end)
        };
        let part_bytes = rows.clone().flat_map(tiles).map(|part| part.len());
        let part_bytes: usize = part_bytes.sum();
        let header_bytes = BOXES.len() + self.header.segment_bytes();
        let mut file = Vec::with_capacity(header_bytes + part_bytes + 4);
        file.extend(BOXES);
        file.extend(SOC.to_be_bytes());
        self.write_sizes(columns, rows, &mut file);
        for segment in &self.header.segments {
            file.extend(self.codestream.get(segment.clone()).unwrap_or_default());
        }
        let mut index = 0_u16;
        for row in rows.clone() {
            for column in columns.clone() {
                let tile = row * self.header.across.tiles() + column;
                let parts = self.parts_of(tile..tile + 1);
                self.check(parts)?;
                for part in parts {
                    write_part(part, index, &mut file);
                }
                index += 1;
            }
        }
        file.extend(EOC.to_be_bytes());
        Ok(file)
    }

    fn parts_of(&self, tiles: Range<u32>) -> &[&'a [u8]] {
        let start = match tiles.start.checked_sub(1) {
            Some(before) => self.ends[before as usize],
            None => 0,
        };
        let end = self.ends[tiles.end as usize - 1];
        &self.parts[start as usize..end as usize]
    }

    /// Checks the headers of the parts of a tile: what memory is counted by must not be changed by it.
    fn check(&self, parts: &[&[u8]]) -> Result<()> {
        let mut tally = Tally::new(self.header.components.iter().map(Component::bits));
        for part in parts {
            for (marker, content) in header_of(part) {
                if matches!(marker, COD | COC) {
                    return Err(unsupported(FORMAT, "tiles that are coded differently"));
                }
                tally.add(marker, content)?;
            }
        }
        Ok(())
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
    tile: usize,
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
        0 => length_to_end(rest).ok_or_else(cut_off)?,
        length => length,
    };
    if (length as u64) < LEAST_TILE_BYTES {
        return Err(cut_off());
    }
    Ok(Some(TilePart {
        tile: tile.into(),
        count,
        bytes: rest.get(..length).ok_or_else(cut_off)?,
    }))
}

/// Returns how long a part is that reaches to the end of the codestream.
fn length_to_end(rest: &[u8]) -> Option<usize> {
    let end = EOC.to_be_bytes();
    if rest.ends_with(&end) {
        return Some(rest.len() - end.len());
    }
    // Some writers fill up the file. No packet has such bytes in it (§B.10.1, §C.3), unlike the header.
    let mut header = header_of(rest);
    header.by_ref().for_each(drop);
    let data = header.0.0;
    let length = data.windows(end.len()).position(|bytes| bytes == end)?;
    Some(rest.len() - data.len() + length)
}

fn header_of(part: &[u8]) -> Segments<'_> {
    Segments(Fields(part.get(START_BYTES..).unwrap_or_default()))
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
