//! Pixel comparison: how far two pictures are apart, and a picture of where.
//!
//! Everything is compared at 8 bits per channel after conversion to RGB or RGBA, so a gray picture
//! equals its RGB form. Alpha counts as a fourth channel if either picture has one.

mod panel;

use std::panic::Location;

use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};

/// What can be compared: the picture types of the `image` crate that tests hold.
pub trait Picture {
    /// Returns the picture at 8 bits per channel.
    fn to_rgba(&self) -> RgbaImage;

    /// Says whether the picture has an alpha channel.
    fn has_alpha(&self) -> bool;
}

impl Picture for DynamicImage {
    fn to_rgba(&self) -> RgbaImage {
        self.to_rgba8()
    }

    fn has_alpha(&self) -> bool {
        self.color().has_alpha()
    }
}

impl Picture for RgbaImage {
    fn to_rgba(&self) -> RgbaImage {
        self.clone()
    }

    fn has_alpha(&self) -> bool {
        true
    }
}

impl Picture for RgbImage {
    fn to_rgba(&self) -> RgbaImage {
        DynamicImage::from(self.clone()).into_rgba8()
    }

    fn has_alpha(&self) -> bool {
        false
    }
}

impl Picture for GrayImage {
    fn to_rgba(&self) -> RgbaImage {
        DynamicImage::from(self.clone()).into_rgba8()
    }

    fn has_alpha(&self) -> bool {
        false
    }
}

/// Returns the peak signal-to-noise ratio in dB: `10 log10(255² / mean squared error)`.
///
/// Infinite for equal pictures (and for empty ones). Above about 40 dB differences are invisible;
/// JPEG at quality 80 is commonly 30 to 40 dB from its source; unrelated pictures are below 15.
///
/// # Panics
///
/// If the dimensions differ.
#[track_caller]
#[must_use]
pub fn psnr(actual: &impl Picture, expected: &impl Picture) -> f64 {
    let pair = Pair::new(actual, expected);
    pair.assert_same_dimensions();
    pair.psnr()
}

/// Returns the largest difference of any channel of any pixel, 0 to 255.
///
/// # Panics
///
/// If the dimensions differ.
#[track_caller]
#[must_use]
pub fn max_delta(actual: &impl Picture, expected: &impl Picture) -> u8 {
    let pair = Pair::new(actual, expected);
    pair.assert_same_dimensions();
    pair.deltas().max().unwrap_or(0)
}

/// Asserts that the dimensions are equal and the [`psnr`] is at least `min_psnr_db`.
///
/// [`f64::INFINITY`] asks for equal pixels. On failure a PNG of three panels (actual, expected,
/// difference times eight) is written to `test-diffs` in the build's `target` folder, named after
/// the file and line of the call, and the message says where.
///
/// # Panics
///
/// If the pictures are less similar than that.
#[track_caller]
pub fn assert_similar(actual: &impl Picture, expected: &impl Picture, min_psnr_db: f64) {
    let pair = Pair::new(actual, expected);
    let same_dimensions = pair.actual.dimensions() == pair.expected.dimensions();
    let psnr = if same_dimensions {
        pair.psnr()
    } else {
        f64::NEG_INFINITY
    };
    if psnr >= min_psnr_db {
        return;
    }
    let written = match panel::write(&pair.actual, &pair.expected, Location::caller()) {
        Ok(path) => format!("see {}", path.display()),
        Err(error) => format!("the comparison could not be written: {error}"),
    };
    pair.assert_same_dimensions_or(&written);
    assert!(
        psnr >= min_psnr_db,
        "pictures are {psnr:.2} dB alike, at least {min_psnr_db:.2} wanted \
         (largest difference {}); {written}",
        pair.deltas().max().unwrap_or(0),
    );
}

struct Pair {
    actual: RgbaImage,
    expected: RgbaImage,
    channels: usize,
}

impl Pair {
    fn new(actual: &impl Picture, expected: &impl Picture) -> Self {
        let channels = if actual.has_alpha() || expected.has_alpha() {
            4
        } else {
            3
        };
        Self {
            actual: actual.to_rgba(),
            expected: expected.to_rgba(),
            channels,
        }
    }

    #[track_caller]
    fn assert_same_dimensions(&self) {
        self.assert_same_dimensions_or("they cannot be compared");
    }

