//! Reduction by whole numbers: every block of pixels becomes its average.
//!
//! Decoders that cannot reduce by themselves push their rows through [`BoxShrink`], so that they
//! never hold the whole raster; [`shrink_image`] reduces a raster in memory.

mod ratio;
mod sample;

use iiif_image_api::PixelRect;
use image::DynamicImage;
use rayon::prelude::*;

pub(crate) use self::ratio::Shrink;
pub(crate) use self::sample::Averaged;
use crate::render::raster::{self, Samples};
use crate::{Error, Result};

/// The largest factor. Sums of 256 rows of 8 bits fit into 16 bits, which is what makes them fast;
/// anything that is wanted from an image of a billion pixels is reached with far less.
pub(crate) const MAX_FACTOR: u32 = 256;

/// Pixels that [`halve`] makes at a time: the sums of twice as many stay in the first cache.
const HALVED_PX: usize = 128;

/// Rows that one task makes. A constant, and enough to outweigh the cost of a task.
const ROWS_PER_TASK: usize = 16;

/// Averages blocks of `factor` x `factor` pixels, from rows that are pushed from the top to the
/// bottom.
///
/// A row is interleaved samples of 1 (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha) channels.
/// Averages are rounded half up. Blocks that the right or the bottom edge cuts off average what is
/// there, so `width` and `height` become their quotients, rounded up. Where there is alpha, colors
/// are weighted by it, and a block without any is 0 in all channels. A factor of 1 changes nothing.
pub(crate) struct BoxShrink<T: Averaged> {
    factor: usize,
    channels: usize,
    row_samples: usize,
    /// Sums of the samples of up to `factor` rows, one for each sample of a row.
    sums: Vec<T::Sum>,
    /// The same with colors times alpha; empty without alpha.
    weighted: Vec<T::WeightedSum>,
    /// Whether some pixel of the rows is not opaque, so that `weighted` counts.
    is_weighted: bool,
    /// Rows that are in the sums.
    rows: usize,
}

impl<T: Averaged> BoxShrink<T> {
    /// Returns a reduction of rows of `width` pixels of `channels` (1 to 4). The factor is 1 to
    /// [`MAX_FACTOR`]; others count as the nearest.
    pub(crate) fn new(width: u32, channels: usize, factor: u32) -> Self {
        let row_samples = width as usize * channels;
        let factor = factor.clamp(1, MAX_FACTOR) as usize;
        let has_alpha = channels == 2 || channels == 4;
        Self {
            factor,
            channels,
            row_samples,
            sums: vec![T::Sum::default(); row_samples],
            weighted: vec![T::WeightedSum::default(); if has_alpha { row_samples } else { 0 }],
            is_weighted: false,
            rows: 0,
        }
    }

    /// The same for channels none of which is alpha, whatever their number: inks.
    #[cfg(feature = "tiff")]
    pub(crate) fn without_alpha(width: u32, channels: usize, factor: u32) -> Self {
        Self {
            weighted: Vec::new(),
            ..Self::new(width, channels, factor)
        }
    }

