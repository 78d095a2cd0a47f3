//! The entries of `sizes` and `tiles`, alike in both versions (2.1 §5.2, 3.0 §5.3 and §5.4).

use serde::Serialize;

use super::{ImageInfo, TileSet};
use crate::Dimensions;

/// An entry of `sizes`.
#[derive(Serialize)]
pub(super) struct SizeEntry {
    width: u32,
    height: u32,
}

/// An entry of `tiles`; a missing height is the width.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TileEntry<'a> {
    width: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    scale_factors: &'a [u32],
}

impl SizeEntry {
    /// Returns the sizes that the limits allow.
    pub(super) fn all_of(info: &ImageInfo) -> Vec<Self> {
        let allowed = |size: &&Dimensions| info.limits.exceeded_by(**size).is_none();
        let entry = |size: &Dimensions| Self {
            width: size.width(),
            height: size.height(),
        };
        info.sizes.iter().filter(allowed).map(entry).collect()
    }
}

impl<'a> TileEntry<'a> {
    /// Returns the tiles that the limits allow; no tile is larger than the image.
    pub(super) fn all_of(info: &'a ImageInfo) -> Vec<Self> {
        let allowed = |set: &&TileSet| {
            let largest = set.tile.min(info.dimensions);
            info.limits.exceeded_by(largest).is_none()
        };
        let entry = |set: &'a TileSet| {
            let (width, height) = (set.tile.width(), set.tile.height());
            Self {
                width,
                height: (height != width).then_some(height),
                scale_factors: &set.scale_factors,
            }
        };
        info.tiles.iter().filter(allowed).map(entry).collect()
    }
}
