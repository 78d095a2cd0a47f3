//! What the pipeline is willing to read.

use std::num::NonZeroUsize;

use iiif_image_api::Dimensions;

use crate::source::{PixelLayout, SourceFormat, raster_bytes};
use crate::{Error, Result, decode};

/// The largest source image that is decoded. Checked against the header, before anything of that
/// size is allocated.
///
/// Not to be mixed up with `SizeLimits` of `iiif-image-api`: that is what clients may *ask* for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// The most pixels that an image may declare. Default: 1,000,000,000.
    pub max_pixels: u64,
    /// The most bytes that the raster of all pixels may take, also where only a part or a smaller
    /// level is decoded. Default: 4 GiB.
    pub max_bytes: u64,
    /// How many threads decode, by which the memory that an image takes is estimated; pixels do not depend on
    /// it. Default: those of the rayon thread pool in which the memory is asked for, which may be another
    /// than the one that decodes.
    pub threads: Option<NonZeroUsize>,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_pixels: 1_000_000_000,
            max_bytes: 4 << 30,
            threads: None,
        }
    }
}

impl DecodeLimits {
    /// Sets [`max_pixels`](Self::max_pixels).
    #[must_use]
    pub fn with_max_pixels(mut self, max_pixels: u64) -> Self {
        self.max_pixels = max_pixels;
        self
    }

    /// Sets [`max_bytes`](Self::max_bytes).
    #[must_use]
    pub fn with_max_bytes(mut self, max_bytes: u64) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// Sets [`threads`](Self::threads).
    #[must_use]
    pub fn with_threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Checks the declared width and height.
    pub(crate) fn check_pixels(
        &self,
        format: SourceFormat,
        (width, height): (u32, u32),
    ) -> Result<Dimensions> {
        let dimensions =
            Dimensions::new(width, height).map_err(|error| decode::corrupt(format, error))?;
        if dimensions.area() > self.max_pixels {
            return Err(Error::OverLimit {
                format,
                limit: "max_pixels",
                unit: "pixels",
                actual: dimensions.area(),
                maximum: self.max_pixels,
            });
        }
        Ok(dimensions)
    }

    /// Checks the bytes of the raster to be.
    pub(crate) fn check_raster(
        &self,
        format: SourceFormat,
        dimensions: Dimensions,
        layout: PixelLayout,
    ) -> Result<()> {
        self.check_bytes(format, raster_bytes(dimensions, layout))
    }

    /// Checks the bytes of something that decoding holds.
    pub(crate) fn check_bytes(&self, format: SourceFormat, actual: u64) -> Result<()> {
        if actual > self.max_bytes {
            return Err(Error::OverLimit {
                format,
                limit: "max_bytes",
                unit: "bytes",
                actual,
                maximum: self.max_bytes,
            });
        }
        Ok(())
    }
}
