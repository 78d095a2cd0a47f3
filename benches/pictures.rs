//! The pictures that are measured, in the formats that matter: drawn and encoded anew by each run.

use iiif_testkit::encode::{
    Compression, JpegOptions, Layout, PngOptions, Predictor, SamplingFactor, TiffOptions, jpeg,
    png, tiff,
};
use iiif_testkit::pattern::photo;
use image::DynamicImage;

/// Width and height of the large photograph: 14.7 megapixels.
pub const LARGE: (u32, u32) = (5120, 2880);

/// Width and height of the photographs of a batch: 4.1 megapixels.
pub const MEDIUM: (u32, u32) = (2560, 1600);

/// Width and height of a tile of the TIFFs, in pixels.
pub const TILE_PX: u32 = 256;

/// Quality of the JPEGs, as cameras write them.
const JPEG_QUALITY: u8 = 92;

/// The sides are divided by this where a benchmark runs once, to see that it works.
const TEST_REDUCTION: u32 = 4;

/// A file of photographic detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// A JPEG of one scan, 4:2:0.
    Baseline,
    /// A JPEG of many scans, 4:2:0.
    Progressive,
    /// A PNG, 8 bits, RGB.
    Png,
    /// A tiled TIFF, deflated, followed by its reductions as pages.
    Pyramid,
    /// A tiled TIFF, deflated, alone.
    Tiles,
}

impl Picture {
    /// Returns the file of `pixels`.
    #[must_use]
    pub fn encode(self, pixels: &DynamicImage) -> Vec<u8> {
        match self {
            Self::Baseline | Self::Progressive => jpeg(
                pixels,
                &JpegOptions {
                    quality: JPEG_QUALITY,
                    sampling: SamplingFactor::F_2_2,
                    progressive: self == Self::Progressive,
                    ..JpegOptions::default()
                },
            ),
            Self::Png => png(pixels, &PngOptions::default()),
            Self::Pyramid | Self::Tiles => tiff(
                pixels,
                &TiffOptions {
                    layout: Layout::Tiles {
                        width: TILE_PX,
                        height: TILE_PX,
                    },
                    compression: Compression::Deflate,
                    predictor: Predictor::Horizontal,
                    overviews: if self == Self::Pyramid { 4 } else { 0 },
                    ..TiffOptions::default()
                },
            ),
        }
    }

    /// Returns the name in the ids of benchmarks.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "jpeg-420",
            Self::Progressive => "jpeg-progressive",
            Self::Png => "png",
            Self::Pyramid => "tiff-pyramid",
            Self::Tiles => "tiff-tiles",
        }
    }
}

/// Returns a photograph as pixels.
#[must_use]
pub fn pixels((width, height): (u32, u32)) -> DynamicImage {
    DynamicImage::ImageRgb8(photo(width, height))
}

/// Returns width and height to measure with: `full`, or less where criterion runs everything once to
/// see that it works: without `--bench`, as `cargo test` starts it, or with `--test`.
#[must_use]
pub fn measured((width, height): (u32, u32)) -> (u32, u32) {
    let given = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    if given("--bench") && !given("--test") {
        (width, height)
    } else {
        (width / TEST_REDUCTION, height / TEST_REDUCTION)
    }
}
