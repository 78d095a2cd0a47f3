//! From decoded components to samples of the raster.

use hayro_jpeg2000::ComponentData;

use super::channels::{Alpha, Channels, Colors};
use crate::render::raster::Sample;

/// Makes rows of the raster of decoded components.
pub(super) struct Rows<'a, S> {
    channels: &'a Channels,
    components: &'a [ComponentData],
    palettes: &'a [Vec<S>],
}

impl<'a, S: Sample> Rows<'a, S> {
    /// Takes the components as they were decoded, with the [`palettes`] of the channels; none if there are
    /// too few.
    pub(super) fn new(
        channels: &'a Channels,
        palettes: &'a [Vec<S>],
        components: &'a [ComponentData],
    ) -> Option<Self> {
        let is_there = channels
            .sources
            .iter()
            .all(|it| it.component < components.len());
        is_there.then_some(Self {
            channels,
            components,
            palettes,
        })
    }

    /// Writes `row` of the raster, which starts at `first` of each component.
    pub(super) fn write(&self, first: usize, row: &mut [S]) {
        let count = self.channels.sources.len();
        let channels = self.channels.sources.iter().zip(self.palettes);
        for (index, (source, colors)) in channels.enumerate() {
            let component = &self.components[source.component];
            let samples = &component.samples()[first..first + row.len() / count];
            let target = row.iter_mut().skip(index).step_by(count);
            if let Some(last) = colors.len().checked_sub(1) {
                for (target, sample) in target.zip(samples) {
                    *target = colors[((sample + 0.5) as usize).min(last)];
                }
            } else {
                let scale = scale::<S>(component.bit_depth());
                for (target, sample) in target.zip(samples) {
                    *target = S::from_f32(sample * scale);
                }
            }
        }
        if self.channels.colors == Colors::Sycc {
            for pixel in row.chunks_exact_mut(count) {
                sycc_to_rgb(pixel);
            }
        }
        if self.channels.alpha == Alpha::Premultiplied {
            for pixel in row.chunks_exact_mut(count) {
                divide_by_alpha(pixel);
            }
        }
    }
}

/// Returns the colors of channels that have a palette, as samples of the raster; of others nothing.
pub(super) fn palettes<S: Sample>(channels: &Channels) -> Vec<Vec<S>> {
    let palette = channels.palette.as_ref();
    let colors = channels.sources.iter().map(|source| {
        let column = source.column.zip(palette);
        column.map_or_else(Vec::new, |(column, palette)| palette.samples(column))
    });
    colors.collect()
}

/// Returns a sample of so many bits in the range of the raster.
pub(super) fn scaled<S: Sample>(sample: f32, bits: u8) -> S {
    S::from_f32(sample * scale::<S>(bits))
}

fn scale<S: Sample>(bits: u8) -> f32 {
    S::MAX.to_f32() / ((1_u32 << bits) - 1) as f32
}

/// ISO/IEC 15444-1 §I.5.3.3, from IEC 61966-2-1 Amd. 1: coefficients of ITU-R BT.601, full range.
fn sycc_to_rgb<S: Sample>(pixel: &mut [S]) {
    let [luma, blue, red, ..] = pixel else { return };
    let middle = S::MAX.to_u32().div_ceil(2) as f32;
    let level = luma.to_f32();
    let (cb, cr) = (blue.to_f32() - middle, red.to_f32() - middle);
    *luma = S::from_f32(level + 1.402 * cr);
    *blue = S::from_f32(level - 0.344_136 * cb - 0.714_136 * cr);
    *red = S::from_f32(level + 1.772 * cb);
}

fn divide_by_alpha<S: Sample>(pixel: &mut [S]) {
    let Some((alpha, colors)) = pixel.split_last_mut() else {
        return;
    };
    let alpha = alpha.to_f32();
    for color in colors {
        *color = if alpha > 0.0 {
            S::from_f32(color.to_f32() / alpha * S::MAX.to_f32())
        } else {
            S::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_any_depth_reach_from_black_to_white() {
        for (bits, sample, expected) in [
            (1, 1.0, 65535),
            (8, 128.0, 32896),
            (12, 4095.0, 65535),
            (16, 4660.0, 4660),
            (16, 70000.0, 65535),
            (16, -3.0, 0),
        ] {
            assert_eq!(scaled::<u16>(sample, bits), expected, "{sample}");
        }
        for level in 0..=u8::MAX {
            assert_eq!(scaled::<u8>(level.into(), 8), level);
        }
    }

    #[test]
    fn luma_without_chroma_is_gray_and_chroma_is_a_color() {
        for (stored, expected) in [
            ([77, 128, 128], [77, 77, 77]),
            ([76, 85, 255], [254, 0, 0]),
            ([29, 255, 107], [0, 0, 254]),
        ] {
            let mut pixel = stored;
            sycc_to_rgb::<u8>(&mut pixel);
            let is_near = |(a, b): (&u8, &u8)| a.abs_diff(*b) <= 1;
            assert!(pixel.iter().zip(&expected).all(is_near), "{pixel:?}");
        }
    }

    #[test]
    fn colors_are_divided_by_the_alpha_that_they_were_multiplied_by() {
        let mut pixel = [64_u8, 0, 128, 128];
        divide_by_alpha(&mut pixel);
        assert_eq!(pixel, [128, 0, 255, 128]);
        let mut transparent = [9_u8, 0];
        divide_by_alpha(&mut transparent);
        assert_eq!(transparent, [0, 0]);
    }
}
