//! Rotation by any angle.

use iiif_image_api::{Degrees, Dimensions};
use image::DynamicImage;
use rayon::prelude::*;

use crate::render::raster::{self, Sample, Samples};
use crate::{Error, Result};

/// The free parameter of the cubic convolution kernel; -1/2 reproduces quadratic functions (Keys,
/// "Cubic Convolution Interpolation for Digital Image Processing", 1981, §IV).
const KEYS_A: f32 = -0.5;

/// Source pixels per side that a result pixel is made of.
const TAPS: usize = 4;

/// Returns `image` turned clockwise around its center onto a canvas of `output`, transparent
/// where the image does not reach.
///
/// The result always has alpha; formats without it lay it over white. Bicubic, with colors weighted
/// by their alpha; a pixel on the edge is as opaque as it is covered.
pub(crate) fn rotate(
    image: &DynamicImage,
    degrees: Degrees,
    output: Dimensions,
) -> Result<DynamicImage> {
    let size = (output.width(), output.height());
    let channels = raster::channels(image);
    let with_alpha = if raster::has_alpha(image) {
        channels
    } else {
        channels + 1
    };
    let inverse = Inverse::new(image, degrees, output);
    let rotated = match raster::samples(image) {
        Some(Samples::Bits8(samples)) => {
            let samples = inverse.rotate_channels(samples, channels, output);
            Sample::into_image(samples, size, with_alpha)
        }
        Some(Samples::Bits16(samples)) => {
            let samples = inverse.rotate_channels(samples, channels, output);
            Sample::into_image(samples, size, with_alpha)
        }
        None => None,
    };
    rotated.ok_or_else(|| Error::unsupported_raster(image))
}

/// Where a pixel of the result comes from.
struct Inverse {
    sin: f64,
    cos: f64,
    width: usize,
    height: usize,
    output_center: (f64, f64),
}

impl Inverse {
    fn new(image: &DynamicImage, degrees: Degrees, output: Dimensions) -> Self {
        let (sin, cos) = degrees.to_f64().to_radians().sin_cos();
        Self {
            sin,
            cos,
            width: image.width() as usize,
            height: image.height() as usize,
            output_center: (
                f64::from(output.width()) / 2.0,
                f64::from(output.height()) / 2.0,
            ),
        }
    }

    /// Returns the point of the source at the center of the pixel `x`, `y` of the result. The
    /// source covers 0 to its width and 0 to its height.
    fn source(&self, x: usize, y: usize) -> (f64, f64) {
        let dx = x as f64 + 0.5 - self.output_center.0;
        let dy = y as f64 + 0.5 - self.output_center.1;
        (
            dx * self.cos + dy * self.sin + self.width as f64 / 2.0,
            dy * self.cos - dx * self.sin + self.height as f64 / 2.0,
        )
    }

    fn rotate_channels<T: Sample>(
        &self,
        samples: &[T],
        channels: usize,
        output: Dimensions,
    ) -> Vec<T> {
        match channels {
            1 => self.rotate_pixels::<T, 1, 2>(samples, output),
            2 => self.rotate_pixels::<T, 2, 2>(samples, output),
            3 => self.rotate_pixels::<T, 3, 4>(samples, output),
            _ => self.rotate_pixels::<T, 4, 4>(samples, output),
        }
    }

    /// `N` channels become `M` with alpha, which is `N` or one more.
    fn rotate_pixels<T: Sample, const N: usize, const M: usize>(
        &self,
        samples: &[T],
        output: Dimensions,
    ) -> Vec<T> {
        let source = raster::pixels::<T, N>(samples);
        let width = output.width() as usize;
        let mut rotated = vec![[T::default(); M]; width * output.height() as usize];
        rotated
            .par_chunks_mut(width)
            .enumerate()
            .for_each(|(y, row)| {
                for (x, pixel) in row.iter_mut().enumerate() {
                    let (u, v) = self.source(x, y);
                    let coverage = covered(u, self.width) * covered(v, self.height);
                    if coverage > 0.0 {
                        *pixel = self.sample(source, (u, v), coverage);
                    }
                }
            });
        rotated.into_flattened()
    }

    fn sample<T: Sample, const N: usize, const M: usize>(
        &self,
        source: &[[T; N]],
        (u, v): (f64, f64),
        coverage: f32,
    ) -> [T; M] {
        let (left, x_weights) = taps(u);
        let (top, y_weights) = taps(v);
        let max = T::MAX.to_f32();
        let mut sum = [0.0_f32; M];
        for (row, y_weight) in (top..).zip(y_weights) {
            let start = row.clamp(0, self.height as isize - 1) as usize * self.width;
            for (column, x_weight) in (left..).zip(x_weights) {
                let column = column.clamp(0, self.width as isize - 1) as usize;
                let pixel = &source[start + column];
                let alpha = if N == M { pixel[N - 1].to_f32() } else { max };
                let weight = x_weight * y_weight * alpha;
                for (sum, sample) in sum[..M - 1].iter_mut().zip(pixel) {
                    *sum += weight * sample.to_f32();
                }
                sum[M - 1] += weight;
            }
        }
        let alpha = sum[M - 1];
        if alpha <= 0.0 {
            return [T::default(); M];
        }
        let mut pixel = sum.map(|sum| T::from_f32(sum / alpha));
        pixel[M - 1] = T::from_f32(alpha.min(max) * coverage);
        pixel
    }
}

/// Returns how much of a pixel around `position` lies between 0 and `length`, 0 to 1.
fn covered(position: f64, length: usize) -> f32 {
    let inside = position.min(length as f64 - position);
    (inside + 0.5).clamp(0.0, 1.0) as f32
}

/// Returns the first of the pixels around `position`, and their weights, which sum to 1.
fn taps(position: f64) -> (isize, [f32; TAPS]) {
    let center = position - 0.5;
    let first = center.floor() as isize - 1;
    let offset = (center - center.floor()) as f32;
    let weights = [1.0 + offset, offset, 1.0 - offset, 2.0 - offset].map(keys);
    (first, weights)
}

/// The cubic convolution kernel (Keys 1981, equation 4).
fn keys(distance: f32) -> f32 {
    let x = distance;
    if x < 1.0 {
        ((KEYS_A + 2.0) * x - (KEYS_A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        KEYS_A * (((x - 5.0) * x + 8.0) * x - 4.0)
    } else {
        0.0
    }
}
