//! BMP, by the `image` crate. Palettes and 16-bit pixels are expanded to RGB.

use std::io::Cursor;

use bytes::Bytes;
use iiif_image_api::Dimensions;
use image::codecs::bmp::BmpDecoder;
use image::{DynamicImage, ImageDecoder as _};

use super::{from_image_error, plausible};
use crate::source::Header;
use crate::{DecodeLimits, Result, SourceFormat};

const FORMAT: SourceFormat = SourceFormat::Bmp;

/// Bytes of a `BITMAPCOREHEADER`, which has no compression.
const CORE_HEADER_BYTES: u32 = 12;

pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let decoder = decoder(bytes)?;
    let dimensions = limits.check_pixels(FORMAT, decoder.dimensions())?;
    plausible::check(
        FORMAT,
        dimensions,
        least_bytes(bytes, dimensions),
        bytes.len(),
    )?;
    let layout = decoder.color_type().into();
    limits.check_raster(FORMAT, dimensions, layout)?;
    Ok(Header::new(dimensions, layout))
}

pub(super) fn decode(bytes: &Bytes, _header: &Header) -> Result<DynamicImage> {
    DynamicImage::from_decoder(decoder(bytes)?).map_err(|error| from_image_error(FORMAT, error))
}

fn decoder(bytes: &Bytes) -> Result<BmpDecoder<Cursor<&[u8]>>> {
    BmpDecoder::new(Cursor::new(&bytes[..])).map_err(|error| from_image_error(FORMAT, error))
}

/// Returns the bytes of the stored rows, each padded to 32 bits (`BITMAPINFOHEADER` of the Windows
/// API); zero for run-length coding, which may end the picture anywhere.
fn least_bytes(bytes: &[u8], dimensions: Dimensions) -> u64 {
    /// Values of `biCompression`.
    const RLE8: u32 = 1;
    const RLE4: u32 = 2;
    let byte = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
    let word = |at: usize| byte(at) | byte(at + 1) << 8;
    let double_word = |at: usize| word(at) | word(at + 2) << 16;
    let (bits, compression) = if double_word(14) == CORE_HEADER_BYTES {
        (word(24), 0)
    } else {
        (word(28), double_word(30))
    };
    if matches!(compression, RLE8 | RLE4) {
        return 0;
    }
    let row_bits = u64::from(dimensions.width()) * u64::from(bits);
    row_bits.div_ceil(32) * 4 * u64::from(dimensions.height())
}
