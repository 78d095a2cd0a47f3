//! Pixels: from the bytes of a source image and render plans to derivatives. Sync, CPU only.

mod analysis;
mod error;
mod limits;
mod source;

pub use crate::analysis::{
    Analyses, AnalysisReport, BlurHashOptions, Extractor, ExtractorOptions, Grid, ImageHash,
    ImageHashOptions, NamedPalette, PaletteColor, PaletteOptions, analyze,
};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::limits::DecodeLimits;
pub use crate::source::SourceFormat;
