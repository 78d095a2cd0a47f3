//! Pixels: from the bytes of a source image and render plans to derivatives. Sync, CPU only.

#![cfg_attr(
    not(any(
        feature = "bmp",
        feature = "gif",
        feature = "jpeg",
        feature = "png",
        feature = "tiff",
        feature = "webp",
    )),
    expect(
        dead_code,
        unused_variables,
        reason = "a build without any codec reads no image"
    )
)]

#[cfg(any(
    feature = "gif",
    feature = "jpeg",
    feature = "png",
    feature = "tiff",
    feature = "webp",
))]
mod color;
mod decode;
mod error;
mod limits;
#[cfg(any(feature = "jpeg", feature = "png", feature = "webp"))]
mod metadata;
mod source;

pub use crate::error::{Error, ErrorKind, Result};
pub use crate::limits::DecodeLimits;
pub use crate::source::{ColorModel, PixelLayout, SourceFormat, SourceImage};
