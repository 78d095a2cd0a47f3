//! From rows of packed samples to pixels.

use super::coding::{Alpha, Photometric, Predictor};
use super::file::ByteOrder;
use super::page::Page;
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
        if !Self::BITS.is_multiple_of(bits) {
            take_apart(packed, bits, out);
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
    fn unpack(packed: &[u8], bits: u32, byte_order: ByteOrder, out: &mut [Self]) {
        if bits < Self::BITS {
            // In no byte order: TIFF 6.0 §8, `FillOrder`.
            take_apart(packed, bits, out);
            return;
        }
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

/// Takes samples apart that lie across bytes: the highest bit first, without gaps.
fn take_apart<S: Sample>(packed: &[u8], bits: u32, out: &mut [S]) {
    let mask = (1 << bits) - 1;
    let mut bytes = packed.iter();
    let (mut held, mut held_bits) = (0_u32, 0);
    for sample in out {
        while held_bits < bits {
            // What is shifted out was taken before.
            held = held << u8::BITS | u32::from(bytes.next().copied().unwrap_or_default());
            held_bits += u8::BITS;
        }
        held_bits -= bits;
        *sample = S::from_level(held >> held_bits & mask);
    }
}

/// Makes pixels of rows of chunks: the first samples that are stored, scaled to the full range,
/// black at zero, colors not multiplied with alpha. A palette becomes RGB.
pub(super) struct Unpacker<'a, S> {
    page: &'a Page,
    /// Samples of a pixel that are made.
    channels: usize,
    levels: Levels<S>,
}

impl<'a, S: Stored> Unpacker<'a, S> {
    pub(super) fn new(page: &'a Page, channels: usize) -> Self {
        Self {
            page,
            channels,
            levels: Levels::new(page),
        }
    }

    /// Makes the pixels of `out` from a row of a chunk of `plane`, leaving out the first `skipped`.
    /// `samples` is taken for what lies in between.
    pub(super) fn unpack(
        &self,
        packed: &[u8],
        (plane, skipped): (usize, usize),
        samples: &mut Vec<S>,
        out: &mut [S],
    ) {
        let (bits, byte_order) = (self.page.bits, self.page.byte_order);
        let chunk_samples = self.page.chunk_samples();
        let is_predicted = self.page.predictor == Predictor::Horizontal;
        let is_direct = matches!(self.levels, Levels::Stored) && chunk_samples == self.channels;
        if is_direct && !(is_predicted && skipped > 0) {
            let packed = &packed[skipped * chunk_samples * size_of::<S>()..];
            S::unpack(packed, bits, byte_order, out);
            if is_predicted {
                integrate(out, chunk_samples);
            }
            return;
        }
        samples.resize(self.page.chunk_width * chunk_samples, S::default());
        S::unpack(packed, bits, byte_order, samples);
        if is_predicted {
            integrate(samples, chunk_samples);
        }
        let part = Part {
            pixels: out,
            channels: self.channels,
            first: plane,
        };
        part.write(
            &samples[skipped * chunk_samples..],
            chunk_samples,
            &self.levels,
        );
    }

    /// Ends a row of which all planes were unpacked.
    pub(super) fn finish(&self, pixels: &mut [S]) {
        if self.page.alpha == Alpha::Associated && matches!(self.channels, 2 | 4) {
            divide_by_alpha(pixels, self.channels);
        }
    }
}

fn divide_by_alpha<S: Stored>(pixels: &mut [S], channels: usize) {
    for pixel in pixels.chunks_exact_mut(channels) {
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

/// Pixels that a row of a chunk becomes.
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
    /// Themselves in the full range.
    Scaled(Scale),
    /// The complement of that in the first channel, which is the gray one.
    Inverted(Scale),
}

/// From the range of some bits to the full one.
#[derive(Clone, Copy, Debug)]
enum Scale {
    /// The full range is a multiple of the stored one.
    Times(u32),
    /// Rounded half up; the highest stored value.
    From(u32),
}

impl Scale {
    fn of_bits<S: Sample>(bits: u32) -> Self {
        let highest = (1 << bits) - 1;
        if S::MAX.is_multiple_of(highest) {
            Self::Times(S::MAX / highest)
        } else {
            Self::From(highest)
        }
    }

    fn level<S: Sample>(self, stored: u32) -> u32 {
        match self {
            Self::Times(factor) => stored * factor,
            // Less than 2^32: both are of at most 16 bits.
            Self::From(highest) => (stored * S::MAX + highest / 2) / highest,
        }
    }
}

impl<S: Stored> Levels<S> {
    fn new(page: &Page) -> Self {
        let scale = Scale::of_bits::<S>(page.bits);
        match (page.photometric, scale) {
            (Photometric::Palette, _) => Self::Palette(palette(page)),
            (Photometric::WhiteIsZero, _) => Self::Inverted(scale),
            (_, Scale::Times(1)) => Self::Stored,
            _ => Self::Scaled(scale),
        }
    }

    fn level(&self, channel: usize, stored: S) -> S {
        match self {
            Self::Stored | Self::Palette(_) => stored,
            Self::Inverted(scale) if channel == 0 => {
                S::from_level(S::MAX - scale.level::<S>(stored.into()))
            }
            Self::Scaled(scale) | Self::Inverted(scale) => {
                S::from_level(scale.level::<S>(stored.into()))
            }
        }
    }
}

/// Returns the colors of the map: all reds, all greens, all blues, 16 bits each (TIFF 6.0 §5).
///
/// Some writers put 8 bits there; if no value is higher, that is what they meant.
fn palette<S: Sample>(page: &Page) -> Vec<[S; 3]> {
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
    match distance {
        1 => integrate_pixels::<S, 1>(samples),
        2 => integrate_pixels::<S, 2>(samples),
        3 => integrate_pixels::<S, 3>(samples),
        4 => integrate_pixels::<S, 4>(samples),
        _ => {
            for at in distance..samples.len() {
                samples[at] = samples[at].plus(samples[at - distance]);
            }
        }
    }
}

/// The same for `N` samples, which stay in registers.
fn integrate_pixels<S: Stored, const N: usize>(samples: &mut [S]) {
    let mut left = [S::default(); N];
    for pixel in samples.as_chunks_mut::<N>().0 {
        for (sample, left) in pixel.iter_mut().zip(&mut left) {
            *left = left.plus(*sample);
            *sample = *left;
        }
    }
}
