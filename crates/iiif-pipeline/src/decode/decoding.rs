//! How a source is decoded: chosen from its header and a need, before any pixel is read.

use std::num::NonZeroU32;

use iiif_image_api::{Dimensions, PixelRect};
use image::DynamicImage;

use super::Placement;
use crate::shrink::Shrink;
use crate::source::{Header, raster_bytes};

/// How a source is decoded: which of the sizes that the file holds, which part of it, how far
/// reduced, and what that costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decoding {
    /// The stored dimensions of the image.
    pub(crate) stored: Dimensions,
    /// Which of the sizes in the file is read: 0 is the full one.
    pub(crate) level: usize,
    /// The dimensions of that size.
    pub(crate) level_dimensions: Dimensions,
    /// The part that is decoded, in pixels of the level.
    pub(crate) window: PixelRect,
    /// How many pixels of the level become how many of the raster.
    pub(crate) shrink: Shrink,
    /// What the last pixels of the raster are, where the reduction leaves a rest.
    pub(crate) edge: Edge,
    /// What the decoder holds besides the raster, at most, in bytes.
    pub(crate) scratch_bytes: u64,
    /// Pixels that are decompressed: what decoding costs.
    pub(crate) work_px: u64,
}

/// What the last column and row of a reduced raster are, where the sides of the image are no multiples
/// of the reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edge {
    /// Parts of pixels.
    Cut,
    /// Pixels as all others, of a size that the file holds: it is used as it is, and not stretched.
    #[cfg(feature = "jpeg2000")]
    Whole,
}

/// Decoded pixels of a source.
#[derive(Clone, Debug)]
pub(crate) struct Raster {
    pub(crate) image: DynamicImage,
    pub(crate) placement: Placement,
}

impl Decoding {
    /// Returns how all pixels are decoded, as they are.
    pub(crate) fn full(header: &Header) -> Self {
        let stored = header.dimensions;
        Self {
            stored,
            level: 0,
            level_dimensions: stored,
            window: PixelRect::full(stored),
            shrink: Shrink::NONE,
            edge: Edge::Cut,
            scratch_bytes: header.scratch_bytes,
            work_px: stored.area(),
        }
    }

    /// Returns whether this can be a decoding of the source of a header.
    pub(crate) fn is_of(&self, header: &Header) -> bool {
        let dimensions = header.dimensions;
        #[cfg(feature = "tiff")]
        let dimensions = header
            .levels
            .get(self.level)
            .map_or(dimensions, |level| level.dimensions);
        self.stored == header.dimensions && self.level_dimensions == dimensions
    }

    /// Returns the dimensions of the raster: those of the window, reduced and rounded up.
    pub(crate) fn dimensions(&self) -> Dimensions {
        let side =
            |length: u32| NonZeroU32::new(self.shrink.side(length)).unwrap_or(NonZeroU32::MIN);
        Dimensions::from_non_zero(side(self.window.width()), side(self.window.height()))
    }

    /// Returns the bytes of the raster.
    pub(crate) fn raster_bytes(&self, header: &Header) -> u64 {
        raster_bytes(self.dimensions(), header.layout)
    }

    /// Returns where the pixels of the raster lie.
    pub(crate) fn placement(&self) -> Placement {
        let step = |(stored, level): (u32, u32)| f64::from(stored) / f64::from(level);
        let [x, y] = level_steps(self.stored, self.level_dimensions).map(step);
        let shrink = self.shrink.pixels_per_pixel();
        let stored = self.stored;
        let end = match self.edge {
            Edge::Cut => (stored.width().into(), stored.height().into()),
            #[cfg(feature = "jpeg2000")]
            Edge::Whole => {
                let end = |side: u32| f64::from(self.shrink.side(side)) * shrink;
                (end(stored.width()), end(stored.height()))
            }
        };
        Placement {
            stored,
            end,
            origin: (
                f64::from(self.window.x()) * x,
                f64::from(self.window.y()) * y,
            ),
            step: (x * shrink, y * shrink),
        }
    }
}

/// Returns how many pixels of the stored image come on how many of a level, across and down.
///
/// Writers that halve again and again, libvips among them, leave out the last column and row of odd
/// sides: such a level shows less of the image, and is not stretched over all of it.
pub(crate) fn level_steps(stored: Dimensions, level: Dimensions) -> [(u32, u32); 2] {
    let is_halved = |times: &u32| {
        let half = |length: u32| length >> times;
        (half(stored.width()), half(stored.height())) == (level.width(), level.height())
    };
    match (0..u32::BITS).find(is_halved) {
        Some(times) => [(1 << times, 1); 2],
        None => [
            (stored.width(), level.width()),
            (stored.height(), level.height()),
        ],
    }
}
