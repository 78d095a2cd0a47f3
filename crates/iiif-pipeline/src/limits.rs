//! What the pipeline is willing to read.

/// The largest source image that is decoded. Checked against the header, before anything of that
/// size is allocated.
///
/// Not to be mixed up with `SizeLimits` of `iiif-image-api`: that is what clients may *ask* for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeLimits {
    /// The most pixels that an image may declare. Default: 1,000,000,000.
    pub max_pixels: u64,
    /// The most bytes that the decoded raster may take. Default: 4 GiB.
    pub max_bytes: u64,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self {
            max_pixels: 1_000_000_000,
            max_bytes: 4 << 30,
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
}
