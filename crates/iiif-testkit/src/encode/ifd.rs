//! Image file directories: the structure that TIFF, BigTIFF and EXIF share (TIFF 6.0 section 2).

/// Which end of a number comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ByteOrder {
    /// Least significant byte first, marked `II`.
    #[default]
    Little,
    /// Most significant byte first, marked `MM`.
    Big,
}

/// Width of offsets and counts in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OffsetSize {
    /// TIFF 6.0: four bytes, version 42.
    Classic,
    /// BigTIFF: eight bytes, version 43.
    Big,
}

/// The value of an entry, by field type.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bytes(Vec<u8>),
    /// Without the final zero byte, which is added.
    Ascii(&'static str),
    Shorts(Vec<u16>),
    Long(u32),
    Rationals(Vec<(u32, u32)>),
    Undefined(Vec<u8>),
    /// Positions or lengths in the file: LONG in TIFF, LONG8 in BigTIFF.
    Offsets(Vec<u64>),
}

/// One tag with its value.
pub(crate) type Entry = (u16, Value);

/// A file with a TIFF header that grows by data and directories.
#[derive(Debug)]
pub(crate) struct IfdWriter {
    order: ByteOrder,
    size: OffsetSize,
    bytes: Vec<u8>,
    /// Where the offset of the next directory of the chain is to be written.
    link: usize,
}

impl IfdWriter {
    pub(crate) fn new(order: ByteOrder, size: OffsetSize) -> Self {
        let mark = match order {
            ByteOrder::Little => b"II",
            ByteOrder::Big => b"MM",
        };
        let mut writer = Self {
            order,
            size,
            bytes: mark.to_vec(),
            link: 0,
        };
        let header = match size {
            OffsetSize::Classic => writer.shorts(&[42]),
            OffsetSize::Big => writer.shorts(&[43, 8, 0]),
        };
        writer.bytes.extend(header);
        writer.link = writer.bytes.len();
        writer.bytes.extend(writer.offset(0));
        writer
    }

    /// Appends data at an even position, which is returned.
    pub(crate) fn append(&mut self, data: &[u8]) -> u64 {
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
        let position = self.bytes.len() as u64;
        self.bytes.extend_from_slice(data);
        position
    }

    /// Appends a directory that no chain leads to; returns its position.
    pub(crate) fn append_directory(&mut self, entries: Vec<Entry>) -> u64 {
        self.directory(entries).0
    }

    /// Appends the next directory of the chain.
    pub(crate) fn chain_directory(&mut self, entries: Vec<Entry>) {
        let (position, next) = self.directory(entries);
        let offset = self.offset(position);
        self.bytes[self.link..self.link + offset.len()].copy_from_slice(&offset);
        self.link = next;
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns 16-bit numbers in the byte order of the file.
    pub(crate) fn shorts(&self, values: &[u16]) -> Vec<u8> {
        let bytes = values.iter().map(|&value| match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        });
        bytes.flatten().collect()
    }

    /// Returns the positions of the directory and of its link to the next one.
    fn directory(&mut self, mut entries: Vec<Entry>) -> (u64, usize) {
        entries.sort_by_key(|&(tag, _)| tag);
        let count = entries.len() as u16;
        let mut table = match self.size {
            OffsetSize::Classic => self.shorts(&[count]),
            OffsetSize::Big => self.number(u64::from(count), 8),
        };
        for (tag, value) in entries {
            let (kind, count, mut payload) = self.encoded(value);
            table.extend(self.shorts(&[tag, kind]));
            table.extend(self.offset(count));
            let inline = self.offset(0).len();
            if payload.len() > inline {
                let position = self.append(&payload);
                payload = self.offset(position);
            }
            payload.resize(inline, 0);
            table.extend(payload);
        }
        let position = self.append(&table);
        let link = self.bytes.len();
        let end = self.offset(0);
        self.bytes.extend(end);
        (position, link)
    }

    /// Returns field type, number of values, and bytes.
    fn encoded(&self, value: Value) -> (u16, u64, Vec<u8>) {
        match value {
            Value::Bytes(bytes) => (1, bytes.len() as u64, bytes),
            Value::Ascii(text) => {
                let bytes = [text.as_bytes(), &[0]].concat();
                (2, bytes.len() as u64, bytes)
            }
            Value::Shorts(values) => (3, values.len() as u64, self.shorts(&values)),
            Value::Long(value) => (4, 1, self.number(u64::from(value), 4)),
            Value::Rationals(values) => {
                let parts = values.iter().flat_map(|&(over, under)| [over, under]);
                let bytes = parts
                    .flat_map(|part| self.number(u64::from(part), 4))
                    .collect();
                (5, values.len() as u64, bytes)
            }
            Value::Undefined(bytes) => (7, bytes.len() as u64, bytes),
            Value::Offsets(values) => {
                let kind = if self.size == OffsetSize::Big { 16 } else { 4 };
                let bytes = values
                    .iter()
                    .flat_map(|&value| self.offset(value))
                    .collect();
                (kind, values.len() as u64, bytes)
            }
        }
    }

    fn offset(&self, value: u64) -> Vec<u8> {
        self.number(value, if self.size == OffsetSize::Big { 8 } else { 4 })
    }

    fn number(&self, value: u64, length: usize) -> Vec<u8> {
        match self.order {
            ByteOrder::Little => value.to_le_bytes()[..length].to_vec(),
            ByteOrder::Big => value.to_be_bytes()[8 - length..].to_vec(),
        }
    }
}