    #[track_caller]
    fn assert_same_dimensions_or(&self, consequence: &str) {
        let (actual, expected) = (self.actual.dimensions(), self.expected.dimensions());
        assert!(
            actual == expected,
            "dimensions are {actual:?}, expected {expected:?}; {consequence}",
        );
    }

    fn deltas(&self) -> impl Iterator<Item = u8> + '_ {
        let pixels = self.actual.pixels().zip(self.expected.pixels());
        pixels.flat_map(|(actual, expected)| {
            let channels = actual.0.into_iter().zip(expected.0).take(self.channels);
            channels.map(|(actual, expected)| actual.abs_diff(expected))
        })
    }

    fn psnr(&self) -> f64 {
        let (mut sum, mut samples) = (0_u64, 0_u64);
        for delta in self.deltas() {
            sum += u64::from(delta) * u64::from(delta);
            samples += 1;
        }
        if sum == 0 {
            return f64::INFINITY;
        }
        10.0 * (255.0 * 255.0 * samples as f64 / sum as f64).log10()
    }
}

#[cfg(test)]
mod tests {
    use std::panic;

    use image::Rgba;

    use super::*;
    use crate::pattern;

    #[test]
    fn equal_pictures_are_infinitely_similar() {
        let picture = pattern::photo(40, 30);
        assert!(psnr(&picture, &picture).is_infinite());
        assert_eq!(max_delta(&picture, &picture), 0);
        assert_similar(
            &DynamicImage::from(picture.clone()),
            &picture,
            f64::INFINITY,
        );
    }

    #[test]
    fn psnr_is_the_textbook_value() {
        let black = GrayImage::new(10, 10);
        let one = GrayImage::from_pixel(10, 10, image::Luma([1]));
        let white = GrayImage::from_pixel(10, 10, image::Luma([255]));
        // 20 log10(255) for a difference of one everywhere, 0 for the largest one.
        assert!((psnr(&one, &black) - 48.130_8).abs() < 0.000_1);
        assert!(psnr(&white, &black).abs() < 0.000_1);
        assert_eq!(max_delta(&white, &one), 254);
    }

    #[test]
    fn alpha_counts_where_there_is_one() {
        let opaque = RgbaImage::from_pixel(4, 4, Rgba([9, 9, 9, 255]));
        let clear = RgbaImage::from_pixel(4, 4, Rgba([9, 9, 9, 0]));
        let without = RgbImage::from_pixel(4, 4, image::Rgb([9, 9, 9]));
        assert_eq!(max_delta(&opaque, &clear), 255);
        assert_eq!(max_delta(&without, &clear), 255);
        assert_eq!(max_delta(&without, &opaque), 0);
        // A quarter of the samples is off by 255: 10 log10(4).
        assert!((psnr(&opaque, &clear) - 6.020_6).abs() < 0.000_1);
    }

    #[test]
    fn a_failure_writes_three_panels_and_says_where() {
        let (actual, expected) = (pattern::gradient(20, 10), pattern::quadrants(20, 10));
        let failure = panic::catch_unwind(|| assert_similar(&actual, &expected, 50.0))
            .expect_err("the pictures differ");
        let message = failure
            .downcast_ref::<String>()
            .expect("a formatted message");
        let (_, path) = message.split_once("see ").expect("a path in the message");
        let panels = image::open(path).expect("a readable PNG").into_rgba8();
        assert_eq!(panels.dimensions(), (3 * 20 + 2 * 8, 10), "{message}");
        assert_eq!(panels.get_pixel(19, 9).0, [255, 255, 0, 255]); // the gradient's last pixel
        assert_eq!(panels.get_pixel(28, 0).0, [255, 0, 0, 255]); // red quarter
        std::fs::remove_file(path).expect("the file can be removed");
    }

    #[test]
    fn other_dimensions_are_a_failure_with_panels_too() {
        let (actual, expected) = (pattern::gradient(20, 10), pattern::gradient(10, 20));
        let failure = panic::catch_unwind(|| assert_similar(&actual, &expected, 0.0))
            .expect_err("the dimensions differ");
        let message = failure
            .downcast_ref::<String>()
            .expect("a formatted message");
        assert!(message.contains("(20, 10), expected (10, 20)"), "{message}");
        let (_, path) = message.split_once("see ").expect("a path in the message");
        std::fs::remove_file(path).expect("the file can be removed");
    }
}
