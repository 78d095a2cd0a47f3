//! Pictures as plain samples: other color models, fewer or more bits, packed rows.

use image::{DynamicImage, Primitive, RgbImage};

use super::ifd::ByteOrder;
use super::palette::Palette;

/// The channels of a pixel, in their order in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    Gray,
    GrayAlpha,
    Rgb,
    Rgba,
    /// An index into the [`Palette`] of that many bits.
    Index,
}

/// Interleaved samples of 1 to 16 bits.
#[derive(Clone, Debug)]
pub(super) struct Samples {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) per_pixel: usize,
    pub(super) bits: u8,
    pub(super) values: Vec<u16>,
}

impl Samples {
    pub(super) fn new(picture: &DynamicImage, channels: Channels, bits: u8) -> Self {
        let (per_pixel, values) = match channels {
            Channels::Gray if bits > 8 => (1, scaled(&picture.to_luma16(), bits)),
            Channels::Gray => (1, scaled(&picture.to_luma8(), bits)),
            Channels::GrayAlpha if bits > 8 => (2, scaled(&picture.to_luma_alpha16(), bits)),
            Channels::GrayAlpha => (2, scaled(&picture.to_luma_alpha8(), bits)),
            Channels::Rgb if bits > 8 => (3, scaled(&picture.to_rgb16(), bits)),
            Channels::Rgb => (3, scaled(&picture.to_rgb8(), bits)),
            Channels::Rgba if bits > 8 => (4, scaled(&picture.to_rgba16(), bits)),
            Channels::Rgba => (4, scaled(&picture.to_rgba8(), bits)),
            Channels::Index => (1, Palette::of_bits(bits).indices(&picture.to_rgb8())),
        };
        Self::from_values(picture, per_pixel, bits, values)
    }

    pub(super) fn from_values(
        picture: &DynamicImage,
        per_pixel: usize,
        bits: u8,
        values: Vec<u16>,
    ) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        Self {
            width,
            height,
            per_pixel,
            bits,
            values,
        }
    }

    pub(super) fn pixel(&self, x: usize, y: usize) -> &[u16] {
        let at = (y * self.width + x) * self.per_pixel;
        &self.values[at..at + self.per_pixel]
    }

    /// Returns each channel by itself.
    pub(super) fn planes(&self) -> Vec<Self> {
        let plane = |channel| Self {
            per_pixel: 1,
            values: self
                .values
                .iter()
                .copied()
                .skip(channel)
                .step_by(self.per_pixel)
                .collect(),
            ..*self
        };
        (0..self.per_pixel).map(plane).collect()
    }
}

/// Packs a row of samples from the highest bit of each byte down; the last byte is filled with 0.
pub(super) fn pack_row(row: &[u16], bits: u8, order: ByteOrder) -> Vec<u8> {
    match (bits, order) {
        (16, ByteOrder::Little) => row.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        (16, ByteOrder::Big) => row.iter().flat_map(|sample| sample.to_be_bytes()).collect(),
        (8, _) => row.iter().map(|sample| *sample as u8).collect(),
        _ => {
            let is_set = |at: usize| {
                let sample = row.get(at / usize::from(bits)).copied().unwrap_or(0);
                sample >> (usize::from(bits) - 1 - at % usize::from(bits)) & 1 == 1
            };
            let length = (row.len() * usize::from(bits)).div_ceil(8);
            let byte = |at: usize| {
                (8 * at..8 * at + 8).fold(0, |byte, bit| byte << 1 | u8::from(is_set(bit)))
            };
            (0..length).map(byte).collect()
        }
    }
}

/// Returns cyan, magenta, yellow and black, 0 (no ink) to 255, with all gray moved to black.
///
/// The inverse is `red = (255 - cyan) * (255 - black) / 255`, off by one at most.
pub(super) fn cmyk(picture: &RgbImage) -> Vec<u8> {
    let inks = picture.pixels().flat_map(|pixel| {
        let lightest = pixel.0.into_iter().max().unwrap_or(0);
        let [cyan, magenta, yellow] = pixel.0.map(|value| {
            let missing = u16::from(lightest - value) * 255 + u16::from(lightest) / 2;
            missing.checked_div(u16::from(lightest)).unwrap_or(0) as u8
        });
        [cyan, magenta, yellow, 255 - lightest]
    });
    inks.collect()
}

/// Scales samples of the full range to those of `bits`, rounded half up.
fn scaled<S: Primitive + Into<u32>>(samples: &[S], bits: u8) -> Vec<u16> {
    let (full, most) = (S::DEFAULT_MAX_VALUE.into(), (1_u32 << bits) - 1);
    samples
        .iter()
        .map(|&sample| ((sample.into() * most + full / 2) / full) as u16)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_packed_from_the_highest_bit() {
        #[rustfmt::skip]
        let cases: [(u8, &[u16], &[u8]); 7] = [
            (1, &[1, 0, 1, 1, 0, 0, 0, 0, 1], &[0b1011_0000, 0b1000_0000]),
            (2, &[3, 0, 1],                   &[0b1100_0100]),
            (4, &[0xA, 0xB, 0xC],             &[0xAB, 0xC0]),
            (6, &[0b10_0001, 0b11_1111], &[0b1000_0111, 0b1111_0000]),
            (12, &[0x123, 0xABC, 0xDEF], &[0x12, 0x3A, 0xBC, 0xDE, 0xF0]),
            (8, &[1, 255],                    &[1, 255]),
            (16, &[0x1234],                   &[0x12, 0x34]),
        ];
        for (bits, row, expected) in cases {
            assert_eq!(pack_row(row, bits, ByteOrder::Big), expected, "{bits} bits");
        }
        assert_eq!(pack_row(&[0x1234], 16, ByteOrder::Little), [0x34, 0x12]);
    }

    #[test]
    fn inks_give_the_color_back() {
        let picture = crate::pattern::photo(60, 40);
        for (pixel, inks) in picture.pixels().zip(cmyk(&picture).chunks(4)) {
            let light = |ink: u8| f64::from(255 - ink) / 255.0;
            for (value, ink) in pixel.0.into_iter().zip(inks) {
                let back = 255.0 * light(*ink) * light(inks[3]);
                assert!(
                    (back - f64::from(value)).abs() <= 1.0,
                    "{pixel:?} as {inks:?}"
                );
            }
        }
    }
}
