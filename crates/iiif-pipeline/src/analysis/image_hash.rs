//! Average and difference hash: 64 bits that stay near when an image is scaled or recompressed.

use fast_image_resize::FilterType;
use image::DynamicImage;
use serde::Serialize;

use super::reduction::resized;

/// Both hashes look at a grid of this many rows, and produce this many bits for each.
const SIDE: u32 = 8;

/// How image hashes are made. There is nothing to choose yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageHashOptions {}

/// Two perceptual hashes, in the form of go-iiif: a letter, a colon, 16 lowercase hexadecimal digits.
///
/// The number of bits in which two hashes of the same letter differ says how unlike two images are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageHash {
    /// `a:` and a bit for each cell of an 8x8 grid: 1 where it is lighter than the mean.
    pub average: String,
    /// `d:` and a bit for each pair of neighbors in the rows of a 9x8 grid: 1 where the left one is
    /// darker.
    pub difference: String,
}

/// Hashes an opaque image.
///
/// The grids are made with a bilinear filter as wide as the reduction needs, and compared by luma
/// (ITU-R BT.601). Bits run along the rows from the top left, the most significant first.
pub(super) fn hash(image: &DynamicImage, _options: ImageHashOptions) -> ImageHash {
    ImageHash {
        average: format!("a:{:016x}", average(&lumas(image, SIDE))),
        difference: format!("d:{:016x}", difference(&lumas(image, SIDE + 1))),
    }
}

fn average(lumas: &[u32]) -> u64 {
    let cells = lumas.len() as u32;
    let sum: u32 = lumas.iter().sum();
    // Compares with the mean without dividing.
    bits(lumas.iter().map(|&luma| luma * cells > sum))
}

fn difference(lumas: &[u32]) -> u64 {
    let rows = lumas.chunks(SIDE as usize + 1);
    bits(rows.flat_map(|row| row.windows(2).map(|pair| pair[0] < pair[1])))
}

fn bits(bits: impl Iterator<Item = bool>) -> u64 {
    bits.fold(0, |word, bit| word << 1 | u64::from(bit))
}

/// Thousandfold luma of a grid of `columns` x 8 cells; at most 64 * 255,000 in all.
fn lumas(image: &DynamicImage, columns: u32) -> Vec<u32> {
    let grid = resized(image, columns, SIDE, FilterType::Bilinear).into_rgb8();
    grid.pixels()
        .map(|&image::Rgb([r, g, b])| 299 * u32::from(r) + 587 * u32::from(g) + 114 * u32::from(b))
        .collect()
}
