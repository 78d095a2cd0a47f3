//! The cosine components of an image, in linear light.

use std::f64::consts::PI;

use image::{Rgb, RgbImage};

/// Red, green and blue of one component.
type Factor = [f64; 3];

/// Returns the `columns` x `rows` lowest components, row by row; the first is the mean color.
///
/// The basis of component (i, j) at pixel (x, y) is cos(pi i x / width) cos(pi j y / height), as in the
/// reference implementation: without the half pixel that a cosine transform has.
pub(super) fn components(image: &RgbImage, columns: usize, rows: usize) -> Vec<Factor> {
    let light = linear_light();
    let (along_x, along_y) = (
        cosines(image.width(), columns),
        cosines(image.height(), rows),
    );
    let mut factors = vec![Factor::default(); columns * rows];
    // First along each row of pixels, then down: one pass over the pixels, whatever the rows.
    let mut sums = vec![Factor::default(); columns];
    for (pixels, cosines_y) in image.rows().zip(along_y.chunks(rows)) {
        sums.fill(Factor::default());
        for (&Rgb(color), cosines_x) in pixels.zip(along_x.chunks(columns)) {
            let color = color.map(|channel| light[usize::from(channel)]);
            for (sum, cosine) in sums.iter_mut().zip(cosines_x) {
                add(sum, &color, *cosine);
            }
        }
        for (row, cosine) in factors.chunks_mut(columns).zip(cosines_y) {
            for (factor, sum) in row.iter_mut().zip(&sums) {
                add(factor, sum, *cosine);
            }
        }
    }
    let area = f64::from(image.width()) * f64::from(image.height());
    for (index, factor) in factors.iter_mut().enumerate() {
        let weight = if index == 0 { 1.0 } else { 2.0 };
        *factor = factor.map(|sum| sum * weight / area);
    }
    factors
}

fn add(sum: &mut Factor, color: &Factor, weight: f64) {
    for (sum, channel) in sum.iter_mut().zip(color) {
        *sum += channel * weight;
    }
}

/// The first `count` cosines at each of `length` positions, position by position.
fn cosines(length: u32, count: usize) -> Vec<f64> {
    (0..length)
        .flat_map(|position| {
            let angle = PI * f64::from(position) / f64::from(length);
            (0..count).map(move |component| (angle * component as f64).cos())
        })
        .collect()
}

/// The light of each sRGB value, 0 to 1 (IEC 61966-2-1).
fn linear_light() -> [f64; 256] {
    std::array::from_fn(|value| {
        let encoded = value as f64 / 255.0;
        if encoded <= 0.04045 {
            encoded / 12.92
        } else {
            ((encoded + 0.055) / 1.055).powf(2.4)
        }
    })
}
