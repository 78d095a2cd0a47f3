//! `png`, with `png`.

use std::borrow::Cow;

use image::DynamicImage;
use png::{BitDepth, ColorType, Compression, Encoder, Filter, SrgbRenderingIntent};

use crate::error::BoxError;
use crate::render::raster::{self, Samples};
use crate::{EncodeOptions, PngCompression};

/// Pixels per byte of one bit each.
const PIXELS_PER_BYTE: usize = 8;

/// Keeps depth and channels; an image of nothing but black and white takes one bit per pixel.
pub(super) fn encode(image: &DynamicImage, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    let (depth, data) = match raster::samples(image) {
        Some(Samples::Bits8(samples)) if is_bitonal(image, samples) => (
            BitDepth::One,
            Cow::Owned(packed(samples, image.width() as usize)),
        ),
        Some(Samples::Bits8(samples)) => (BitDepth::Eight, Cow::Borrowed(samples)),
        // Samples are big endian (PNG 3rd edition §7.1).
        Some(Samples::Bits16(samples)) => (
            BitDepth::Sixteen,
            samples
                .iter()
                .flat_map(|sample| sample.to_be_bytes())
                .collect(),
        ),
        None => return Err("the samples are neither 8 nor 16 bits wide".into()),
    };
    // Hardly any file is longer, and growing would copy it.
    let mut bytes = Vec::with_capacity(data.len() / 8 * 9);
    let mut encoder = Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_depth(depth);
    encoder.set_color(match raster::channels(image) {
        1 => ColorType::Grayscale,
        2 => ColorType::GrayscaleAlpha,
        3 => ColorType::Rgb,
        _ => ColorType::Rgba,
    });
    encoder.set_compression(match options.png_compression {
        // The fast compressor is made for filtered bytes and leaves bits as they are.
        PngCompression::Fast if depth == BitDepth::One => Compression::Balanced,
        PngCompression::Fast => Compression::Fast,
        PngCompression::Balanced => Compression::Balanced,
        PngCompression::Best => Compression::High,
    });
    if depth == BitDepth::One {
        // Filters do not help below 8 bits (PNG 3rd edition §12.7).
        encoder.set_filter(Filter::NoFilter);
    }
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&data)?;
    writer.finish()?;
    Ok(bytes)
}

fn is_bitonal(image: &DynamicImage, samples: &[u8]) -> bool {
    raster::channels(image) == 1 && samples.iter().all(|level| matches!(level, 0 | 255))
}

/// Returns rows of one bit per pixel, leftmost in the highest bit, filled up to whole bytes (PNG
/// 3rd edition §7.2).
fn packed(samples: &[u8], width: usize) -> Vec<u8> {
    samples
        .chunks_exact(width.max(1))
        .flat_map(|row| row.chunks(PIXELS_PER_BYTE))
        .map(|pixels| {
            let bits = |byte, (i, level): (usize, &u8)| byte | ((level & 1) << (7 - i));
            pixels.iter().enumerate().fold(0, bits)
        })
        .collect()
}
