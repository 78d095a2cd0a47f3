//! Pixels: from the bytes of a source image and render plans to derivatives. Sync, CPU only.

mod color;
mod decode;
mod error;
mod limits;
mod metadata;
mod source;

pub use crate::error::{Error, ErrorKind, Result};
pub use crate::limits::DecodeLimits;
pub use crate::source::{ColorModel, PixelLayout, SourceFormat, SourceImage};
