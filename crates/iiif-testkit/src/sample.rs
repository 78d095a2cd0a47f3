//! The photo that examples and demonstrations work on.

use image::DynamicImage;

use crate::encode::{JpegOptions, SamplingFactor, jpeg};
use crate::pattern::photo;

/// Width and height of the sample, in pixels.
const SAMPLE_PX: (u32, u32) = (1600, 1200);

/// Returns a JPEG of 1600 by 1200 pixels, quality 85, 4:2:0, upright by its EXIF orientation.
///
/// Under 300 KiB; the same bytes at every call on the same processor type.
#[must_use]
pub fn sample_photo() -> Vec<u8> {
    let picture = DynamicImage::from(photo(SAMPLE_PX.0, SAMPLE_PX.1));
    let options = JpegOptions {
        quality: 85,
        sampling: SamplingFactor::F_2_2,
        exif_orientation: Some(1),
        ..Default::default()
    };
    jpeg(&picture, &options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_is_small_and_always_the_same() {
        let file = sample_photo();
        assert!(
            (100_000..300 * 1024).contains(&file.len()),
            "{} bytes",
            file.len()
        );
        assert_eq!(file, sample_photo());
    }
}
