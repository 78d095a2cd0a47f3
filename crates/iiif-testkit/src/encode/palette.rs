//! Fixed palettes: the same for every picture, so that a test knows them.

use image::RgbImage;

/// Two to the power of `bits` colors.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    pub(super) colors: Vec<[u8; 3]>,
}

impl Palette {
    /// 1 bit: black and white. 2 bits: the colors of the quadrants. 4 bits: 2 levels of red, 4 of
    /// green, 2 of blue. 8 bits: 8, 8 and 4 levels.
    pub(super) fn of_bits(bits: u8) -> Self {
        let levels = |index: u16, count: u16| (index % count * 255 / (count - 1)) as u8;
        let colors = match bits {
            1 => vec![[0, 0, 0], [255, 255, 255]],
            2 => vec![[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]],
            4 => (0..16)
                .map(|i| [levels(i / 8, 2), levels(i / 2, 4), levels(i, 2)])
                .collect(),
            _ => (0..256)
                .map(|i| [levels(i / 32, 8), levels(i / 4, 8), levels(i, 4)])
                .collect(),
        };
        Self { colors }
    }

    /// Returns the index of the nearest color for each pixel.
    pub(super) fn indices(&self, picture: &RgbImage) -> Vec<u16> {
        picture
            .pixels()
            .map(|pixel| self.nearest(pixel.0))
            .collect()
    }

    fn nearest(&self, color: [u8; 3]) -> u16 {
        let distance = |other: &[u8; 3]| {
            let channels = color.iter().zip(other);
            channels
                .map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2))
                .sum::<u32>()
        };
        let nearest = (0..)
            .zip(&self.colors)
            .min_by_key(|(_, other)| distance(other));
        nearest.map_or(0, |(index, _)| index)
    }
}
