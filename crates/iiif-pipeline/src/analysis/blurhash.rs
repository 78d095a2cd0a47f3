//! [BlurHash](https://github.com/woltapp/blurhash): a few cosine components as a short text, from
//! which viewers paint a placeholder.
//!
//! Our own, because the crate `blurhash` 0.2 rounds the mean color up by a half too much, so that its
//! texts differ from those of the reference implementation.

mod components;
mod preview;

use iiif_resize::FilterType;
use image::DynamicImage;

use self::components::components;
pub use self::preview::blurhash_preview;
use super::reduction::resized;
use crate::{Error, Result};

/// The components that the format can express along each axis.
const COMPONENTS: std::ops::RangeInclusive<u32> = 1..=9;

/// The format's alphabet.
const DIGITS: &[u8; 83] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
/// The greatest factor is stored in steps of 1/166.
const SCALE_STEPS: f64 = 166.0;

/// How a BlurHash is made.
///
/// It takes `4 + 2 * x_components * y_components` characters: 132 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlurHashOptions {
    /// Components along the width, 1 to 9. Default: 8.
    pub x_components: u32,
    /// Components along the height, 1 to 9. Default: 8.
    pub y_components: u32,
    /// The longer side, in pixels and at least 1, that the image is reduced to before. A smaller
    /// image is not enlarged. Default: 200.
    pub max_side_px: u32,
}

impl Default for BlurHashOptions {
    fn default() -> Self {
        Self {
            x_components: 8,
            y_components: 8,
            max_side_px: 200,
        }
    }
}

impl BlurHashOptions {
    /// Sets [`x_components`](Self::x_components).
    #[must_use]
    pub fn with_x_components(mut self, x_components: u32) -> Self {
        self.x_components = x_components;
        self
    }

    /// Sets [`y_components`](Self::y_components).
    #[must_use]
    pub fn with_y_components(mut self, y_components: u32) -> Self {
        self.y_components = y_components;
        self
    }

    /// Sets [`max_side_px`](Self::max_side_px).
    #[must_use]
    pub fn with_max_side_px(mut self, max_side_px: u32) -> Self {
        self.max_side_px = max_side_px;
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        let components = [
            ("blurhash x components", self.x_components),
            ("blurhash y components", self.y_components),
        ];
        for (option, value) in components {
            if !COMPONENTS.contains(&value) {
                return Err(out_of_range(option, value, "1 to 9"));
            }
        }
        if self.max_side_px == 0 {
            return Err(out_of_range("blurhash size", 0, "at least 1 px"));
        }
        Ok(())
    }
}

/// Encodes an opaque image with checked options.
pub(super) fn encode(image: &DynamicImage, options: BlurHashOptions) -> String {
    let (width, height) = confined(image.width(), image.height(), options.max_side_px);
    let pixels = if (width, height) == (image.width(), image.height()) {
        image.to_rgb8()
    } else {
        resized(image, width, height, FilterType::Lanczos3).into_rgb8()
    };
    let (columns, rows) = (options.x_components, options.y_components);
    let factors = components(&pixels, columns as usize, rows as usize);
    let (mean, others) = factors
        .split_first()
        .expect("there is at least one component along each axis");

    let mut text = Base83::default();
    text.push(columns - 1 + (rows - 1) * 9, 1);
    let greatest = others
        .iter()
        .flatten()
        .fold(0.0, |greatest: f64, factor| greatest.max(factor.abs()));
    let scale = (greatest * SCALE_STEPS - 0.5).clamp(0.0, 82.0) as u32;
    text.push(scale, 1);
    text.push(packed(mean.map(srgb_from_linear), 256), 4);
    let scale = f64::from(scale + 1) / SCALE_STEPS;
    for factor in others {
        text.push(
            packed(factor.map(|factor| quantized(factor / scale)), 19),
            2,
        );
    }
    text.0
}

/// Writes numbers in the format's alphabet.
#[derive(Default)]
struct Base83(String);

impl Base83 {
    /// Writes `digits` digits, the most significant first.
    fn push(&mut self, value: u32, digits: u32) {
        for place in (0..digits).rev() {
            let digit = value / 83_u32.pow(place) % 83;
            self.0.push(char::from(DIGITS[digit as usize]));
        }
    }
}

/// Makes one number of red, green and blue, each less than `base`.
fn packed([r, g, b]: [u32; 3], base: u32) -> u32 {
    (r * base + g) * base + b
}

