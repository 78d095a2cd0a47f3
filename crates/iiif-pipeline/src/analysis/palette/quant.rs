//! Neural-net quantization, and merging what it finds.

use color_quant::NeuQuant;
use image::RgbaImage;

use super::Rgb8;
use super::histogram::{Population, by_weight, histogram};

/// The least network that the method is made for; for fewer colors its cells are merged.
const MIN_NETWORK: usize = 64;
/// One pixel of this many trains the network, as the method's author recommends.
const SAMPLE_FACTOR: i32 = 10;
/// Images with fewer pixels train the network with all of them.
const MIN_SAMPLED_PIXELS: usize = 10_000;

/// Finds up to `count` colors: exactly so many when the image has them and `count` is small; beyond about
/// 60 some cells of the network may stay empty.
///
/// A network of at least 64 cells is trained, each color goes to the cell next to it, and the two cells
/// whose union adds the least squared error (Ward 1963) become one until `count` are left. The
/// colors are the means of the pixels in each cell, not the cells' own weights, so flat
/// colors come out exactly.
pub(super) fn extract(image: &RgbaImage, count: usize) -> Vec<Rgb8> {
    let bins = histogram(image, |_| true);
    if bins.len() <= count {
        return by_weight(bins.iter().map(|bin| bin.population).collect());
    }
    let network = train(image, count.max(MIN_NETWORK));
    let mut cells = vec![Population::default(); count.max(MIN_NETWORK)];
    for bin in &bins {
        let [r, g, b] = bin.population.mean();
        cells[network.index_of(&[r, g, b, u8::MAX])].add(&bin.population);
    }
    cells.retain(|cell| cell.weight > 0);
    merge(&mut cells, count);
    by_weight(cells)
}

fn train(image: &RgbaImage, cells: usize) -> NeuQuant {
    let visible = image.pixels().filter(|pixel| pixel[3] > 0);
    let pixels: Vec<u8> = visible
        .flat_map(|&image::Rgba([r, g, b, _])| [r, g, b, u8::MAX])
        .collect();
    let factor = if pixels.len() / 4 < MIN_SAMPLED_PIXELS {
        1
    } else {
        SAMPLE_FACTOR
    };
    NeuQuant::new(factor, cells, &pixels)
}

/// Merges the cheapest pair, the first of equals, until `count` cells are left.
fn merge(cells: &mut Vec<Population>, count: usize) {
    while cells.len() > count {
        let mut cheapest = (f64::INFINITY, 0, 1);
        for first in 0..cells.len() {
            for second in first + 1..cells.len() {
                let cost = cost_of_union(&cells[first], &cells[second]);
                if cost < cheapest.0 {
                    cheapest = (cost, first, second);
                }
            }
        }
        let (_, first, second) = cheapest;
        let merged = cells.remove(second);
        cells[first].add(&merged);
    }
}

fn cost_of_union(a: &Population, b: &Population) -> f64 {
    let distance: f64 = a
        .exact_mean()
        .into_iter()
        .zip(b.exact_mean())
        .map(|(a, b)| (a - b) * (a - b))
        .sum();
    let (a, b) = (a.weight as f64, b.weight as f64);
    distance * (a * b / (a + b))
}
