//! Pictures as plain samples: other color models, fewer or more bits, packed rows.

use image::RgbImage;

/// Returns cyan, magenta, yellow and black, 0 (no ink) to 255, with all gray moved to black.
///
/// The inverse is `red = (255 - cyan) * (255 - black) / 255`, off by one at most.
pub(super) fn cmyk(picture: &RgbImage) -> Vec<u8> {
    let inks = picture.pixels().flat_map(|pixel| {
        let lightest = pixel.0.into_iter().max().unwrap_or(0);
        let [cyan, magenta, yellow] = pixel.0.map(|value| {
            let missing = u16::from(lightest - value) * 255 + u16::from(lightest) / 2;
            missing.checked_div(u16::from(lightest)).unwrap_or(0) as u8
        });
        [cyan, magenta, yellow, 255 - lightest]
    });
    inks.collect()
}
