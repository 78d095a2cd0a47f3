//! Preparing the reduction for an analysis: over white, and smaller still.

use iiif_image_api::{Dimensions, PixelRect};
use iiif_resize::{FilterType, ResizeAlg, ResizeOptions, resize};
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
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    let full = Dimensions::new(image.width(), image.height());
    let target = Dimensions::new(width, height);
    let (full, target) = full
        .and_then(|full| Ok((full, target?)))
        .expect("no side is zero");
    resize(image, PixelRect::full(full), target, &options).expect("8-bit pixels, all of them")
}

fn blend_over_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    // At most 255, rounded half up.
    ((channel * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}
