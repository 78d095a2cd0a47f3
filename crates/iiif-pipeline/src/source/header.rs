//! What a decoder learns from a header.

#[cfg(any(feature = "jpeg2000", feature = "tiff"))]
use std::num::NonZeroUsize;
#[cfg(feature = "jpeg2000")]
use std::sync::Arc;
#[cfg(feature = "tiff")]
use std::sync::OnceLock;

use iiif_image_api::{Dimensions, Orientation};

#[cfg(feature = "tiff")]
use super::Level;
use super::{ColorModel, PixelLayout, Resolution};
#[cfg(feature = "jpeg2000")]
use crate::decode::Picture;
#[cfg(feature = "jpeg")]
use crate::shrink::Shrink;

/// What a decoder learns from a header.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    /// The stored dimensions, already within the limits.
    pub(crate) dimensions: Dimensions,
    pub(crate) orientation: Orientation,
    /// Of the stored image.
    pub(crate) resolution: Option<Resolution>,
    /// Of the decoded raster.
    pub(crate) layout: PixelLayout,
    /// Of the stored image.
    pub(crate) color_model: ColorModel,
    pub(crate) icc_profile: Option<Vec<u8>>,
    /// Whether the rows are not stored in order.
    #[cfg(feature = "png")]
    pub(crate) is_interlaced: bool,
    /// What the decoder holds besides the raster, at most, in bytes.
    pub(crate) scratch_bytes: u64,
    /// How many threads decode, if it is not those of the current thread pool.
    #[cfg(any(feature = "jpeg2000", feature = "tiff"))]
    pub(crate) threads: Option<NonZeroUsize>,
    /// The sizes that the file holds, the full one first; empty where the format has only one.
    #[cfg(feature = "tiff")]
    pub(crate) levels: Vec<Level>,
    /// Whether pixels are in sRGB as they are stored, as soon as somebody asked.
    #[cfg(feature = "tiff")]
    pub(crate) is_srgb: OnceLock<bool>,
    /// How the decoder can reduce while it decodes, the furthest last.
    #[cfg(feature = "jpeg")]
    pub(crate) reductions: Vec<Reduction>,
    /// What else is known of a JPEG 2000 image.
    #[cfg(feature = "jpeg2000")]
    pub(crate) jpeg2000: Option<Arc<Picture>>,
}

/// A reduction by a decoder.
#[cfg(feature = "jpeg")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reduction {
    /// How many pixels become how many of the raster.
    pub(crate) shrink: Shrink,
    /// How far plans must reduce the image for it to serve them.
    pub(crate) least_need: Shrink,
}

impl Header {
    pub(crate) fn new(dimensions: Dimensions, layout: PixelLayout) -> Self {
        Self {
            dimensions,
            orientation: Orientation::TopLeft,
            resolution: None,
            layout,
            color_model: if layout.channels < 3 {
                ColorModel::Gray
            } else {
                ColorModel::Rgb
            },
            icc_profile: None,
            #[cfg(feature = "png")]
            is_interlaced: false,
            scratch_bytes: 0,
            #[cfg(any(feature = "jpeg2000", feature = "tiff"))]
            threads: None,
            #[cfg(feature = "tiff")]
            levels: Vec::new(),
            #[cfg(feature = "tiff")]
            is_srgb: OnceLock::new(),
            #[cfg(feature = "jpeg")]
            reductions: Vec::new(),
            #[cfg(feature = "jpeg2000")]
            jpeg2000: None,
        }
    }

    /// Returns the dimensions of the sizes that the file holds, as they are stored, the full one first.
    pub(crate) fn level_dimensions(&self) -> Vec<Dimensions> {
        #[cfg(feature = "jpeg2000")]
        if let Some(picture) = &self.jpeg2000 {
            return picture.levels().collect();
        }
        #[cfg(feature = "tiff")]
        if !self.levels.is_empty() {
            return self.levels.iter().map(|level| level.dimensions).collect();
        }
        vec![self.dimensions]
    }

    /// Returns the dimensions of the tiles of the full image, as they are stored; none if it is not
    /// stored in tiles.
    #[cfg_attr(
        not(any(feature = "jpeg2000", feature = "tiff")),
        expect(clippy::unused_self, reason = "no other format has tiles")
    )]
    pub(crate) fn tile_dimensions(&self) -> Option<Dimensions> {
        #[cfg(feature = "jpeg2000")]
        if let Some(picture) = &self.jpeg2000 {
            return picture.tile();
        }
        #[cfg(feature = "tiff")]
        if let Some(level) = self.levels.first().filter(|level| level.is_tiled) {
            return Some(level.chunk);
        }
        None
    }

    /// Returns the most bytes that this comes to hold besides itself: the profile, and what is read of
    /// levels later and kept. What stands in the headers of other formats is small.
    pub(crate) fn held_bytes(&self) -> u64 {
        let bytes = self.icc_profile.as_ref().map_or(0, Vec::capacity) as u64;
        #[cfg(feature = "tiff")]
        let bytes = self.levels.iter().fold(bytes, |bytes, level| {
            bytes.saturating_add(level.kept_bytes + size_of::<Level>() as u64)
        });
        bytes
    }

    /// Returns by how many threads the memory of decoding is estimated.
    #[cfg(any(feature = "jpeg2000", feature = "tiff"))]
    pub(crate) fn threads(&self) -> usize {
        self.threads
            .map_or_else(rayon::current_num_threads, NonZeroUsize::get)
    }

    pub(crate) fn raster_bytes(&self) -> u64 {
        raster_bytes(self.dimensions, self.layout)
    }
}

/// Returns the bytes of a raster; saturates.
pub(crate) fn raster_bytes(dimensions: Dimensions, layout: PixelLayout) -> u64 {
    dimensions.area().saturating_mul(layout.bytes_per_pixel())
}
