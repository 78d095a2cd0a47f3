//! How often each color occurs, at 5 bits for each channel.

use image::RgbaImage;

use super::Rgb8;

/// The bits by which a channel is shortened.
const SHIFT: u32 = 3;
const LEVELS: usize = 1 << (8 - SHIFT);

/// Some pixels, by their alpha: how many, and the sum of their colors.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Population {
    /// The sum of the pixels' alpha.
    pub(super) weight: u64,
    sums: [u64; 3],
}

impl Population {
    pub(super) fn add_pixel(&mut self, color: Rgb8, alpha: u8) {
        let alpha = u64::from(alpha);
        self.weight += alpha;
        for (sum, channel) in self.sums.iter_mut().zip(color) {
            *sum += u64::from(channel) * alpha;
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.weight += other.weight;
        for (sum, others) in self.sums.iter_mut().zip(other.sums) {
            *sum += others;
        }
    }

    /// Returns the mean color, rounded half up; black if the population is empty.
    pub(super) fn mean(&self) -> Rgb8 {
        let weight = self.weight.max(1);
        self.sums
            .map(|sum| ((2 * sum + weight) / (2 * weight)) as u8)
    }

    /// Returns the mean color unrounded; black if the population is empty.
    pub(super) fn exact_mean(&self) -> [f64; 3] {
        let weight = self.weight.max(1) as f64;
        self.sums.map(|sum| sum as f64 / weight)
    }
}

/// The pixels that share the upper 5 bits of each channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bin {
    /// The shared bits, 0 to 31 each.
    pub(super) key: Rgb8,
    /// The pixels.
    pub(super) population: Population,
}

/// Counts the pixels that `keep` accepts and that are not transparent. Bins come in the order of
/// their keys, none is empty.
pub(super) fn histogram(image: &RgbaImage, keep: impl Fn(Rgb8) -> bool) -> Vec<Bin> {
    let mut populations = vec![Population::default(); LEVELS * LEVELS * LEVELS];
    for &image::Rgba([r, g, b, a]) in image.pixels() {
        if a > 0 && keep([r, g, b]) {
            let [red, green, blue] = [r, g, b].map(|channel| usize::from(channel >> SHIFT));
            populations[(red * LEVELS + green) * LEVELS + blue].add_pixel([r, g, b], a);
        }
    }
    let filled = populations.into_iter().enumerate();
    filled
        .filter(|(_, population)| population.weight > 0)
        .map(|(index, population)| Bin {
            key: [
                (index / LEVELS / LEVELS) as u8,
                (index / LEVELS % LEVELS) as u8,
                (index % LEVELS) as u8,
            ],
            population,
        })
        .collect()
}

/// Returns the mean colors, the greatest population first; equal ones in ascending order of color.
pub(super) fn by_weight(mut populations: Vec<Population>) -> Vec<Rgb8> {
    populations.sort_by_key(|population| (std::cmp::Reverse(population.weight), population.mean()));
    populations.iter().map(Population::mean).collect()
}
