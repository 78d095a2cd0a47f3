//! The palette of a JP2 file: ISO/IEC 15444-1 §I.5.3.4.

use super::fields::Fields;
use super::samples::scaled;
use crate::render::raster::Sample;

/// The most bits of an entry.
const MAX_BITS: u8 = 16;

/// The most entries.
const MAX_ENTRIES: u16 = 1024;

/// Colors by number, in columns.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    columns: Vec<Column>,
}

#[derive(Clone, Debug)]
struct Column {
    bits: u8,
    entries: Vec<u16>,
}

impl Palette {
    /// Reads a palette; none if it has no entries or more than there may be, or such as are signed or of
    /// more than 16 bits.
    pub(super) fn read(mut fields: Fields<'_>) -> Option<Self> {
        let entries = fields.u16()?;
        let columns = fields.u8()?;
        if entries == 0 || entries > MAX_ENTRIES || columns == 0 {
            return None;
        }
        let mut palette = Self {
            columns: Vec::new(),
        };
        for _ in 0..columns {
            // One less than the bits, and in the highest bit whether there is a sign.
            let bits = fields
                .u8()?
                .checked_add(1)
                .filter(|bits| *bits <= MAX_BITS)?;
            let entries = Vec::new();
            palette.columns.push(Column { bits, entries });
        }
        for _ in 0..entries {
            for column in &mut palette.columns {
                column.entries.push(if column.bits > 8 {
                    fields.u16()?
                } else {
                    fields.u8()?.into()
                });
            }
        }
        Some(palette)
    }

    /// Returns the bits of a column, if it is there.
    pub(super) fn bits(&self, column: usize) -> Option<u8> {
        self.columns.get(column).map(|column| column.bits)
    }

    /// Returns the number of columns.
    pub(super) fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Returns the samples of a column.
    pub(super) fn samples<S: Sample>(&self, column: usize) -> Vec<S> {
        let column = self.columns.get(column);
        let sample = |column: &Column| {
            let entries = column.entries.iter();
            entries
                .map(|entry| scaled(f32::from(*entry), column.bits))
                .collect()
        };
        column.map(sample).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn palette_of_more_entries_than_there_may_be_is_refused() {
        for (entries, is_read) in [(0, false), (1, true), (1024, true), (1025, false)] {
            let numbers: [&[u8]; 3] = [&u16::to_be_bytes(entries), &[2, 7, 15], &[9; 4000]];
            let palette = Palette::read(Fields(&numbers.concat()));
            assert_eq!(palette.is_some(), is_read, "{entries}");
        }
    }
}
