//! Reading source images.

use iiif_pipeline::{DecodeLimits, Error, SourceImage};

#[test]
fn what_is_no_image_is_refused() {
    let error = SourceImage::probe(&b"<html>"[..], &DecodeLimits::default()).unwrap_err();
    assert!(matches!(error, Error::UnknownFormat { .. }));
}
