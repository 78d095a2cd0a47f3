//! Pixels: from the bytes of a source image and render plans to derivatives. Sync, CPU only.

mod error;
mod limits;
mod source;

pub use crate::error::{Error, ErrorKind, Result};
pub use crate::limits::DecodeLimits;
pub use crate::source::SourceFormat;
