//! `jpg`: baseline files are written in bands, in parallel; progressive ones whole.
//!
//! Two back ends with the same function write whole files: `jpeg-encoder`, or libjpeg-turbo where
//! feature `turbojpeg` is on.

mod bands;
// The tests of the other back end compare with it.
#[cfg(any(test, not(feature = "turbojpeg")))]
mod pure;
#[cfg(feature = "turbojpeg")]
mod turbo;

use image::DynamicImage;

#[cfg(not(feature = "turbojpeg"))]
use self::pure as back_end;
#[cfg(feature = "turbojpeg")]
use self::turbo as back_end;
use crate::error::BoxError;
use crate::render::{flatten, raster};
use crate::{EncodeOptions, JpegScans};

/// 16 bits of the frame header (ITU-T T.81 §B.2.2).
const MAX_SIDE_PX: u16 = u16::MAX;

/// Rows of one or three interleaved channels of 8 bits.
#[derive(Clone, Copy, Debug)]
struct Rows<'a> {
    samples: &'a [u8],
    width: u16,
    height: u16,
    channels: usize,
}

/// Writes gray as one component, colors as three.
pub(super) fn encode(image: &DynamicImage, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    let (width, height) = super::sides_up_to(image, MAX_SIDE_PX)?;
    let flat = flatten::over_white(image);
    let flat = raster::to_8_bits(&flat);
    let rows = Rows {
        samples: flat.as_bytes(),
        width,
        height,
        channels: raster::channels(&flat),
    };
    match options.jpeg_scans {
        JpegScans::Baseline => bands::encode(rows, options, back_end::encode),
        JpegScans::Progressive => back_end::encode(rows, options),
    }
}
