//! Average and difference hash: 64 bits that stay near when an image is scaled or recompressed.

use iiif_resize::FilterType;
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

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn hashes(image: RgbImage) -> (String, String) {
        let image = DynamicImage::ImageRgb8(image);
        let ImageHash {
            average,
            difference,
        } = hash(&image, ImageHashOptions::default());
        (average, difference)
    }

    fn gray(value: u32) -> Rgb<u8> {
        Rgb([value as u8; 3])
    }

    #[test]
    fn simple_pictures_have_the_hashes_that_one_can_read_off() {
        let ramp = |x: u32| x * 255 / 359;
        // 40 px are one of the nine columns of the difference.
        let stripes = |x: u32| if (x / 40).is_multiple_of(2) { 40 } else { 200 };
        #[rustfmt::skip]
        let cases = [
            ("lighter to the right",  RgbImage::from_fn(360, 240, |x, _| gray(ramp(x))),       "a:0f0f0f0f0f0f0f0f", "d:ffffffffffffffff"),
            ("darker to the right",   RgbImage::from_fn(360, 240, |x, _| gray(255 - ramp(x))), "a:f0f0f0f0f0f0f0f0", "d:0000000000000000"),
            ("lighter to the bottom", RgbImage::from_fn(240, 360, |_, y| gray(ramp(y))),       "a:00000000ffffffff", "d:0000000000000000"),
            ("dark and light stripes", RgbImage::from_fn(360, 240, |x, _| gray(stripes(x))),   "",                   "d:aaaaaaaaaaaaaaaa"),
            ("flat",                  RgbImage::from_pixel(360, 240, gray(77)),                "a:0000000000000000", "d:0000000000000000"),
        ];
        for (what, image, average, difference) in cases {
            let actual = hashes(image);
            assert!(
                average.is_empty() || actual.0 == average,
                "{what}: {}",
                actual.0
            );
            assert_eq!(actual.1, difference, "{what}");
        }
    }

    /// Luma decides: blue is dark and yellow is light, though their channels add up alike.
    #[test]
    fn colors_are_compared_by_luma() {
        let image = RgbImage::from_fn(80, 80, |_, y| {
            Rgb(if y < 40 { [0, 0, 255] } else { [128, 127, 0] })
        });
        assert_eq!(hashes(image).0, "a:00000000ffffffff");
    }

    /// Expected values from Pillow 12's bilinear `resize`.
    #[test]
    fn a_pattern_has_the_hashes_of_an_independent_implementation() {
        let image = RgbImage::from_fn(180, 120, |x, y| {
            Rgb([(x * y) as u8, (x * 3 + y) as u8, (y * y / 9) as u8])
        });
        let expected = ("a:3226666666eccccc", "d:eeeececcdcdc9d99");
        assert_eq!(
            hashes(image),
            (expected.0.to_owned(), expected.1.to_owned())
        );
    }
}
