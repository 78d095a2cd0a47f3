//! The means of the color cube's eight corners.

use image::RgbaImage;

use super::Rgb8;
use super::histogram::{Population, by_weight};

/// About how many pixels are looked at along each side.
const SAMPLES_PER_SIDE: u32 = 224;
/// A corner that covers 1/100 or less is dropped.
const MIN_SHARE: u64 = 100;

/// Splits each channel at 128 and averages what falls into each of the eight parts.
pub(super) fn extract(image: &RgbaImage, count: usize) -> Vec<Rgb8> {
    let step = |side: u32| (side / SAMPLES_PER_SIDE).max(1) as usize;
    let mut corners = [Population::default(); 8];
    for row in image.rows().step_by(step(image.height())) {
        for &image::Rgba([r, g, b, a]) in row.step_by(step(image.width())) {
            let corner = (r >> 7) << 2 | (g >> 7) << 1 | b >> 7;
            corners[usize::from(corner)].add_pixel([r, g, b], a);
        }
    }
    let total: u64 = corners.iter().map(|corner| corner.weight).sum();
    let mut corners = corners.to_vec();
    corners.retain(|corner| corner.weight * MIN_SHARE > total);
    let mut colors = by_weight(corners);
    colors.truncate(count);
    colors
}
