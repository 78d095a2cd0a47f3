//! Alpha laid over white.

use std::borrow::Cow;

use image::DynamicImage;
use rayon::prelude::*;

use crate::render::raster::{self, Sample, Samples};

/// Pixels per task: enough to outweigh the cost of a task.
const PIXELS_PER_TASK: usize = 1 << 14;

/// Returns `image` without alpha, laid over white: `(c * a + white * (max - a)) / max`, rounded to
/// nearest.
pub(crate) fn over_white(image: &DynamicImage) -> Cow<'_, DynamicImage> {
    let size = (image.width(), image.height());
    let flat = match (raster::samples(image), raster::channels(image)) {
        (Some(Samples::Bits8(samples)), 2) => {
            Sample::into_image(flatten::<u8, 2, 1>(samples), size, 1)
        }
        (Some(Samples::Bits8(samples)), 4) => {
            Sample::into_image(flatten::<u8, 4, 3>(samples), size, 3)
        }
        (Some(Samples::Bits16(samples)), 2) => {
            Sample::into_image(flatten::<u16, 2, 1>(samples), size, 1)
        }
        (Some(Samples::Bits16(samples)), 4) => {
            Sample::into_image(flatten::<u16, 4, 3>(samples), size, 3)
        }
        _ => None,
    };
    flat.map_or(Cow::Borrowed(image), Cow::Owned)
}

/// `N` channels with alpha become `M`, which is one less.
fn flatten<T: Sample + TryFrom<u64>, const N: usize, const M: usize>(samples: &[T]) -> Vec<T> {
    let max = u64::from(T::MAX.to_u32());
    let source = raster::pixels::<T, N>(samples);
    let mut flat = vec![[T::default(); M]; source.len()];
    flat.par_chunks_mut(PIXELS_PER_TASK)
        .zip(source.par_chunks(PIXELS_PER_TASK))
        .for_each(|(flat, source)| {
            for (flat, pixel) in flat.iter_mut().zip(source) {
                let alpha = u64::from(pixel[N - 1].to_u32());
                for (flat, sample) in flat.iter_mut().zip(pixel) {
                    let sum = u64::from(sample.to_u32()) * alpha + max * (max - alpha);
                    *flat = T::try_from((sum + max / 2) / max).unwrap_or(T::MAX);
                }
            }
        });
    flat.into_flattened()
}
