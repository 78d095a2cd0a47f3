//! libjpeg-turbo, with SIMD.

use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use super::Rows;
use crate::error::BoxError;
use crate::{ChromaSampling, EncodeOptions, JpegScans};

/// Writes a whole file.
pub(super) fn encode(rows: Rows<'_>, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    let (format, sampling) = match (rows.channels, options.jpeg_sampling) {
        (1, _) => (PixelFormat::GRAY, Subsamp::Gray),
        (_, ChromaSampling::Full) => (PixelFormat::RGB, Subsamp::None),
        (_, ChromaSampling::Horizontal) => (PixelFormat::RGB, Subsamp::Sub2x1),
        (_, ChromaSampling::Quarter) => (PixelFormat::RGB, Subsamp::Sub2x2),
    };
    let mut encoder = Compressor::new()?;
    encoder.set_quality(options.jpeg_quality.into())?;
    encoder.set_subsamp(sampling)?;
    encoder.set_progressive(options.jpeg_scans == JpegScans::Progressive)?;
    let width = usize::from(rows.width);
    let image = Image {
        pixels: rows.samples,
        width,
        pitch: width * rows.channels,
        height: rows.height.into(),
        format,
    };
    Ok(encoder.compress_to_vec(image)?)
}
