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

mod analysis;
mod batch;
#[cfg(any(
    feature = "gif",
    feature = "jpeg",
    feature = "png",
    feature = "tiff",
    feature = "webp",
))]
mod color;
mod decode;
mod encode;
mod error;
mod limits;
#[cfg(any(feature = "jpeg", feature = "png", feature = "webp"))]
mod metadata;
mod options;
mod passthrough;
mod render;
mod source;

pub use crate::analysis::{
    Analyses, AnalysisReport, BlurHashOptions, Extractor, ExtractorOptions, Grid, ImageHash,
    ImageHashOptions, NamedPalette, PaletteColor, PaletteOptions, analyze,
};
pub use crate::batch::{Batch, Derivative};
pub use crate::encode::encode;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::limits::DecodeLimits;
pub use crate::options::{
    ChromaSampling, EncodeOptions, JpegScans, Passthrough, PngCompression, TifCompression,
    WebpCompression,
};
pub use crate::render::render;
pub use crate::source::{ColorModel, PixelLayout, SourceFormat, SourceImage};
