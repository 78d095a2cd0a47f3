//! What is computed about an image beside its derivatives: palette, BlurHash, image hash.
//!
//! [`analyze`] works on a small reduction of the source, never on a decode of its own. The results
//! depend on the reduction's pixels and the options alone, not on the number of threads.

mod blurhash;
mod image_hash;
mod palette;
mod reduction;
#[cfg(test)]
mod tests;

use image::DynamicImage;
use serde::Serialize;

pub use self::blurhash::BlurHashOptions;
pub use self::image_hash::{ImageHash, ImageHashOptions};
pub use self::palette::{
    Extractor, ExtractorOptions, Grid, NamedPalette, PaletteColor, PaletteOptions,
};
use crate::{Error, Result};

/// Which analyses are made. Default: none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Analyses {
    /// The palette. Default: not made.
    pub palette: Option<PaletteOptions>,
    /// The BlurHash. Default: not made.
    pub blurhash: Option<BlurHashOptions>,
    /// The average and difference hashes. Default: not made.
    pub image_hash: Option<ImageHashOptions>,
}

impl Analyses {
    /// Sets [`palette`](Self::palette).
    #[must_use]
    pub fn with_palette(mut self, palette: PaletteOptions) -> Self {
        self.palette = Some(palette);
        self
    }

    /// Sets [`blurhash`](Self::blurhash).
    #[must_use]
    pub fn with_blurhash(mut self, blurhash: BlurHashOptions) -> Self {
        self.blurhash = Some(blurhash);
        self
    }

    /// Sets [`image_hash`](Self::image_hash).
    #[must_use]
    pub fn with_image_hash(mut self, image_hash: ImageHashOptions) -> Self {
        self.image_hash = Some(image_hash);
        self
    }

    /// Returns whether nothing is to be made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.palette.is_none() && self.blurhash.is_none() && self.image_hash.is_none()
    }

    /// Checks that every option is in its range, so that a mistake shows before any image is read.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] for the first option that is outside its range.
    pub fn validate(&self) -> Result<()> {
        if let Some(palette) = &self.palette {
            palette.validate()?;
        }
        if let Some(blurhash) = &self.blurhash {
            blurhash.validate()?;
        }
        Ok(())
    }
}

/// What [`analyze`] found. Serializes to the keys that a go-iiif report has for them; what was not
/// made is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AnalysisReport {
    /// Extractors in the order of the options, colors in each extractor's order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub palette: Option<Vec<PaletteColor>>,
    /// The BlurHash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blurhash: Option<String>,
    /// The image hashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imagehash: Option<ImageHash>,
}

/// Makes `analyses` of an image.
///
/// `reduction` is a small version of the source, upright and in sRGB, of any pixel type; 448 px or
/// more on the longer side keep what the analyses look at. Pixels of a palette count by their alpha; for
/// the hashes the image is laid over white.
///
/// # Errors
///
/// [`Error::InvalidOption`] if an option is outside its range or if `reduction` has no
/// pixels.
pub fn analyze(reduction: &DynamicImage, analyses: &Analyses) -> Result<AnalysisReport> {
    analyses.validate()?;
    let (width, height) = (reduction.width(), reduction.height());
    if width == 0 || height == 0 {
        return Err(Error::InvalidOption {
            option: "reduction",
            value: format!("{width}x{height}"),
            expected: "an image of at least 1x1 px",
        });
    }
    let mut report = AnalysisReport::default();
    if let Some(options) = &analyses.palette {
        report.palette = Some(palette::extract(reduction, options));
    }
    if analyses.blurhash.is_some() || analyses.image_hash.is_some() {
        let opaque = reduction::over_white(reduction);
        if let Some(options) = &analyses.blurhash {
            report.blurhash = Some(blurhash::encode(&opaque, *options));
        }
        if let Some(options) = analyses.image_hash {
            report.imagehash = Some(image_hash::hash(&opaque, options));
        }
    }
    Ok(report)
}
