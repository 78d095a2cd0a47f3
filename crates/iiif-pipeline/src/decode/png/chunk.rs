//! Chunks: PNG §5.3.

use bytes::Bytes;
use iiif_image_api::Dimensions;

use crate::source::Data;
use crate::{Resolution, Result};

/// Length of the signature: PNG §5.2.
const SIGNATURE_BYTES: u64 = 8;

/// Length and type of a chunk.
const HEAD_BYTES: u64 = 8;

/// Length, type and checksum of a chunk.
const FRAME_BYTES: u64 = 12;

/// Length of the data of an IHDR chunk: PNG §11.2.1.
const IMAGE_HEADER_BYTES: u64 = 13;

/// Length of the data of a pHYs chunk: PNG §11.3.4.3.
const PHYSICAL_BYTES: u64 = 9;

/// The IHDR chunk: PNG §11.2.1.
pub(super) struct ImageHeader {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) is_interlaced: bool,
    bits_per_pixel: u64,
}

impl ImageHeader {
    /// Returns nothing if the file does not begin with the chunk.
    pub(super) fn read(data: &Data) -> Result<Option<Self>> {
        let head = Head::read(data, SIGNATURE_BYTES)?;
        if head.is_none_or(|head| &head.kind != b"IHDR") {
            return Ok(None);
        }
        let start = data.part(SIGNATURE_BYTES + HEAD_BYTES, IMAGE_HEADER_BYTES)?;
        Ok(start.and_then(|start| Self::parse(&start)))
    }

    fn parse(start: &[u8]) -> Option<Self> {
        let (width, rest) = start.split_first_chunk()?;
        let (height, rest) = rest.split_first_chunk()?;
        let &[depth, color_type, _, _, interlacing] = rest.first_chunk()?;
        let channels = match color_type {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        Some(Self {
            width: u32::from_be_bytes(*width),
            height: u32::from_be_bytes(*height),
            is_interlaced: interlacing != 0,
            bits_per_pixel: u64::from(depth) * channels,
        })
    }

    /// Returns the bytes before compression, at least: one for the filter and the pixels of a row.
    pub(super) fn filtered_bytes(&self, dimensions: Dimensions) -> u64 {
        let row_bits = u64::from(dimensions.width()) * self.bits_per_pixel;
        u64::from(dimensions.height()) * (1 + row_bits.div_ceil(8))
    }
}

/// Returns what a pHYs chunk states, which stands before the pixels: PNG §11.3.4.3 and §5.6.
pub(super) fn resolution(data: &Data) -> Result<Option<Resolution>> {
    let mut offset = SIGNATURE_BYTES;
    while let Some(head) = Head::read(data, offset)? {
        match &head.kind {
            b"pHYs" => {
                let chunk = data.part(offset + HEAD_BYTES, head.length.min(PHYSICAL_BYTES))?;
                return Ok(chunk.and_then(|chunk| parse_resolution(&chunk)));
            }
            b"IDAT" => break,
            _ => offset += head.length + FRAME_BYTES,
        }
    }
    Ok(None)
}

fn parse_resolution(chunk: &[u8]) -> Option<Resolution> {
    /// Pixels per metre; anything else is the shape of a pixel.
    const METRE: u8 = 1;
    const CM_PER_METRE: f64 = 100.0;
    let (x, rest) = chunk.split_first_chunk()?;
    let (y, unit) = rest.split_first_chunk()?;
    let per_cm = |number: &[u8; 4]| f64::from(u32::from_be_bytes(*number)) / CM_PER_METRE;
    let is_metre = unit.first() == Some(&METRE);
    is_metre
        .then(|| Resolution::per_cm(per_cm(x), per_cm(y)))
        .flatten()
}

/// Returns the data of the first chunk of a type, if there is one and it is of at most `max_bytes`.
pub(super) fn find(data: &Data, wanted: [u8; 4], max_bytes: u64) -> Result<Option<Bytes>> {
    let mut offset = SIGNATURE_BYTES;
    while let Some(head) = Head::read(data, offset)? {
        if head.kind == wanted && head.length <= max_bytes {
            return data.part(offset + HEAD_BYTES, head.length);
        }
        offset += head.length + FRAME_BYTES;
    }
    Ok(None)
}

struct Head {
    length: u64,
    kind: [u8; 4],
}

impl Head {
    fn read(data: &Data, offset: u64) -> Result<Option<Self>> {
        let head = data.part(offset, HEAD_BYTES)?;
        Ok(head.and_then(|head| {
            let (length, kind) = head.split_first_chunk()?;
            Some(Self {
                length: u32::from_be_bytes(*length).into(),
                kind: *kind.first_chunk()?,
            })
        }))
    }
}