/// Maps -1..=1 to 0..=18, with the steps finer near 0.
fn quantized(factor: f64) -> u32 {
    let root = factor.abs().sqrt().copysign(factor);
    (root * 9.0 + 9.5).floor().clamp(0.0, 18.0) as u32
}

/// Encodes light as sRGB, 0 to 255, rounded half up (IEC 61966-2-1).
fn srgb_from_linear(light: f64) -> u32 {
    let light = light.clamp(0.0, 1.0);
    let encoded = if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (encoded * 255.0 + 0.5) as u32
}

fn out_of_range(option: &'static str, value: u32, expected: &'static str) -> Error {
    Error::InvalidOption {
        option,
        value: format!("`{value}`"),
        expected,
    }
}

/// Keeps the aspect ratio; the shorter side is rounded half up and at least 1. Never enlarges.
fn confined(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let longer = u64::from(width.max(height));
    if longer <= u64::from(max_side) {
        return (width, height);
    }
    let scaled = |side: u32| {
        let scaled = (u64::from(side) * u64::from(max_side) + longer / 2) / longer;
        // At most `max_side`, because no side is longer than `longer`.
        (scaled as u32).max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn pattern() -> DynamicImage {
        let image = RgbImage::from_fn(24, 16, |x, y| {
            Rgb([10 * x as u8, 15 * y as u8, (x * x + 7 * y) as u8])
        });
        DynamicImage::ImageRgb8(image)
    }

    fn flat(width: u32, height: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([0xaf, 0x5c, 0x48])))
    }

    fn components(x: u32, y: u32) -> BlurHashOptions {
        BlurHashOptions::default()
            .with_x_components(x)
            .with_y_components(y)
    }

    /// The texts are from a double-precision implementation written from the algorithm's description; the
    /// first was also checked against the C implementation.
    #[test]
    fn hashes_are_those_of_an_independent_implementation() {
        #[rustfmt::skip]
        let cases = [
            (4, 3, "LoF=?l2lwrbXqNWAjte@gIfifSfj"),
            (1, 1, "00F=?l"),
            (2, 5, "boF=?l2lqNWAgIfis;Wnepf5"),
            (9, 9, "|oF=?l2lwrbXWtohSGs?SKqNWAjte@fTjDa~jLa]gIfifSfjfPfhfTfhfOs;WnjtfPfRjua{jua|\
                    epf5fSf6fRf6fPf9fOt6W;jrfjfRj[a{j@a}eof8fQf8fRf6fPf8fRt6W.jtfifPj]a{j?a{eWf6\
                    fOf9fRf5fRf8fP"),
        ];
        for (x, y, expected) in cases {
            let actual = encode(&pattern(), components(x, y));
            assert_eq!(actual, expected, "{x}x{y} components");
        }
    }

    #[test]
    fn the_default_takes_132_characters_and_begins_with_a_colon() {
        let hash = encode(&pattern(), BlurHashOptions::default());
        assert_eq!((hash.len(), &hash[..1]), (132, ":"));
    }

    /// A flat image has other components at another size, so the text tells which size was hashed.
    #[test]
    fn an_image_is_reduced_to_the_size_and_never_enlarged() {
        #[rustfmt::skip]
        let cases = [
            (400, 200, 200, "L0K8I_^5fQ^5}sjtfQjtfQfQfQfQ"),
            (200, 100, 200, "L0K8I_^5fQ^5}sjtfQjtfQfQfQfQ"),
            (200, 100, 400, "L0K8I_^5fQ^5}sjtfQjtfQfQfQfQ"),
            (400, 200, 400, "L0K8I_$%fQ$%^5fQfQfQfQfQfQfQ"),
        ];
        for (width, height, size, expected) in cases {
            let options = components(4, 3).with_max_side_px(size);
            let actual = encode(&flat(width, height), options);
            assert_eq!(actual, expected, "{width}x{height} px, size {size}");
        }
    }

    #[test]
    fn the_shorter_side_is_rounded_half_up_and_at_least_1() {
        #[rustfmt::skip]
        let cases = [
            ((512, 384, 200), (200, 150)),
            ((384, 512, 200), (150, 200)),
            ((400, 201, 200), (200, 101)), // 100.5
            ((500, 1, 200),   (200, 1)),   // 0.4
            ((200, 7, 200),   (200, 7)),
            ((u32::MAX, u32::MAX, u32::MAX - 1), (u32::MAX - 1, u32::MAX - 1)),
        ];
        for ((width, height, size), expected) in cases {
            let actual = confined(width, height, size);
            assert_eq!(actual, expected, "{width}x{height} within {size}");
        }
    }
}
