//! WebP, by the `image-webp` crate through `image`: lossy and lossless, of an animation the first
//! frame.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::webp::WebPDecoder;
use image::{DynamicImage, ImageDecoder as _};

use super::{corrupt, from_image_error};
use crate::source::Header;
use crate::{DecodeLimits, Result, SourceFormat, color, metadata};

const FORMAT: SourceFormat = SourceFormat::WebP;

/// What the decoder holds per pixel besides the raster: RGBA of a lossless image, or the planes of a
/// lossy one.
const SCRATCH_BYTES_PER_PIXEL: u64 = 4;

/// The same for an animation, which has a canvas and a frame.
const ANIMATION_BYTES_PER_PIXEL: u64 = 8;

/// The longest side of a picture (RFC 9649 §2.5 and §3.4). Only the canvas of an animation may be
/// larger.
const MAX_SIDE_PX: u32 = 16_384;

/// There is no check against the length of the file: a lossless image of one color takes no bits per
/// pixel at all (RFC 9649 §3.7.2.1). The format's own limit of the sides has to do.
pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let mut decoder = decoder(bytes)?;
    let dimensions = limits.check_pixels(FORMAT, decoder.dimensions())?;
    let longest = dimensions.width().max(dimensions.height());
    if longest > MAX_SIDE_PX && !decoder.has_animation() {
        return Err(corrupt(FORMAT, TooLong(longest)));
    }
    let layout = decoder.color_type().into();
    limits.check_raster(FORMAT, dimensions, layout)?;
    let mut header = Header::new(dimensions, layout);
    let per_pixel = if decoder.has_animation() {
        ANIMATION_BYTES_PER_PIXEL
    } else {
        SCRATCH_BYTES_PER_PIXEL
    };
    header.scratch_bytes = dimensions.area() * per_pixel;
    header.icc_profile = decoder.icc_profile().ok().flatten();
    if let Ok(Some(exif)) = decoder.exif_metadata() {
        metadata::read_exif(&exif, &mut header);
    }
    Ok(header)
}

pub(super) fn decode(bytes: &Bytes, header: &Header) -> Result<DynamicImage> {
    let image = DynamicImage::from_decoder(decoder(bytes)?)
        .map_err(|error| from_image_error(FORMAT, error))?;
    Ok(color::to_srgb(image, header.icc_profile.as_deref()))
}

pub(super) fn decoder(bytes: &Bytes) -> Result<WebPDecoder<Cursor<&[u8]>>> {
    WebPDecoder::new(Cursor::new(&bytes[..])).map_err(|error| from_image_error(FORMAT, error))
}

/// The canvas is larger than any picture.
#[derive(Debug, thiserror::Error)]
#[error("declares a side of {0} pixels; the longest that a picture can have is {MAX_SIDE_PX}")]
struct TooLong(u32);