    /// Returns the bytes that a reduction of rows of `width` pixels holds, its results not counted.
    #[cfg_attr(
        not(any(feature = "png", feature = "tiff")),
        expect(dead_code, reason = "other decoders do not push rows")
    )]
    pub(crate) fn scratch_bytes(width: u32, channels: usize) -> u64 {
        let samples = u64::from(width) * channels as u64;
        let sample_bytes = size_of::<T::Sum>() + size_of::<T::WeightedSum>();
        samples.saturating_mul(sample_bytes as u64)
    }

    /// Takes any number of whole rows, and appends to `shrunk` those that they complete.
    #[cfg_attr(
        not(any(feature = "png", feature = "tiff")),
        expect(dead_code, reason = "other decoders do not push rows")
    )]
    pub(crate) fn push(&mut self, rows: &[T], shrunk: &mut Vec<T>) {
        if self.factor == 1 {
            shrunk.extend_from_slice(rows);
            return;
        }
        for row in rows.chunks_exact(self.row_samples.max(1)) {
            self.add(row);
            if self.rows == self.factor {
                self.append(shrunk);
            }
        }
    }

    /// Appends the last row, if the bottom edge cut it off.
    #[cfg_attr(
        not(any(feature = "png", feature = "tiff")),
        expect(dead_code, reason = "other decoders do not push rows")
    )]
    pub(crate) fn finish(mut self, shrunk: &mut Vec<T>) {
        if self.rows > 0 {
            self.append(shrunk);
        }
    }

    fn append(&mut self, shrunk: &mut Vec<T>) {
        let start = shrunk.len();
        let pixels = (self.row_samples / self.channels).div_ceil(self.factor);
        shrunk.resize(start + pixels * self.channels, T::default());
        self.take(&mut shrunk[start..]);
    }

    fn add(&mut self, row: &[T]) {
        let is_opaque = match self.channels {
            _ if self.weighted.is_empty() => true,
            2 => is_opaque::<T, 2>(row),
            4 => is_opaque::<T, 4>(row),
            _ => true,
        };
        if !is_opaque && !self.is_weighted {
            self.start_weighting();
        }
        match (self.is_weighted, self.channels) {
            (true, 2) => add_weighted::<T, 2>(&mut self.weighted, row),
            (true, _) => add_weighted::<T, 4>(&mut self.weighted, row),
            (false, _) if self.rows == 0 => {
                for (sum, sample) in self.sums.iter_mut().zip(row) {
                    *sum = (*sample).into();
                }
            }
            (false, _) => {
                for (sum, sample) in self.sums.iter_mut().zip(row) {
                    *sum += (*sample).into();
                }
            }
        }
        self.rows += 1;
    }

    /// Turns the sums of opaque rows, or of none, into weighted ones.
    fn start_weighting(&mut self) {
        self.is_weighted = true;
        if self.rows == 0 {
            self.weighted.fill(T::WeightedSum::default());
            return;
        }
        let pixels = self.weighted.chunks_exact_mut(self.channels);
        for (weighted, sums) in pixels.zip(self.sums.chunks_exact(self.channels)) {
            for (weighted, sum) in weighted.iter_mut().zip(sums) {
                *weighted = T::weighted_opaque(*sum);
            }
            if let ([.., weighted], [.., sum]) = (weighted, sums) {
                *weighted = T::WeightedSum::from(*sum);
            }
        }
    }

    /// Writes a row of averages, and starts the next.
    fn take(&mut self, shrunk: &mut [T]) {
        let rows = std::mem::take(&mut self.rows);
        match (std::mem::take(&mut self.is_weighted), self.channels) {
            (true, 2) => weighted::<T, 2>(&self.weighted, shrunk, rows, self.factor),
            (true, _) => weighted::<T, 4>(&self.weighted, shrunk, rows, self.factor),
            (false, 1) => plain::<T, 1>(&self.sums, shrunk, rows, self.factor),
            (false, 2) => plain::<T, 2>(&self.sums, shrunk, rows, self.factor),
            (false, 3) => plain::<T, 3>(&self.sums, shrunk, rows, self.factor),
            (false, _) => plain::<T, 4>(&self.sums, shrunk, rows, self.factor),
        }
    }
}

/// Returns the part `rect` of `image` reduced as [`BoxShrink`] does, in parallel.
///
/// # Errors
///
/// If the samples have neither 8 nor 16 bits, or the part reaches outside.
pub(crate) fn shrink_image(
    image: &DynamicImage,
    rect: PixelRect,
    factor: u32,
) -> Result<DynamicImage> {
    let shrunk = match raster::samples(image) {
        Some(Samples::Bits8(samples)) => shrink_samples(image, samples, rect, factor),
        Some(Samples::Bits16(samples)) => shrink_samples(image, samples, rect, factor),
        None => None,
    };
    shrunk.ok_or_else(|| Error::unsupported_raster(image))
}

fn shrink_samples<T: Averaged>(
    image: &DynamicImage,
    samples: &[T],
    rect: PixelRect,
    factor: u32,
) -> Option<DynamicImage> {
    let channels = raster::channels(image);
    let factor = factor.clamp(1, MAX_FACTOR);
    let size = (
        rect.width().div_ceil(factor),
        rect.height().div_ceil(factor),
    );
    let stride = image.width() as usize * channels;
    let columns = rect.x() as usize * channels..(rect.x() + rect.width()) as usize * channels;
    let rows = rect.y() as usize * stride..(rect.y() + rect.height()) as usize * stride;
    let samples = samples.get(rows).filter(|_| columns.end <= stride)?;
    let row_samples = size.0 as usize * channels;
    let mut shrunk = vec![T::default(); row_samples * size.1 as usize];
    let block = factor as usize * stride;
    shrunk
        .par_chunks_mut(row_samples * ROWS_PER_TASK)
        .zip(samples.par_chunks(block * ROWS_PER_TASK))
        .for_each(|(shrunk, samples)| {
            let mut shrink = BoxShrink::new(rect.width(), channels, factor);
            let blocks = samples.chunks(block);
            for (shrunk, rows) in shrunk.chunks_exact_mut(row_samples).zip(blocks) {
                if factor == 1 {
                    shrunk.copy_from_slice(&rows[columns.clone()]);
                    continue;
                }
                for row in rows.chunks_exact(stride) {
                    shrink.add(&row[columns.clone()]);
                }
                shrink.take(shrunk);
            }
        });
    T::into_image(shrunk, size, channels)
}

