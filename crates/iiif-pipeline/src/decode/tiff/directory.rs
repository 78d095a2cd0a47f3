//! The directories of a TIFF file: fields by their tags.
//!
//! Every value is a slice of the file, so nothing is allocated from a count that the file declares.

use super::Damage;

/// The most directories that are looked through for the main picture. Also ends a cycle.
const MAX_DIRECTORIES: usize = 256;

/// A reader of numbers in one of the two byte orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteOrder {
    LittleEndian,
    BigEndian,
}

impl ByteOrder {
    /// Returns the number of up to 8 bytes.
    pub(super) fn number(self, bytes: &[u8]) -> u64 {
        let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        match self {
            Self::LittleEndian => bytes.iter().rev().fold(0, push),
            Self::BigEndian => bytes.iter().fold(0, push),
        }
    }
}

/// A field: TIFF 6.0 §2.
#[derive(Clone, Copy, Debug)]
struct Field<'a> {
    tag: u16,
    /// Bytes per value; 1 for text and undefined data.
    width: usize,
    data: &'a [u8],
}

/// A directory (IFD): one page, or a smaller version of one.
#[derive(Clone, Debug)]
pub(super) struct Directory<'a> {
    pub(super) byte_order: ByteOrder,
    fields: Vec<Field<'a>>,
}

impl<'a> Directory<'a> {
    /// Returns the directory of the main picture: the first that is neither a reduced version nor a
    /// mask of another (tags 254 and 255 of TIFF 6.0 §8), or the first of all.
    pub(super) fn main(bytes: &'a [u8]) -> Result<Self, Damage> {
        let mut file = File::open(bytes)?;
        let first = file.next_directory()?.ok_or(Damage::NoDirectory)?;
        if first.is_main() {
            return Ok(first);
        }
        for _ in 1..MAX_DIRECTORIES {
            match file.next_directory() {
                Ok(Some(directory)) if directory.is_main() => return Ok(directory),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => break,
            }
        }
        Ok(first)
    }

    /// Returns the bytes of a field.
    pub(super) fn bytes(&self, tag: u16) -> Option<&'a [u8]> {
        let field = self.fields.iter().find(|field| field.tag == tag)?;
        Some(field.data)
    }

    /// Returns the numbers of a field.
    pub(super) fn numbers(&self, tag: u16) -> Option<Vec<u64>> {
        let field = self.fields.iter().find(|field| field.tag == tag)?;
        let values = field.data.chunks_exact(field.width);
        Some(values.map(|value| self.byte_order.number(value)).collect())
    }

    /// Returns the first number of a field.
    pub(super) fn number(&self, tag: u16) -> Option<u64> {
        let field = self.fields.iter().find(|field| field.tag == tag)?;
        Some(self.byte_order.number(field.data.get(..field.width)?))
    }

    fn is_main(&self) -> bool {
        /// Bits of `NewSubfileType`: a reduced version, a transparency mask.
        const REDUCED: u64 = 1;
        const MASK: u64 = 4;
        /// The old `SubfileType` of a reduced version.
        const OLD_REDUCED: u64 = 2;
        let kind = self.number(254).unwrap_or(0);
        kind & (REDUCED | MASK) == 0 && self.number(255) != Some(OLD_REDUCED)
    }
}

/// A file and the way through its directories.
struct File<'a> {
    bytes: &'a [u8],
    byte_order: ByteOrder,
    /// Bytes of an offset: 4, or 8 in a BigTIFF file.
    offset_width: usize,
    next: u64,
}

impl<'a> File<'a> {
    /// Reads the header: TIFF 6.0 §2 and the BigTIFF design.
    fn open(bytes: &'a [u8]) -> Result<Self, Damage> {
        let byte_order = if bytes.starts_with(b"MM") {
            ByteOrder::BigEndian
        } else {
            ByteOrder::LittleEndian
        };
        let mut file = Self {
            bytes,
            byte_order,
            offset_width: 4,
            next: 0,
        };
        let mut at = 4;
        if file.number(2, 2)? == 43 {
            // The width of offsets and a zero come first.
            file.offset_width = 8;
            at = 8;
        }
        file.next = file.number(at, file.offset_width)?;
        Ok(file)
    }

    fn next_directory(&mut self) -> Result<Option<Directory<'a>>, Damage> {
        if self.next == 0 {
            return Ok(None);
        }
        let count_width = if self.offset_width == 8 { 8 } else { 2 };
        let field_bytes = 4 + 2 * self.offset_width;
        let start = usize::try_from(self.next).unwrap_or(usize::MAX);
        let count = self.number(start, count_width)?;
        let first = start.saturating_add(count_width);
        let end = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(field_bytes))
            .and_then(|length| first.checked_add(length))
            .filter(|end| *end <= self.bytes.len())
            .ok_or(Damage::OutOfFile)?;
        let fields = (first..end)
            .step_by(field_bytes)
            .filter_map(|at| self.field(at))
            .collect();
        // A file cut off behind its first directory has no next one.
        self.next = self.number(end, self.offset_width).unwrap_or(0);
        Ok(Some(Directory {
            byte_order: self.byte_order,
            fields,
        }))
    }

    /// Reads the field at `at`; `None` if its type is unknown or its values are not in the file.
    fn field(&self, at: usize) -> Option<Field<'a>> {
        let number = |at, width| self.number(at, width).ok();
        let tag = number(at, 2)? as u16;
        // BYTE, ASCII, SHORT, LONG, UNDEFINED, IFD, LONG8, IFD8. Signed numbers, fractions and
        // floats are in no field that is read here.
        let width = match number(at + 2, 2)? {
            1 | 2 | 7 => 1,
            3 => 2,
            4 | 13 => 4,
            16 | 18 => 8,
            _ => return None,
        };
        let count = usize::try_from(number(at + 4, self.offset_width)?).ok()?;
        let length = count.checked_mul(width)?;
        let value_at = at + 4 + self.offset_width;
        let start = if length <= self.offset_width {
            value_at
        } else {
            usize::try_from(number(value_at, self.offset_width)?).ok()?
        };
        let data = self.bytes.get(start..)?.get(..length)?;
        Some(Field { tag, width, data })
    }

    fn number(&self, at: usize, width: usize) -> Result<u64, Damage> {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.get(..width));
        Ok(self.byte_order.number(bytes.ok_or(Damage::OutOfFile)?))
    }
}
