//! GIF files.

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame};

/// Speed 1 to 30 of the color quantizer; the slowest is the most faithful.
const SPEED: i32 = 1;

/// Returns an animated GIF of two frames: the picture, and the picture in inverted colors.
///
/// Up to 256 colors per frame; transparent where alpha is 0.
///
/// # Panics
///
/// If a side is zero or over 65,535 pixels.
#[must_use]
pub fn gif(picture: &DynamicImage) -> Vec<u8> {
    let mut file = Vec::new();
    let mut inverted = picture.clone();
    inverted.invert();
    let mut encoder = GifEncoder::new_with_speed(&mut file, SPEED);
    encoder
        .encode_frames([picture, &inverted].map(|picture| Frame::new(picture.to_rgba8())))
        .expect("a picture with sides that GIF can express");
    drop(encoder);
    file
}
