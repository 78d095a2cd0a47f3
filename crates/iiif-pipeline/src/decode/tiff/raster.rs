//! From the chunks of a page to one raster of samples.

use rayon::prelude::*;

use super::chunk;
use super::directory::ByteOrder;
use super::page::{Alpha, Page, Photometric, Predictor};
use crate::Result;
use crate::color::Sample;

/// A sample as the file stores it.
pub(super) trait Stored: Sample {
    /// Takes samples of up to this size apart into `out`, one for each.
    fn unpack(packed: &[u8], bits: u32, byte_order: ByteOrder, out: &mut [Self]);

    /// Adds, and drops the carry, as the predictor wants it: TIFF 6.0 §14.
    fn plus(self, other: Self) -> Self;
}

impl Stored for u8 {
    fn unpack(packed: &[u8], bits: u32, _byte_order: ByteOrder, out: &mut [Self]) {
        if bits == Self::BITS {
            out.copy_from_slice(&packed[..out.len()]);
            return;
        }
        let per_byte = (Self::BITS / bits) as usize;
        for (byte, samples) in packed.iter().zip(out.chunks_mut(per_byte)) {
            let mut rest = *byte;
            for sample in samples {
                *sample = rest >> (Self::BITS - bits);
                rest <<= bits;
            }
        }
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

impl Stored for u16 {
    fn unpack(packed: &[u8], _bits: u32, byte_order: ByteOrder, out: &mut [Self]) {
        for (pair, sample) in packed.as_chunks::<2>().0.iter().zip(out) {
            *sample = match byte_order {
                ByteOrder::LittleEndian => Self::from_le_bytes(*pair),
                ByteOrder::BigEndian => Self::from_be_bytes(*pair),
            };
        }
    }

    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }
}

/// Decodes all chunks, a band of them at a time on every thread, to `channels` samples per pixel:
/// the first ones that are stored, scaled to the full range, black at zero, colors not multiplied
/// with alpha. A palette becomes RGB.
pub(super) fn read<S: Stored>(page: &Page<'_>, bytes: &[u8], channels: usize) -> Result<Vec<S>> {
    let width = page.dimensions.width() as usize;
    let mut raster = vec![S::default(); width * page.dimensions.height() as usize * channels];
    let levels = Levels::new(page);
    raster
        .par_chunks_mut(page.chunk_height * width * channels)
        .enumerate()
        .try_for_each(|(band, pixels)| {
            let mut band = Band {
                index: band,
                pixels,
                channels,
                width,
            };
            band.read(page, bytes, &levels)?;
            if page.alpha == Alpha::Associated && matches!(channels, 2 | 4) {
                band.divide_by_alpha();
            }
            Ok(())
        })?;
    Ok(raster)
}

/// A row of chunks, and where it goes.
struct Band<'a, S> {
    index: usize,
    pixels: &'a mut [S],
    channels: usize,
    width: usize,
}

impl<S: Stored> Band<'_, S> {
    fn read(&mut self, page: &Page<'_>, bytes: &[u8], levels: &Levels<S>) -> Result<()> {
        let rows = self.pixels.len() / (self.width * self.channels);
        let per_plane = page.chunks_across() * page.chunks_down();
        let chunk_samples = page.chunk_samples();
        let mut samples = vec![S::default(); page.chunk_width * chunk_samples];
        // Planes beyond the channels hold nothing that is shown.
        let planes = match levels {
            Levels::Palette(_) => 1,
            _ => page.planes().min(self.channels),
        };
        for plane in 0..planes {
            for column in 0..page.chunks_across() {
                let index = plane * per_plane + self.index * page.chunks_across() + column;
                let chunk = chunk::read(page, bytes, index, rows)?;
                for y in 0..rows {
                    let packed = &chunk.data[y * chunk.row_bytes..][..chunk.row_bytes];
                    S::unpack(packed, page.bits, page.byte_order, &mut samples);
                    if page.predictor == Predictor::Horizontal {
                        integrate(&mut samples, chunk_samples);
                    }
                    let start = (y * self.width + column * page.chunk_width) * self.channels;
                    let end = (y + 1) * self.width * self.channels;
                    let part = Part {
                        pixels: &mut self.pixels[start..end],
                        channels: self.channels,
                        first: plane,
                    };
                    part.write(&samples, chunk_samples, levels);
                }
            }
        }
        Ok(())
    }

    fn divide_by_alpha(&mut self) {
        for pixel in self.pixels.chunks_exact_mut(self.channels) {
            let Some((alpha, colors)) = pixel.split_last_mut() else {
                continue;
            };
            let alpha: u64 = u64::from((*alpha).into());
            for color in colors {
                let level = u64::from((*color).into()) * u64::from(S::MAX) + alpha / 2;
                let level = level.checked_div(alpha).unwrap_or(0);
                *color = S::from_level(level.min(u64::from(S::MAX)) as u32);
            }
        }
    }
}