fn is_opaque<T: Averaged, const N: usize>(row: &[T]) -> bool {
    // No early way out: the loop is as fast as memory without.
    let alphas = raster::pixels::<T, N>(row).iter().map(|pixel| pixel[N - 1]);
    alphas.fold(T::MAX, T::min) == T::MAX
}

/// `N` channels, the last of which is alpha.
fn add_weighted<T: Averaged, const N: usize>(sums: &mut [T::WeightedSum], row: &[T]) {
    let sums = sums.as_chunks_mut::<N>().0.iter_mut();
    for (sum, pixel) in sums.zip(raster::pixels::<T, N>(row)) {
        let alpha = pixel[N - 1];
        for channel in 0..N - 1 {
            sum[channel] += pixel[channel].weighted(alpha);
        }
        sum[N - 1] += alpha.into();
    }
}

/// Averages blocks of `factor` pixels of sums of `rows` rows.
fn plain<T: Averaged, const N: usize>(
    sums: &[T::Sum],
    shrunk: &mut [T],
    rows: usize,
    factor: usize,
) {
    let sums = sums.as_chunks::<N>().0;
    let (whole, cut_off) = sums.split_at(sums.len() / factor * factor);
    let (shrunk, last) = shrunk
        .as_chunks_mut::<N>()
        .0
        .split_at_mut(whole.len() / factor);
    if (rows, factor) == (2, 2) {
        halve(whole, shrunk);
    } else {
        let divisor = Divisor::new(rows * factor);
        for (average, block) in shrunk.iter_mut().zip(whole.chunks_exact(factor)) {
            *average = total(block).map(|total| T::from_level(divisor.quotient(total)));
        }
    }
    if let Some(average) = last.first_mut() {
        let divisor = Divisor::new(rows * cut_off.len());
        *average = total(cut_off).map(|total| T::from_level(divisor.quotient(total)));
    }
}

/// The blocks of 2 x 2 pixels, which are most of all that is ever reduced.
fn halve<T: Averaged, const N: usize>(sums: &[[T::Sum; N]], shrunk: &mut [[T; N]]) {
    let mut averages = [[T::default(); N]; 2 * HALVED_PX];
    let blocks = sums.chunks(2 * HALVED_PX);
    for (shrunk, sums) in shrunk.chunks_mut(HALVED_PX).zip(blocks) {
        // Of all neighbors, which takes vector instructions, and then every other one of them.
        let sums = sums.as_flattened();
        let neighbors = sums.iter().zip(&sums[N..]);
        for (average, (left, right)) in averages.as_flattened_mut().iter_mut().zip(neighbors) {
            *average = T::quarter(*left, *right);
        }
        for (shrunk, average) in shrunk.iter_mut().zip(averages.as_chunks::<2>().0) {
            *shrunk = average[0];
        }
    }
}

/// Averages blocks of `factor` pixels of sums of `rows` rows, weighted by the last channel.
fn weighted<T: Averaged, const N: usize>(
    sums: &[T::WeightedSum],
    shrunk: &mut [T],
    rows: usize,
    factor: usize,
) {
    let blocks = sums.as_chunks::<N>().0.chunks(factor);
    for (average, block) in shrunk.as_chunks_mut::<N>().0.iter_mut().zip(blocks) {
        let total = total(block);
        let (alpha, pixels) = (total[N - 1], (rows * block.len()) as u64);
        if alpha == 0 {
            *average = [T::default(); N];
            continue;
        }
        *average = total.map(|color| T::from_level((color + alpha / 2) / alpha));
        average[N - 1] = T::from_level((alpha + pixels / 2) / pixels);
    }
}

fn total<S: Copy + Into<u64>, const N: usize>(block: &[[S; N]]) -> [u64; N] {
    let mut total = [0; N];
    for sums in block {
        for (total, sum) in total.iter_mut().zip(sums) {
            *total += (*sum).into();
        }
    }
    total
}

/// Divides by the number of pixels of a block, by multiplying.
struct Divisor {
    half: u64,
    reciprocal: u128,
}

impl Divisor {
    fn new(pixels: usize) -> Self {
        let pixels = pixels as u64;
        Self {
            half: pixels / 2,
            reciprocal: (1 << 64) / u128::from(pixels.max(1)) + 1,
        }
    }

    /// Returns the quotient, rounded half up.
    ///
    /// The reciprocal is too large by at most 1 in 2^64, so quotients are exact as long as dividend
    /// times divisor is below 2^64: pixels are at most 2^16, sums at most 2^16 times that.
    fn quotient(&self, sum: u64) -> u64 {
        ((u128::from(sum + self.half) * self.reciprocal) >> 64) as u64
    }
}

#[cfg(test)]
mod tests;
