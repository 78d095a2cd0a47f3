//! The pure-Rust back end, `zune-jpeg`: full size only, and the one that reads inks.

use std::borrow::Cow;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::frame::{self, Coding, Frame};
use super::{FORMAT, MAX_SCANS, SizeMismatch};
use crate::Result;
use crate::decode::{corrupt, unsupported};
use crate::shrink::Shrink;
use crate::source::Reduction;

/// Returns how the decoder can reduce: not at all.
#[cfg_attr(
    feature = "turbojpeg",
    expect(dead_code, reason = "the other back end is asked")
)]
pub(super) fn reductions(_frame: &Frame<'_>) -> Vec<Reduction> {
    Vec::new()
}

/// Returns gray, RGB or inks as they are stored, interleaved; `_shrink` is none.
pub(super) fn read_samples(bytes: &[u8], frame: &Frame<'_>, _shrink: Shrink) -> Result<Vec<u8>> {
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

/// Returns what is held besides the raster, at most, in bytes.
///
/// # Errors
///
/// [`Error::UnsupportedSource`](crate::Error::UnsupportedSource) if the decoder would mix up
/// the blocks.
pub(super) fn scratch_bytes(bytes: &[u8], frame: &Frame<'_>) -> Result<u64> {
    let coding = frame.coding()?;
    if frame.has_subsampling_apart() {
        let feature =
            "subsampled components in scans of their own (feature `turbojpeg` reads them)";
        return Err(unsupported(FORMAT, feature));
    }
    let copy = match coding {
        Coding::RgbByAdobe(_) => bytes.len() as u64,
        _ => 0,
    };
    Ok(frame.scratch_bytes() + copy)
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
