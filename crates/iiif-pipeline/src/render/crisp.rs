//! `crisp`: an unsharp mask and a median, with the parameters of go-iiif.

use iiif_image_api::extension::Crisp;
use image::DynamicImage;
use rayon::prelude::*;

use crate::render::raster::{self, Sample, Samples};
use crate::{Error, Result};

/// The blur reaches this many times the radius that was asked for.
const BLUR_PER_RADIUS: f64 = 5.0;

/// The strongest mask; more counts as this.
const MAX_AMOUNT: f64 = 10.0;

/// Sharpens colors, not alpha: `v + (v - blurred v) * amount`, then the median of a square.
///
/// The blur is Gaussian with weights `exp(-x * x / 4r)` up to a distance of `r = 5 * radius`,
/// rounded up; pixels beyond the edge are those on it. The median takes a square of
/// `2 * median + 1.5` pixels per side, truncated; a square of one pixel changes nothing.
pub(crate) fn sharpen(image: &DynamicImage, parameters: Crisp) -> Result<DynamicImage> {
    let radius = parameters.radius().to_f64();
    let median = parameters.median().to_f64();
    let filter = Filter {
        width: image.width() as usize,
        channels: raster::channels(image),
        colors: raster::channels(image) - usize::from(raster::has_alpha(image)),
        kernel: kernel(radius * BLUR_PER_RADIUS),
        amount: parameters.amount().to_f64().min(MAX_AMOUNT) as f32,
        window: (2.0 * median + 1.5) as usize,
    };
    let size = (image.width(), image.height());
    let sharpened = match raster::samples(image) {
        Some(Samples::Bits8(samples)) => {
            Sample::into_image(filter.apply(samples), size, filter.channels)
        }
        Some(Samples::Bits16(samples)) => {
            Sample::into_image(filter.apply(samples), size, filter.channels)
        }
        None => None,
    };
    sharpened.ok_or_else(|| Error::unsupported_raster(image))
}

/// Returns the bytes that [`sharpen`] allocates at its peak, its result included.
pub(crate) fn memory_bytes(samples: u64, sample_bytes: u64) -> u64 {
    let blurred = size_of::<f32>() as u64;
    samples.saturating_mul(blurred + 2 * sample_bytes)
}

/// Returns the weights, which sum to 1; the middle one is that of the pixel itself.
fn kernel(reach: f64) -> Vec<f32> {
    let half = reach.ceil() as i32;
    let weight = |x: i32| {
        if x == 0 {
            1.0
        } else {
            (-f64::from(x * x) / (4.0 * reach)).exp()
        }
    };
    let sum: f64 = (-half..=half).map(weight).sum();
    (-half..=half).map(|x| (weight(x) / sum) as f32).collect()
}

struct Filter {
    width: usize,
    channels: usize,
    colors: usize,
    kernel: Vec<f32>,
    amount: f32,
    window: usize,
}

impl Filter {
    fn apply<T: Sample>(&self, samples: &[T]) -> Vec<T> {
        if samples.is_empty() {
            return Vec::new();
        }
        let masked = self.unsharp(samples, &self.blur_rows(samples));
        if self.window > 1 {
            self.median(&masked)
        } else {
            masked
        }
    }

    fn stride(&self) -> usize {
        self.width * self.channels
    }

    fn blur_rows<T: Sample>(&self, samples: &[T]) -> Vec<f32> {
        let half = self.kernel.len() / 2;
        let mut blurred = vec![0.0_f32; samples.len()];
        blurred
            .par_chunks_mut(self.stride())
            .zip(samples.par_chunks(self.stride()))
            .for_each_init(Vec::new, |extended, (blurred, row)| {
                extended.clear();
                for x in 0..self.width + 2 * half {
                    let x = x.saturating_sub(half).min(self.width - 1);
                    let pixel = &row[x * self.channels..(x + 1) * self.channels];
                    extended.extend(pixel.iter().map(|sample| sample.to_f32()));
                }
                for (i, weight) in self.kernel.iter().enumerate() {
                    for (blurred, sample) in blurred.iter_mut().zip(&extended[i * self.channels..])
                    {
                        *blurred += weight * sample;
                    }
                }
            });
        blurred
    }

    /// Blurs columns and applies the mask, row by row.
    fn unsharp<T: Sample>(&self, samples: &[T], rows: &[f32]) -> Vec<T> {
        let half = self.kernel.len() / 2;
        let stride = self.stride();
        let last = samples.len() / stride - 1;
        let mut masked = samples.to_vec();
        masked.par_chunks_mut(stride).enumerate().for_each_init(
            || vec![0.0_f32; stride],
            |blurred, (y, masked)| {
                blurred.fill(0.0);
                for (i, weight) in self.kernel.iter().enumerate() {
                    let y = (y + i).saturating_sub(half).min(last);
                    for (blurred, sample) in
                        blurred.iter_mut().zip(&rows[y * stride..(y + 1) * stride])
                    {
                        *blurred += weight * sample;
                    }
                }
                for (masked, blurred) in masked
                    .chunks_exact_mut(self.channels)
                    .zip(blurred.chunks_exact(self.channels))
                {
                    for (masked, blurred) in masked[..self.colors].iter_mut().zip(blurred) {
                        let value = masked.to_f32();
                        *masked = T::from_f32(value + (value - blurred) * self.amount);
                    }
                }
            },
        );
        masked
    }

    fn median<T: Sample>(&self, samples: &[T]) -> Vec<T> {
        let stride = self.stride();
        let rows = samples.len() / stride;
        let before = self.window / 2;
        let mut result = samples.to_vec();
        result.par_chunks_mut(stride).enumerate().for_each_init(
            Vec::new,
            |square: &mut Vec<T>, (y, result)| {
                for x in 0..self.width {
                    for channel in 0..self.colors {
                        square.clear();
                        for v in 0..self.window {
                            let v = (y + v).saturating_sub(before).min(rows - 1);
                            for u in 0..self.window {
                                let u = (x + u).saturating_sub(before).min(self.width - 1);
                                square.push(samples[v * stride + u * self.channels + channel]);
                            }
                        }
                        let middle = square.len() / 2;
                        let (_, median, _) = square.select_nth_unstable(middle);
                        result[x * self.channels + channel] = *median;
                    }
                }
            },
        );
        result
    }
}
