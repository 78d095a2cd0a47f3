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
