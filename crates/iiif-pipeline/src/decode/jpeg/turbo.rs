//! libjpeg-turbo, with SIMD: gray and colors, at full size or reduced while the DCT is inverted.
//!
//! It warns where the data makes no sense, and goes on; every warning is an error here. What it
//! warns of, or takes for other colors, because of metadata is kept from it ([`readable`]).

use std::borrow::Cow;

use turbojpeg::{Decompressor, Image, PixelFormat, ScalingFactor};

use super::frame::{Coding, Frame, plain};
use super::{FORMAT, MAX_SCANS, SizeMismatch};
use crate::decode::corrupt;
use crate::{Error, Result};

/// By what both sides of the raster may be divided, rounding up. There are steps of eighths
/// between, which have no SIMD and save nothing.
pub(super) const DENOMINATORS: &[u32] = &[1, 2, 4, 8];

/// Returns gray or RGB, interleaved, at one of the [`DENOMINATORS`].
pub(super) fn read_samples(bytes: &[u8], frame: &Frame<'_>, denominator: u32) -> Result<Vec<u8>> {
    let coding = frame.coding()?;
    let (format, channels) = match coding {
        Coding::Gray => (PixelFormat::GRAY, 1),
        _ => (PixelFormat::RGB, 3),
    };
    let factor = ScalingFactor::new(1, denominator as usize);
    let bytes = readable(bytes, frame, coding);
    let mut decoder = Decompressor::new().map_err(from_turbo)?;
    decoder.set_scan_limit(MAX_SCANS).map_err(from_turbo)?;
    decoder.set_scaling_factor(factor).map_err(from_turbo)?;
    let header = decoder.read_header(&bytes).map_err(from_turbo)?;
    if (header.width, header.height) != (frame.width.into(), frame.height.into()) {
        return Err(corrupt(FORMAT, SizeMismatch));
    }
    let (width, height) = (factor.scale(header.width), factor.scale(header.height));
    let pitch = width * channels;
    let mut samples = vec![0; pitch * height];
    let raster = Image {
        pixels: &mut samples[..],
        width,
        pitch,
        height,
        format,
    };
    decoder.decompress(&bytes, raster).map_err(from_turbo)?;
    Ok(samples)
}

/// Returns the bytes of [`readable`]'s copy.
pub(super) fn copied_bytes(bytes: &[u8], frame: &Frame<'_>) -> u64 {
    match frame.coding() {
        Ok(coding) if !frame.is_plain(coding) => bytes.len() as u64,
        _ => 0,
    }
}

/// Returns the file, or a copy without metadata where that would mislead the library.
fn readable<'a>(bytes: &'a [u8], frame: &Frame<'_>, coding: Coding) -> Cow<'a, [u8]> {
    if frame.is_plain(coding) {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(plain::without_metadata(bytes, coding))
}

fn from_turbo(error: turbojpeg::Error) -> Error {
    corrupt(FORMAT, error)
}
