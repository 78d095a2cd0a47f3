//! Pixels: from the bytes of a source image and render plans to derivatives. Sync, CPU only.
//!
//! [`SourceImage::probe`] reads a header and decodes nothing. Requests are resolved into plans by
//! its geometry, and a [`Batch`] makes all of them from one decode; [`SourceImage::derive`] is a
//! batch of one:
//!
//! ```
//! # fn derivative(bytes: &'static [u8]) -> Result<bytes::Bytes, Box<dyn std::error::Error>> {
//! use iiif_image_api::{DerivativeRequest, RenderPlan, ResolveOptions};
//! use iiif_pipeline::{DecodeLimits, EncodeOptions, SourceImage};
//!
//! let source = SourceImage::probe(bytes, &DecodeLimits::default())?;
//! let request: DerivativeRequest = "square/!200,200/0/gray.png".parse()?;
//! let plan = RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default())?;
//! Ok(source.derive(plan, &EncodeOptions::default())?.bytes)
//! # }
//! ```
//!
//! Servers, which answer single requests of a source at different times, keep what they decoded: see
//! [`DecodedSource`].
//!
//! [`render`] and [`encode`] are the steps inside, for pixels that are there already. [`analyze`]
//! finds palettes and hashes. Each codec is a feature.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(any(
        feature = "bmp",
        feature = "gif",
        feature = "jpeg",
        feature = "jpeg2000",
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
    feature = "jpeg2000",
    feature = "png",
    feature = "tiff",
    feature = "webp",
))]
mod color;
mod decode;
mod decoded;
mod encode;
mod error;
mod jpeg_file;
mod limits;
#[cfg(any(feature = "jpeg", feature = "png", feature = "webp"))]
mod metadata;
mod options;
mod passthrough;
mod render;
mod shrink;
mod source;

pub use crate::analysis::{
    Analyses, AnalysisReport, BlurHashOptions, Extractor, ExtractorOptions, Grid, ImageHash,
    ImageHashOptions, NamedPalette, PaletteColor, PaletteOptions, analyze, blurhash_preview,
};
pub use crate::batch::{Batch, Derivative};
pub use crate::decoded::{DecodeChoice, DecodedSource};
pub use crate::encode::encode;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::limits::DecodeLimits;
pub use crate::options::{
    ChromaSampling, EncodeOptions, JpegScans, Passthrough, PngCompression, TifCompression,
    WebpCompression,
};
pub use crate::render::render;
pub use crate::source::{
    ColorModel, FileSource, PixelLayout, ReadAt, Resolution, SourceFormat, SourceImage,
};

/// What reads and writes JPEG in this build: `libjpeg-turbo 3` with feature `turbojpeg`, which is about
/// twice as fast and reduces while it decodes, else `zune-jpeg, jpeg-encoder`.
///
/// `none` in a build without the feature `jpeg`. Derivatives of both look alike, and differ in their
/// bytes.
pub const JPEG_BACK_END: &str = if cfg!(feature = "turbojpeg") {
    "libjpeg-turbo 3"
} else if cfg!(not(feature = "jpeg")) {
    "none"
} else {
    "zune-jpeg, jpeg-encoder"
};
