//! From pixels to the bytes of a file.

#[cfg(feature = "gif")]
mod gif;
#[cfg(feature = "jpeg")]
mod jpg;
#[cfg(feature = "png")]
mod png;
#[cfg(feature = "tiff")]
mod tif;
#[cfg(feature = "webp")]
mod webp;

use iiif_image_api::Format;
use image::DynamicImage;

use crate::error::BoxError;
#[cfg(any(
    feature = "gif",
    feature = "jpeg",
    feature = "png",
    feature = "tiff",
    feature = "webp",
))]
use crate::render::raster;
use crate::{EncodeOptions, Error, Result};

/// Writes `image`, taken to be sRGB and upright, as a file of `format` without metadata.
///
/// | Format | Depth | Alpha | Sides |
/// |---|---|---|---|
/// | `jpg` | 8; one component for gray | laid over white | up to 65,535 |
/// | `png` | 8 or 16; 1 for black and white | kept | |
/// | `tif` | 8 or 16 | kept | |
/// | `gif` | 256 colors, exact if the image has no more | opaque from a half on | up to 65,535 |
/// | `webp` | 8 | kept | up to 16,384 |
///
/// # Errors
///
/// [`Error::UnsupportedFormat`] if the format has no encoder, or was not built in;
/// [`Error::InvalidOption`] if an option is out of range; [`Error::Encode`] if the image is larger
/// than the format allows or has no pixels, or the encoder fails.
pub fn encode(image: &DynamicImage, format: Format, options: &EncodeOptions) -> Result<Vec<u8>> {
    options.validate()?;
    if image.width() == 0 || image.height() == 0 {
        let source = "the image has no pixels".into();
        return Err(Error::Encode { format, source });
    }
    let encoded: Option<Result<Vec<u8>, BoxError>> = match format {
        #[cfg(feature = "jpeg")]
        Format::Jpg => Some(jpg::encode(&raster::integral(image), options)),
        #[cfg(feature = "png")]
        Format::Png => Some(png::encode(&raster::integral(image), options)),
        #[cfg(feature = "gif")]
        Format::Gif => Some(gif::encode(&raster::integral(image))),
        #[cfg(feature = "tiff")]
        Format::Tif => Some(tif::encode(&raster::integral(image), options)),
        #[cfg(feature = "webp")]
        Format::Webp => Some(webp::encode(&raster::integral(image), options)),
        _ => None,
    };
    encoded
        .ok_or(Error::UnsupportedFormat { format })?
        .map_err(|source| Error::Encode { format, source })
}

/// Returns the bytes that encoding takes of pixels that hardly compress: its result, buffers that grow by
/// doubling, and what the encoder works on. Measured with noise and with a photograph, as
/// `tests/memory.rs` does.
pub(crate) fn memory_bytes(format: Format, pixels: u64, pixel_bytes: u64) -> u64 {
    let sample_bytes = pixels.saturating_mul(pixel_bytes);
    match format {
        Format::Jpg => sample_bytes / 2,
        Format::Png => sample_bytes,
        // And the differences of a strip.
        Format::Tif => sample_bytes
            .saturating_add(sample_bytes / 2)
            .saturating_add(sample_bytes.min(1 << 20)),
        // RGBA twice, and indexes.
        Format::Gif => pixels.saturating_mul(9),
        // RGBA, and a file that grows.
        _ => sample_bytes
            .saturating_mul(4)
            .saturating_add(pixels.saturating_mul(4)),
    }
}

/// Returns the sides if neither is longer than `maximum`.
#[cfg(any(feature = "jpeg", feature = "gif", feature = "webp"))]
fn sides_up_to(image: &DynamicImage, maximum: u16) -> Result<(u16, u16), BoxError> {
    let side = |length: u32| u16::try_from(length).ok().filter(|side| *side <= maximum);
    match (side(image.width()), side(image.height())) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err(format!(
            "the image is {}x{} pixels; the format allows up to {maximum} per side",
            image.width(),
            image.height()
        )
        .into()),
    }
}
