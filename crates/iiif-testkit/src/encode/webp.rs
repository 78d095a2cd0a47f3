//! WebP files.

use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageEncoder};

use super::exif::exif;

/// What a WebP file holds beside the picture.
#[derive(Clone, Debug, Default)]
pub struct WebpOptions {
    /// EXIF orientation, 1 to 8; other values are written as they are. Default: none.
    pub exif_orientation: Option<u8>,
    /// An ICC profile. Default: none.
    pub icc: Option<Vec<u8>>,
}

/// Returns a lossless WebP file, of RGBA if the picture has alpha and of RGB otherwise.
///
/// With metadata it is of the extended form (a `VP8X` chunk first), without of the simple one.
///
/// # Panics
///
/// If a side is zero or over 16,384 pixels.
#[must_use]
pub fn webp(picture: &DynamicImage, options: &WebpOptions) -> Vec<u8> {
    const SUPPORTED: &str = "the encoder takes metadata";

    let picture = if picture.color().has_alpha() {
        DynamicImage::from(picture.to_rgba8())
    } else {
        DynamicImage::from(picture.to_rgb8())
    };
    let mut file = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut file);
    if options.exif_orientation.is_some() {
        encoder
            .set_exif_metadata(exif(options.exif_orientation, false))
            .expect(SUPPORTED);
    }
    if let Some(icc) = &options.icc {
        encoder.set_icc_profile(icc.clone()).expect(SUPPORTED);
    }
    picture
        .write_with_encoder(encoder)
        .expect("a picture with sides that WebP can express");
    file
}
