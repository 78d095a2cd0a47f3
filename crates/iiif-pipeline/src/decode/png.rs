//! PNG, by the `png` crate through `image`. Palettes and 1, 2 and 4 bits are expanded to 8; 16 stay.

use std::io::Cursor;

use bytes::Bytes;
use iiif_image_api::Dimensions;
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder as _, Limits};

use super::{corrupt, from_image_error, plausible};
use crate::source::Header;
use crate::{DecodeLimits, Result, SourceFormat, color, metadata};

const FORMAT: SourceFormat = SourceFormat::Png;

/// Length of the signature: PNG §5.2.
const SIGNATURE_BYTES: usize = 8;

/// Length, type and checksum of a chunk: PNG §5.3.
const CHUNK_FRAME_BYTES: usize = 12;

/// The most that profile and texts may take, in bytes.
const MAX_METADATA_BYTES: u64 = 64 << 20;

pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let start = ImageHeader::read(bytes).ok_or_else(|| corrupt(FORMAT, NoImageHeader))?;
    let dimensions = limits.check_pixels(FORMAT, (start.width, start.height))?;
    let needed = start.filtered_bytes(dimensions) / plausible::DEFLATE_RATIO;
    plausible::check(FORMAT, dimensions, needed, bytes.len())?;
    let mut decoder = decoder(bytes, MAX_METADATA_BYTES)?;
    let layout = decoder.color_type().into();
    limits.check_bytes(FORMAT, dimensions, layout)?;
    let mut header = Header::new(dimensions, layout);
    header.icc_profile = decoder.icc_profile().ok().flatten();
    // The chunk may come after the pixels, which the decoder has not read yet: PNG §11.3.1.
    if let Some(exif) = chunk(bytes, *b"eXIf") {
        header.orientation = metadata::orientation(exif);
    }
    Ok(header)
}

pub(super) fn decode(bytes: &Bytes, header: &Header) -> Result<DynamicImage> {
    let decoder = decoder(bytes, header.raster_bytes() + MAX_METADATA_BYTES)?;
    let image =
        DynamicImage::from_decoder(decoder).map_err(|error| from_image_error(FORMAT, error))?;
    Ok(color::to_srgb(image, header.icc_profile.as_deref()))
}

fn decoder(bytes: &Bytes, max_alloc: u64) -> Result<PngDecoder<Cursor<&[u8]>>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_alloc);
    PngDecoder::with_limits(Cursor::new(&bytes[..]), limits)
        .map_err(|error| from_image_error(FORMAT, error))
}

/// The file does not begin as PNG §5.6 wants.
#[derive(Debug, thiserror::Error)]
#[error("no IHDR chunk after the signature")]
struct NoImageHeader;

/// The IHDR chunk: PNG §11.2.1.
struct ImageHeader {
    width: u32,
    height: u32,
    bits_per_pixel: u64,
}

impl ImageHeader {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (kind, data, _) = next_chunk(bytes.get(SIGNATURE_BYTES..)?)?;
        let [width, height] = [data.get(..4)?, data.get(4..8)?]
            .map(|side| side.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
        let channels = match data.get(9)? {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        };
        (kind == *b"IHDR").then_some(Self {
            width,
            height,
            bits_per_pixel: u64::from(*data.get(8)?) * channels,
        })
    }

    /// Returns the bytes before compression, at least: one for the filter and the pixels of a row.
    fn filtered_bytes(&self, dimensions: Dimensions) -> u64 {
        let row_bits = u64::from(dimensions.width()) * self.bits_per_pixel;
        u64::from(dimensions.height()) * (1 + row_bits.div_ceil(8))
    }
}

/// Returns the data of the first chunk of a type.
fn chunk(bytes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    let mut rest = bytes.get(SIGNATURE_BYTES..)?;
    loop {
        let (kind, data, after) = next_chunk(rest)?;
        if kind == wanted {
            return Some(data);
        }
        rest = after;
    }
}

/// Returns type and data of the chunk at the start of `bytes`, and what follows it.
fn next_chunk(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let end = length.checked_add(CHUNK_FRAME_BYTES)?;
    let data = bytes.get(8..length.checked_add(8)?)?;
    Some((*kind, data, bytes.get(end..).unwrap_or_default()))
}
