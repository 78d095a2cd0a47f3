//! Median cut by volume, as Android's Palette does it.

use std::ops::Range;

use image::RgbaImage;

use super::Rgb8;
use super::histogram::{Bin, Population, by_weight, histogram};

/// HSL lightness, as the sum of the greatest and the least channel: 0.05 of 510, rounded down.
const MAX_BLACK: u16 = 25;
/// The same for white: 0.95 of 510, rounded up.
const MIN_WHITE: u16 = 485;

/// Cuts the image's colors into at most `count` boxes and averages each.
///
/// Two things differ from Android, both because the image is small already: it is not scaled down to
/// 320x320 px first, which would mix colors along edges, and the averages are of the pixels' own
/// values, not of shortened ones.
pub(super) fn extract(image: &RgbaImage, count: usize) -> Vec<Rgb8> {
    let mut bins = histogram(image, is_colorful);
    if bins.is_empty() {
        bins = histogram(image, |_| true);
    }
    by_weight(cut(&mut bins, count))
}

fn is_colorful([r, g, b]: Rgb8) -> bool {
    let lightness = u16::from(r.max(g).max(b)) + u16::from(r.min(g).min(b));
    lightness > MAX_BLACK && lightness < MIN_WHITE
}

/// Splits the box with the greatest volume until there are `count` or none can be split.
fn cut(bins: &mut [Bin], count: usize) -> Vec<Population> {
    let mut boxes = Vec::new();
    if !bins.is_empty() {
        boxes.push(ColorBox::new(bins, 0..bins.len()));
    }
    while boxes.len() < count {
        // Of equal volumes the one found first; a box of one bin has the volume 1.
        let splittable = boxes.iter().enumerate().filter(|(_, b)| b.bins.len() > 1);
        let Some((index, largest)) = splittable.rev().max_by_key(|(_, b)| b.volume()) else {
            break;
        };
        let (lower, upper) = largest.split(bins);
        boxes[index] = lower;
        boxes.push(upper);
    }
    boxes
        .iter()
        .map(|color_box| color_box.population(bins))
        .collect()
}

/// The smallest box around some bins, which lie next to each other.
struct ColorBox {
    bins: Range<usize>,
    least: Rgb8,
    greatest: Rgb8,
}

impl ColorBox {
    fn new(all: &[Bin], bins: Range<usize>) -> Self {
        let (mut least, mut greatest) = ([u8::MAX; 3], [0; 3]);
        for bin in &all[bins.clone()] {
            for channel in 0..3 {
                least[channel] = least[channel].min(bin.key[channel]);
                greatest[channel] = greatest[channel].max(bin.key[channel]);
            }
        }
        Self {
            bins,
            least,
            greatest,
        }
    }

    fn side(&self, channel: usize) -> u32 {
        u32::from(self.greatest[channel] - self.least[channel]) + 1
    }

    fn volume(&self) -> u32 {
        self.side(0) * self.side(1) * self.side(2)
    }

    fn population(&self, all: &[Bin]) -> Population {
        let mut population = Population::default();
        for bin in &all[self.bins.clone()] {
            population.add(&bin.population);
        }
        population
    }

    /// Halves the population along the longest side; the box has at least two bins.
    fn split(&self, all: &mut [Bin]) -> (Self, Self) {
        // Red wins over green, and green over blue, when sides are equal. The other channels only
        // decide the order of bins that are equal along the side.
        let order = if self.side(0) >= self.side(1) && self.side(0) >= self.side(2) {
            [0, 1, 2]
        } else if self.side(1) >= self.side(2) {
            [1, 0, 2]
        } else {
            [2, 1, 0]
        };
        all[self.bins.clone()].sort_unstable_by_key(|bin| order.map(|channel| bin.key[channel]));

        let half = self.population(all).weight / 2;
        let mut weight = 0;
        let below_half = all[self.bins.clone()].iter().take_while(|bin| {
            weight += bin.population.weight;
            weight < half
        });
        // The bin that reaches the half belongs to the lower box; the upper one keeps at least one.
        let middle = (self.bins.start + below_half.count() + 1).min(self.bins.end - 1);
        (
            Self::new(all, self.bins.start..middle),
            Self::new(all, middle..self.bins.end),
        )
    }
}