/// The rest of a row of the raster, from where a chunk starts.
struct Part<'a, S> {
    pixels: &'a mut [S],
    channels: usize,
    /// The channel of the chunk's first sample.
    first: usize,
}

impl<S: Stored> Part<'_, S> {
    fn write(self, samples: &[S], chunk_samples: usize, levels: &Levels<S>) {
        match levels {
            Levels::Palette(colors) => {
                let pixels = self.pixels.as_chunks_mut::<3>().0;
                for (pixel, stored) in pixels.iter_mut().zip(samples.chunks_exact(chunk_samples)) {
                    // There is an entry for every index of so many bits.
                    *pixel = colors[stored[0].into() as usize];
                }
            }
            Levels::Stored if chunk_samples == self.channels => {
                let length = self.pixels.len().min(samples.len());
                self.pixels[..length].copy_from_slice(&samples[..length]);
            }
            levels => {
                let pixels = self.pixels.chunks_exact_mut(self.channels);
                for (pixel, stored) in pixels.zip(samples.chunks_exact(chunk_samples)) {
                    for (channel, stored) in (self.first..).zip(stored) {
                        if let Some(place) = pixel.get_mut(channel) {
                            *place = levels.level(channel, *stored);
                        }
                    }
                }
            }
        }
    }
}

/// What stored values become.
enum Levels<S> {
    /// Themselves.
    Stored,
    /// A color for each.
    Palette(Vec<[S; 3]>),
    /// Themselves times a factor.
    Scaled(u32),
    /// The complement of that in the first channel, which is the gray one.
    Inverted(u32),
}

impl<S: Stored> Levels<S> {
    fn new(page: &Page<'_>) -> Self {
        let factor = S::MAX / ((1 << page.bits) - 1);
        match page.photometric {
            Photometric::Palette => Self::Palette(palette(page)),
            Photometric::WhiteIsZero => Self::Inverted(factor),
            _ if factor == 1 => Self::Stored,
            _ => Self::Scaled(factor),
        }
    }

    fn level(&self, channel: usize, stored: S) -> S {
        match self {
            Self::Stored | Self::Palette(_) => stored,
            Self::Inverted(factor) if channel == 0 => {
                S::from_level(S::MAX - stored.into() * factor)
            }
            Self::Scaled(factor) | Self::Inverted(factor) => S::from_level(stored.into() * factor),
        }
    }
}

/// Returns the colors of the map: all reds, all greens, all blues, 16 bits each (TIFF 6.0 §5).
///
/// Some writers put 8 bits there; if no value is higher, that is what they meant.
fn palette<S: Sample>(page: &Page<'_>) -> Vec<[S; 3]> {
    let count = 1 << page.bits;
    let shift = if page.color_map.iter().any(|value| *value > 255) {
        8
    } else {
        0
    };
    let value = |at: usize| S::from_level((page.color_map[at] >> shift) as u32);
    (0..count)
        .map(|index| [value(index), value(count + index), value(2 * count + index)])
        .collect()
}

/// Undoes the predictor.
fn integrate<S: Stored>(samples: &mut [S], distance: usize) {
    for at in distance..samples.len() {
        samples[at] = samples[at].plus(samples[at - distance]);
    }
}
