//! Atkinson dithering, as go-iiif offers it.

use image::GrayImage;

/// The darkest level that becomes white.
const THRESHOLD: i32 = 128;

/// Each of six neighbors receives this part of the error; a quarter of it is dropped, which keeps
/// highlights and shadows clean.
const ERROR_DIVISOR: i32 = 8;

/// Where the error goes: to the right, and in the next two rows.
///
/// ```text
///       *  1  1
///    1  1  1
///       1
/// ```
const LEFT_PAD: usize = 1;
const RIGHT_PAD: usize = 2;

/// Returns black and white dots, 0 and 255, that look like `gray` from afar.
///
/// Rows from top to bottom, pixels from left to right; an eighth of the error is truncated toward
/// zero, as in the original. Sums are kept in 32 bits and never wrap or clamp.
pub(crate) fn atkinson(gray: &GrayImage) -> GrayImage {
    let width = gray.width() as usize;
    let mut dots = GrayImage::new(gray.width(), gray.height());
    let mut rows = [(); 3].map(|()| vec![0_i32; LEFT_PAD + width + RIGHT_PAD]);
    for (source, target) in gray
        .chunks_exact(width.max(1))
        .zip(dots.chunks_exact_mut(width.max(1)))
    {
        let [errors, below, two_below] = &mut rows;
        for (i, (level, dot)) in source.iter().zip(target).enumerate() {
            let x = i + LEFT_PAD;
            let wanted = i32::from(*level) + errors[x];
            *dot = if wanted >= THRESHOLD { 255 } else { 0 };
            let error = (wanted - i32::from(*dot)) / ERROR_DIVISOR;
            errors[x + 1] += error;
            errors[x + 2] += error;
            below[x - 1] += error;
            below[x] += error;
            below[x + 1] += error;
            two_below[x] += error;
        }
        errors.fill(0);
        rows.rotate_left(1);
    }
    dots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gray_square_of_100_is_dithered_as_by_hand() {
        let dots = atkinson(&GrayImage::from_pixel(4, 4, image::Luma([100])));
        let expected = [
            [0, 0, 0, 255],
            [0, 255, 0, 0],
            [0, 255, 255, 0],
            [0, 0, 0, 255],
        ];
        assert_eq!(dots.as_raw(), expected.as_flattened());
    }

    #[test]
    fn black_and_white_stay_as_they_are() {
        for level in [0, 255] {
            let plain = GrayImage::from_pixel(9, 7, image::Luma([level]));
            assert_eq!(atkinson(&plain), plain);
        }
    }

    #[test]
    fn the_mean_of_middle_grays_is_kept() {
        // A quarter of the error is dropped, which pulls levels away from the middle.
        for (level, tolerance) in [(96, 20.0), (128, 6.0), (160, 20.0)] {
            let dots = atkinson(&GrayImage::from_pixel(128, 128, image::Luma([level])));
            assert!(dots.iter().all(|dot| matches!(dot, 0 | 255)));
            let sum: u64 = dots.iter().copied().map(u64::from).sum();
            let mean = sum as f64 / f64::from(128 * 128);
            assert!(
                (mean - f64::from(level)).abs() < tolerance,
                "{level}: {mean}"
            );
        }
    }

    #[test]
    fn single_rows_and_columns_are_dithered() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 2)] {
            let dots = atkinson(&GrayImage::from_pixel(width, height, image::Luma([200])));
            assert_eq!(dots.dimensions(), (width, height));
            assert_eq!(dots.as_raw()[0], 255);
        }
    }
}
