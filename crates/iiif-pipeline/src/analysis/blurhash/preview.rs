//! A BlurHash as the picture that it stands for.

use std::f64::consts::PI;

use iiif_image_api::Dimensions;
use image::{Rgb, RgbImage};

use super::{DIGITS, SCALE_STEPS, srgb_from_linear};

/// Red, green and blue as light.
type Light = [f64; 3];

/// Draws a BlurHash, a placeholder while the image itself is loaded. 32 pixels on the longer side
/// show all there is.
///
/// Returns `None` for a text that is no BlurHash.
#[must_use]
pub fn blurhash_preview(hash: &str, dimensions: Dimensions) -> Option<RgbImage> {
    let values: Vec<u32> = hash.bytes().map(digit).collect::<Option<_>>()?;
    let (&size, rest) = values.split_first()?;
    let (&scale, rest) = rest.split_first()?;
    let (columns, rows) = (size % 9 + 1, size / 9 + 1);
    if rows > 9 || rest.len() as u32 != 4 + 2 * (columns * rows - 1) {
        return None;
    }
    let (mean, others) = rest.split_at(4);
    let scale = f64::from(scale + 1) / SCALE_STEPS;
    let mut factors = vec![unpacked(number(mean), 256).map(linear_from_srgb)];
    factors.extend(others.chunks(2).map(|digits| {
        unpacked(number(digits), 19).map(|step| {
            let step = (f64::from(step) - 9.0) / 9.0;
            (step * step).copysign(step) * scale
        })
    }));
    let (width, height) = (
        f64::from(dimensions.width()),
        f64::from(dimensions.height()),
    );
    Some(RgbImage::from_fn(
        dimensions.width(),
        dimensions.height(),
        |x, y| {
            let (x, y) = (PI * f64::from(x) / width, PI * f64::from(y) / height);
            let mut light = Light::default();
            for (index, factor) in (0_u32..).zip(&factors) {
                let (column, row) = (index % columns, index / columns);
                let basis = (x * f64::from(column)).cos() * (y * f64::from(row)).cos();
                for (sum, part) in light.iter_mut().zip(factor) {
                    *sum += part * basis;
                }
            }
            Rgb(light.map(|light| srgb_from_linear(light) as u8))
        },
    ))
}

fn digit(byte: u8) -> Option<u32> {
    DIGITS
        .iter()
        .position(|digit| *digit == byte)
        .map(|value| value as u32)
}

fn number(digits: &[u32]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 83 + digit)
}

fn unpacked(number: u32, base: u32) -> [u32; 3] {
    [number / (base * base), number / base % base, number % base]
}

/// Decodes sRGB, 0 to 255, to light (IEC 61966-2-1).
fn linear_from_srgb(value: u32) -> f64 {
    let encoded = f64::from(value) / 255.0;
    if encoded <= 0.040_45 {
        encoded / 12.92
    } else {
        ((encoded + 0.055) / 1.055).powf(2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Analyses, BlurHashOptions, analyze};

    #[test]
    fn the_preview_of_a_flat_picture_has_its_color() {
        let flat = RgbImage::from_pixel(200, 200, Rgb([0xaf, 0x5c, 0x48]));
        let analyses = Analyses::default().with_blurhash(BlurHashOptions::default());
        let hash = analyze(&flat.into(), &analyses).unwrap().blurhash.unwrap();
        let preview = blurhash_preview(&hash, Dimensions::new(8, 8).unwrap()).unwrap();
        // The cosines of BlurHash do not add up to nothing, so the edges of a flat picture differ.
        for (actual, expected) in preview
            .get_pixel(4, 4)
            .0
            .into_iter()
            .zip([0xaf_u8, 0x5c, 0x48])
        {
            assert!(
                actual.abs_diff(expected) <= 8,
                "{:?}",
                preview.get_pixel(4, 4)
            );
        }
    }

    #[test]
    fn a_gradient_keeps_its_direction() {
        let ramp = RgbImage::from_fn(64, 32, |x, _| Rgb([(x * 4) as u8; 3]));
        let analyses = Analyses::default().with_blurhash(BlurHashOptions::default());
        let hash = analyze(&ramp.into(), &analyses).unwrap().blurhash.unwrap();
        let preview = blurhash_preview(&hash, Dimensions::new(16, 8).unwrap()).unwrap();
        assert!(preview.get_pixel(14, 4).0[0] > preview.get_pixel(2, 4).0[0] + 100);
    }

    #[test]
    fn other_texts_are_no_blurhash() {
        let size = Dimensions::new(4, 4).unwrap();
        for text in [
            "",
            "0",
            "L",
            "LEHV6nWB2yk8pyo0adR*.7kCMdn",
            "LEHV6nWB2yk8pyo0adR*.7kCMdnjj",
            "é",
        ] {
            assert!(blurhash_preview(text, size).is_none(), "{text}");
        }
        // The example of the BlurHash project: 4 by 3 components.
        assert!(blurhash_preview("LEHV6nWB2yk8pyo0adR*.7kCMdnj", size).is_some());
    }
}
