//! A directory of a TIFF file: fields by their tags.

use bytes::Bytes;

use super::file::{ByteOrder, File};
use super::{Damage, FORMAT, tag};
use crate::Result;
use crate::decode::corrupt;

/// The most fields that a directory may have: as many as its count can say in a classic file.
const MAX_FIELDS: u64 = 0xffff;

/// A field: TIFF 6.0 §2.
#[derive(Clone, Copy, Debug)]
struct Field {
    tag: u16,
    /// Bytes per value; 1 for text and undefined data.
    width: u64,
    count: u64,
    values: Values,
}

/// Where the values of a field are.
#[derive(Clone, Copy, Debug)]
enum Values {
    /// In the directory, because they are short enough.
    Here([u8; 8]),
    At(u64),
}

/// A directory (IFD): one page, or a smaller version of one.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    /// Where it is.
    pub(super) offset: u64,
    /// Where the next one is; 0 if this is the last.
    pub(super) next: u64,
    pub(super) byte_order: ByteOrder,
    /// Those that are of interest.
    fields: Vec<Field>,
}

impl Directory {
    pub(super) fn read(file: &File<'_>, offset: u64) -> Result<Self> {
        let count_width = if file.offset_width == 8 { 8 } else { 2 };
        let field_bytes = 4 + 2 * file.offset_width;
        let count = file.number(offset, count_width)?;
        if count > MAX_FIELDS {
            return Err(corrupt(FORMAT, Damage::OutOfFile));
        }
        // The offset is within the file.
        let first = offset + count_width;
        let table = file.read(first, count * field_bytes)?;
        let mut fields: Vec<Field> = Vec::new();
        for entry in table.chunks_exact(field_bytes as usize) {
            let field = Field::read(file, entry);
            let is_new = |field: &Field| fields.iter().all(|other| other.tag != field.tag);
            if let Some(field) = field.filter(is_new) {
                fields.push(field);
            }
        }
        // A file cut off behind its first directory has no next one.
        let end = first + count * field_bytes;
        let has_next = end.saturating_add(file.offset_width) <= file.len_bytes();
        let next = if has_next {
            file.number(end, file.offset_width)?
        } else {
            0
        };
        Ok(Self {
            offset,
            next,
            byte_order: file.byte_order,
            fields,
        })
    }

    /// Returns how many values a field has.
    pub(super) fn count(&self, tag: u16) -> Option<u64> {
        self.field(tag).map(|field| field.count)
    }

    /// Returns whether the values of a field were read already; so are those of a field that is not there.
    pub(super) fn is_at_hand(&self, file: &File<'_>, tag: u16) -> bool {
        self.field(tag).is_none_or(|field| match field.values {
            Values::Here(_) => true,
            Values::At(offset) => file.is_at_hand(offset, field.count * field.width),
        })
    }

    /// Returns the bytes of a field that has at most `most`.
    pub(super) fn bytes(&self, file: &File<'_>, tag: u16, most: u64) -> Result<Option<Bytes>> {
        match self.field(tag) {
            Some(field) if field.count * field.width <= most => {
                field.read_values(file, field.count).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Returns the numbers of a field, the first `most` of them.
    pub(super) fn numbers(&self, file: &File<'_>, tag: u16, most: u64) -> Result<Option<Vec<u64>>> {
        let Some(field) = self.field(tag) else {
            return Ok(None);
        };
        let data = field.read_values(file, field.count.min(most))?;
        let values = data.chunks_exact(field.width as usize);
        let numbers = values.map(|value| self.byte_order.number(value)).collect();
        Ok(Some(numbers))
    }

    /// Returns the first number of a field.
    pub(super) fn number(&self, file: &File<'_>, tag: u16) -> Result<Option<u64>> {
        let numbers = self.numbers(file, tag, 1)?;
        Ok(numbers.and_then(|numbers| numbers.first().copied()))
    }

    /// Returns the first fraction of a field: two numbers of four bytes.
    pub(super) fn fraction(&self, file: &File<'_>, tag: u16) -> Result<Option<f64>> {
        let Some(field) = self
            .field(tag)
            .filter(|field| (field.width, field.count) == (8, 1))
        else {
            return Ok(None);
        };
        let data = field.read_values(file, 1)?;
        let part = |bytes: &[u8]| self.byte_order.number(bytes) as f64;
        let parts = data.split_at_checked(data.len() / 2);
        Ok(parts.map(|(over, under)| part(over) / part(under)))
    }

    /// Returns the width and the height.
    pub(super) fn size(&self, file: &File<'_>) -> Result<(u32, u32)> {
        let side = |tag| -> Result<_> {
            let side = self.number(file, tag)?;
            Ok(side.and_then(|side| u32::try_from(side).ok()))
        };
        side(tag::IMAGE_WIDTH)?
            .zip(side(tag::IMAGE_LENGTH)?)
            .ok_or_else(|| corrupt(FORMAT, Damage::NoSize))
    }

    fn field(&self, tag: u16) -> Option<&Field> {
        self.fields.iter().find(|field| field.tag == tag)
    }
}

impl Field {
    /// Reads an entry; `None` if it is of no interest, its type is unknown or its values are not in
    /// the file.
    fn read(file: &File<'_>, entry: &[u8]) -> Option<Self> {
        let number = |at: usize, width: u64| file.byte_order.number(&entry[at..][..width as usize]);
        let tag = number(0, 2) as u16;
        if !tag::ALL.contains(&tag) {
            return None;
        }
        let is_fraction = matches!(tag, tag::X_RESOLUTION | tag::Y_RESOLUTION);
        // BYTE, ASCII, SHORT, LONG, UNDEFINED, IFD, LONG8, IFD8, and RATIONAL where it belongs. Signed
        // numbers and floats are in no field that is read here.
        let width: u64 = match number(2, 2) {
            1 | 2 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            5 if is_fraction => 8,
            16 | 18 if !is_fraction => 8,
            _ => return None,
        };
        let count = number(4, file.offset_width);
        let length = count.checked_mul(width)?;
        let value_at = 4 + file.offset_width as usize;
        let values = if length <= file.offset_width {
            let mut here = [0; 8];
            here[..length as usize].copy_from_slice(&entry[value_at..][..length as usize]);
            Values::Here(here)
        } else {
            let at = number(value_at, file.offset_width);
            let end = at.checked_add(length)?;
            (end <= file.len_bytes()).then_some(Values::At(at))?
        };
        Some(Self {
            tag,
            width,
            count,
            values,
        })
    }

    /// Returns the bytes of the first `count` values.
    fn read_values(&self, file: &File<'_>, count: u64) -> Result<Bytes> {
        let length = count * self.width;
        match &self.values {
            Values::Here(data) => Ok(Bytes::copy_from_slice(&data[..length as usize])),
            Values::At(offset) => file.read(*offset, length),
        }
    }
}
