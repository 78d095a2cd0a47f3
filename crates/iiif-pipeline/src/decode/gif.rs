//! GIF, by the `gif` crate through `image`: the first frame on its canvas.

use std::io::Cursor;

use bytes::Bytes;
use image::codecs::gif::GifDecoder;
use image::{DynamicImage, ImageDecoder as _, Limits};

use super::{from_image_error, plausible};
use crate::source::Header;
use crate::{DecodeLimits, Result, SourceFormat, color};

const FORMAT: SourceFormat = SourceFormat::Gif;

/// How many pixels one and a half bytes can become: the table of codes has 4096 entries of up to 12
/// bits, and a code stands for fewer pixels than the table has entries (GIF specification, appendix F).
///
/// The canvas is compared, not the frame on it; an image much larger than everything that is drawn
/// on it is refused as well.
const PIXELS_PER_TWO_CODES: u64 = 2 * 4096;

/// Bytes of two codes.
const TWO_CODES_BYTES: u64 = 3;

pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let mut decoder = decoder(bytes)?;
    let dimensions = limits.check_pixels(FORMAT, decoder.dimensions())?;
    let needed = dimensions.area() / PIXELS_PER_TWO_CODES * TWO_CODES_BYTES;
    plausible::check(FORMAT, dimensions, needed, bytes.len())?;
    let layout = decoder.color_type().into();
    limits.check_raster(FORMAT, dimensions, layout)?;
    let mut header = Header::new(dimensions, layout);
    header.icc_profile = decoder.icc_profile().ok().flatten();
    // A frame that does not fill the canvas is decoded apart.
    header.scratch_bytes = header.raster_bytes();
    Ok(header)
}

pub(super) fn decode(bytes: &Bytes, header: &Header) -> Result<DynamicImage> {
    let mut decoder = decoder(bytes)?;
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(header.raster_bytes());
    decoder
        .set_limits(limits)
        .map_err(|error| from_image_error(FORMAT, error))?;
    let image =
        DynamicImage::from_decoder(decoder).map_err(|error| from_image_error(FORMAT, error))?;
    Ok(color::to_srgb(
        without_idle_alpha(image),
        header.icc_profile.as_deref(),
    ))
}

fn decoder(bytes: &Bytes) -> Result<GifDecoder<Cursor<&[u8]>>> {
    GifDecoder::new(Cursor::new(&bytes[..])).map_err(|error| from_image_error(FORMAT, error))
}

/// The decoder always makes RGBA; most GIFs are opaque, and their derivatives should be too.
fn without_idle_alpha(image: DynamicImage) -> DynamicImage {
    let is_opaque = image
        .as_rgba8()
        .is_some_and(|pixels| pixels.pixels().all(|pixel| pixel[3] == u8::MAX));
    if is_opaque {
        image.into_rgb8().into()
    } else {
        image
    }
}
