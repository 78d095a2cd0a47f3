//! BMP files.

use image::codecs::bmp::BmpEncoder;
use image::{DynamicImage, ExtendedColorType};

/// Returns an uncompressed BMP file of 24 bits per pixel. Alpha is ignored.
///
/// # Panics
///
/// If a side is zero.
#[must_use]
pub fn bmp(picture: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    let rgb = picture.to_rgb8();
    BmpEncoder::new(&mut file)
        .encode(&rgb, rgb.width(), rgb.height(), ExtendedColorType::Rgb8)
        .expect("a picture with pixels can be written to memory");
    file
}
