//! `webp`: lossless with `image`, lossy with libwebp.

use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType};

use crate::error::BoxError;
use crate::render::raster;
use crate::{EncodeOptions, WebpCompression};

/// 14 bits of the header (RFC 9649 §3.4).
const MAX_SIDE_PX: u16 = 1 << 14;

/// Writes 8 bits per sample with their alpha.
pub(super) fn encode(image: &DynamicImage, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    super::sides_up_to(image, MAX_SIDE_PX)?;
    let image = raster::to_8_bits(image);
    match options.webp_compression {
        WebpCompression::Lossless => lossless(&image),
        WebpCompression::Lossy { quality } => lossy(&image, quality),
    }
}

fn lossless(image: &DynamicImage) -> Result<Vec<u8>, BoxError> {
    let color = match raster::channels(image) {
        1 => ExtendedColorType::L8,
        2 => ExtendedColorType::La8,
        3 => ExtendedColorType::Rgb8,
        _ => ExtendedColorType::Rgba8,
    };
    let mut bytes = Vec::new();
    WebPEncoder::new_lossless(&mut bytes).encode(
        image.as_bytes(),
        image.width(),
        image.height(),
        color,
    )?;
    Ok(bytes)
}

#[cfg(feature = "webp-lossy")]
fn lossy(image: &DynamicImage, quality: u8) -> Result<Vec<u8>, BoxError> {
    let (width, height) = (image.width(), image.height());
    let encode = |encoder: webp::Encoder<'_>| {
        encoder
            .encode_simple(false, f32::from(quality))
            .map(|bytes| bytes.to_vec())
            .map_err(|cause| BoxError::from(format!("libwebp: {cause:?}")))
    };
    if raster::has_alpha(image) {
        encode(webp::Encoder::from_rgba(&image.to_rgba8(), width, height))
    } else {
        encode(webp::Encoder::from_rgb(&image.to_rgb8(), width, height))
    }
}

#[cfg(not(feature = "webp-lossy"))]
fn lossy(_image: &DynamicImage, _quality: u8) -> Result<Vec<u8>, BoxError> {
    Err("lossy WebP is not built in".into())
}
