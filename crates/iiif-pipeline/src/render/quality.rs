//! What becomes of the colors (Image API 3.0 §4.4).

use std::borrow::Cow;

use iiif_image_api::Quality;
use iiif_image_api::extension::ExtendedQuality;
use image::{DynamicImage, GrayImage};
use rayon::prelude::*;

use crate::render::raster::{self, Sample, Samples};
use crate::render::{crisp, dither, flatten};
use crate::{Error, Result};

/// Weights of red, green and blue in 1/65536: 0.299, 0.587, 0.114 (ITU-R BT.601-7 §2.5.1). They sum
/// to 65536, so that white stays white; a 16-bit pixel times that fits into 32 bits.
const LUMA_WEIGHTS: [u32; 3] = [19_595, 38_470, 7_471];

/// Half of what the weights sum to, for rounding to nearest.
const LUMA_HALF: u32 = 1 << 15;

/// The darkest gray that becomes white in a bitonal image.
const BITONAL_THRESHOLD: u8 = 128;

/// Pixels per task: enough to outweigh the cost of a task.
const PIXELS_PER_TASK: usize = 1 << 14;

/// Applies `quality` to a rendered image.
///
/// `default` and `color` keep it. `gray` keeps depth and alpha. `bitonal` and `dither` lay alpha
/// over white and return one channel of 8 bits, 0 or 255.
pub(crate) fn apply(
    image: Cow<'_, DynamicImage>,
    quality: ExtendedQuality,
) -> Result<Cow<'_, DynamicImage>> {
    match quality {
        ExtendedQuality::Spec(Quality::Default | Quality::Color) => Ok(image),
        ExtendedQuality::Spec(Quality::Gray) => to_gray(image),
        ExtendedQuality::Spec(Quality::Bitonal) => {
            let mut gray = opaque_gray(&image)?;
            for level in gray.iter_mut() {
                *level = if *level >= BITONAL_THRESHOLD { 255 } else { 0 };
            }
            Ok(Cow::Owned(DynamicImage::ImageLuma8(gray)))
        }
        ExtendedQuality::Dither => {
            let gray = opaque_gray(&image)?;
            Ok(Cow::Owned(dither::atkinson(&gray).into()))
        }
        ExtendedQuality::Crisp(parameters) => crisp::sharpen(&image, parameters).map(Cow::Owned),
        other => Err(Error::InvalidOption {
            option: "quality",
            value: format!("`{other}`"),
            expected: "`default`, `color`, `gray`, `bitonal`, `dither` or `crisp`",
        }),
    }
}

/// Returns one gray channel, and alpha where there was alpha.
fn to_gray(image: Cow<'_, DynamicImage>) -> Result<Cow<'_, DynamicImage>> {
    let size = (image.width(), image.height());
    let gray = match (raster::samples(&image), raster::channels(&image)) {
        (Some(_), 1 | 2) => return Ok(image),
        (Some(Samples::Bits8(samples)), 3) => {
            Sample::into_image(luma::<u8, 3, 1>(samples), size, 1)
        }
        (Some(Samples::Bits8(samples)), 4) => {
            Sample::into_image(luma::<u8, 4, 2>(samples), size, 2)
        }
        (Some(Samples::Bits16(samples)), 3) => {
            Sample::into_image(luma::<u16, 3, 1>(samples), size, 1)
        }
        (Some(Samples::Bits16(samples)), 4) => {
            Sample::into_image(luma::<u16, 4, 2>(samples), size, 2)
        }
        _ => None,
    };
    gray.map(Cow::Owned)
        .ok_or_else(|| Error::unsupported_raster(&image))
}

fn opaque_gray(image: &DynamicImage) -> Result<GrayImage> {
    let flat = flatten::over_white(image);
    let gray = to_gray(flat)?;
    Ok(raster::to_8_bits(&gray).into_owned().into_luma8())
}

/// `N` channels become `M`: gray, and alpha if there was any.
fn luma<T: Sample + TryFrom<u32>, const N: usize, const M: usize>(samples: &[T]) -> Vec<T> {
    let source = raster::pixels::<T, N>(samples);
    let mut gray = vec![[T::default(); M]; source.len()];
    gray.par_chunks_mut(PIXELS_PER_TASK)
        .zip(source.par_chunks(PIXELS_PER_TASK))
        .for_each(|(gray, source)| {
            for (gray, pixel) in gray.iter_mut().zip(source) {
                let sum: u32 = pixel
                    .iter()
                    .zip(LUMA_WEIGHTS)
                    .map(|(sample, weight)| sample.to_u32() * weight)
                    .sum();
                gray[M - 1] = pixel[N - 1];
                gray[0] = T::try_from((sum + LUMA_HALF) >> 16).unwrap_or(T::MAX);
            }
        });
    gray.into_flattened()
}
