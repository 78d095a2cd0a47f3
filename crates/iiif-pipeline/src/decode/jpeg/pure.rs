//! The pure-Rust back end, `zune-jpeg`: full size only, and the one that reads inks.

use std::borrow::Cow;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::frame::{self, Coding, Frame};
use super::{FORMAT, MAX_SCANS, SizeMismatch};
use crate::Result;
use crate::decode::corrupt;

/// By what both sides of the raster may be divided.
pub(super) const DENOMINATORS: &[u32] = &[1];

/// Returns gray, RGB or inks as they are stored, interleaved; `_denominator` is 1.
pub(super) fn read_samples(bytes: &[u8], frame: &Frame<'_>, _denominator: u32) -> Result<Vec<u8>> {
    let coding = frame.coding()?;
    let colors = match coding {
        Coding::Gray => ColorSpace::Luma,
        Coding::YCbCr | Coding::RgbByName => ColorSpace::RGB,
        Coding::RgbByAdobe(_) => ColorSpace::YCbCr,
        Coding::Cmyk => ColorSpace::CMYK,
        Coding::Ycck => ColorSpace::YCCK,
    };
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(width)
        .set_max_height(height)
        .jpeg_set_max_scans(MAX_SCANS as usize)
        .jpeg_set_out_colorspace(colors);
    let bytes = readable(bytes, coding);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes[..]), options);
    decoder
        .decode_headers()
        .map_err(|error| corrupt(FORMAT, error))?;
    let length = width * height * colors.num_components();
    if decoder.output_buffer_size() != Some(length) {
        return Err(corrupt(FORMAT, SizeMismatch));
    }
    let mut samples = vec![0; length];
    decoder
        .decode_into(&mut samples)
        .map_err(|error| corrupt(FORMAT, error))?;
    Ok(samples)
}

/// Returns the bytes of [`readable`]'s copy.
#[cfg_attr(
    feature = "turbojpeg",
    expect(dead_code, reason = "inks, which are all that is left, are not copied")
)]
pub(super) fn copied_bytes(bytes: &[u8], frame: &Frame<'_>) -> u64 {
    match frame.coding() {
        Ok(Coding::RgbByAdobe(_)) => bytes.len() as u64,
        _ => 0,
    }
}

/// The decoder takes three channels without a transform for inks. Told that they are `YCbCr`, and
/// asked for `YCbCr`, it hands over the three as they are.
fn readable(bytes: &[u8], coding: Coding) -> Cow<'_, [u8]> {
    let mut bytes = Cow::Borrowed(bytes);
    if let Coding::RgbByAdobe(transform) = coding
        && let Some(byte) = bytes.to_mut().get_mut(transform)
    {
        *byte = frame::ADOBE_YCBCR;
    }
    bytes
}
