//! Whether a declared size can be true at all.

use iiif_image_api::Dimensions;

use super::corrupt;
use crate::{Result, SourceFormat};

/// How many bytes one byte of deflate can become: a match of 258 bytes takes at least 2 bits, one
/// for its length and one for its distance (RFC 1951 §3.2.5).
#[cfg(any(feature = "png", feature = "tiff"))]
pub(super) const DEFLATE_RATIO: u64 = 258 * 4;

/// The header declares more pixels than its file can hold.
#[derive(Debug, thiserror::Error)]
#[error(
    "declares {width} x {height} pixels, which take at least {needed} bytes, but has only {found}"
)]
struct ImplausibleSize {
    width: u32,
    height: u32,
    needed: u64,
    found: u64,
}

/// Refuses an image whose declared pixels take at least `needed` compressed bytes, in the best
/// case that the format knows, if it has only `found`.
///
/// So a short file cannot make its reader allocate a large raster.
pub(super) fn check(
    format: SourceFormat,
    dimensions: Dimensions,
    needed: u64,
    found: usize,
) -> Result<()> {
    let found = found as u64;
    if needed <= found {
        return Ok(());
    }
    Err(corrupt(
        format,
        ImplausibleSize {
            width: dimensions.width(),
            height: dimensions.height(),
            needed,
            found,
        },
    ))
}
