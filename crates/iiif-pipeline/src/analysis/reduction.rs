//! Preparing the reduction for an analysis: over white, and smaller still.

use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, Rgb, RgbImage};

/// Lays the image over white, at 8 bits for each channel.
pub(super) fn over_white(image: &DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return DynamicImage::ImageRgb8(image.to_rgb8());
    }
    let rgba = image.to_rgba8();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (&image::Rgba([r, g, b, a]), out) in rgba.pixels().zip(rgb.pixels_mut()) {
        *out = Rgb([r, g, b].map(|channel| blend_over_white(channel, a)));
    }
    DynamicImage::ImageRgb8(rgb)
}

/// Scales to exactly `width` x `height` px, each at least 1.
///
/// The filter's support grows with the reduction, so every source pixel counts.
pub(super) fn resized(
    image: &DynamicImage,
    width: u32,
    height: u32,
    filter: FilterType,
) -> DynamicImage {
    let mut out = DynamicImage::new(width, height, image.color());
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new()
        .resize(image, &mut out, &options)
        .expect("both images have the same 8-bit pixel type and at least one pixel");
    out
}

fn blend_over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    // At most 255, rounded half up.
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
