//! The palette: a few colors that stand for an image, and the nearest colors with a name.

mod extractor;
mod grid;
mod histogram;
mod marekm4;
mod named;
mod quant;
#[cfg(test)]
mod tests;
mod vibrant;

use std::num::NonZeroU32;

use image::DynamicImage;
use serde::Serialize;

pub use self::extractor::{Extractor, ExtractorOptions};
pub use self::grid::Grid;
pub use self::named::NamedPalette;
use crate::Result;

/// Red, green and blue of sRGB.
type Rgb8 = [u8; 3];

/// How a palette is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaletteOptions {
    /// What finds the colors, in the order in which they are reported. Default: `marekm4` with 5
    /// colors.
    pub extractors: Vec<ExtractorOptions>,
    /// Where the nearest color with a name is looked up for each color found. Default: `crayola`
    /// and `css4`.
    pub palettes: Vec<NamedPalette>,
    /// What "nearest" means. Default: [`Grid::Euclidian`].
    pub grid: Grid,
}

/// The defaults are those of go-iiif 8.
impl Default for PaletteOptions {
    fn default() -> Self {
        const COUNT: NonZeroU32 = NonZeroU32::new(5).expect("5 is not zero");
        Self {
            extractors: vec![ExtractorOptions::new(Extractor::MarekM4, COUNT)],
            palettes: vec![NamedPalette::Crayola, NamedPalette::Css4],
            grid: Grid::default(),
        }
    }
}

impl PaletteOptions {
    /// Sets [`extractors`](Self::extractors).
    #[must_use]
    pub fn with_extractors(mut self, extractors: Vec<ExtractorOptions>) -> Self {
        self.extractors = extractors;
        self
    }

    /// Sets [`palettes`](Self::palettes).
    #[must_use]
    pub fn with_palettes(mut self, palettes: Vec<NamedPalette>) -> Self {
        self.palettes = palettes;
        self
    }

    /// Sets [`grid`](Self::grid).
    #[must_use]
    pub fn with_grid(mut self, grid: Grid) -> Self {
        self.grid = grid;
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        self.extractors
            .iter()
            .try_for_each(|extractor| extractor.validate())
    }
}

/// A color of a palette, in the form of a go-iiif report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaletteColor {
    /// `Raw Umber` for a color with a name; the same as `hex` for one that was found in an image.
    pub name: String,
    /// `#` and six lowercase hexadecimal digits.
    pub hex: String,
    /// Who says so: the name of an [`Extractor`] or of a [`NamedPalette`].
    pub reference: String,
    /// The nearest color in each [`NamedPalette`] of the options, in their order. Left out of the JSON
    /// when empty, as it is for colors with a name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closest: Vec<Self>,
}

/// Finds the colors of an image with checked options.
pub(super) fn extract(image: &DynamicImage, options: &PaletteOptions) -> Vec<PaletteColor> {
    let pixels = image.to_rgba8();
    let mut palette = Vec::new();
    for &ExtractorOptions { extractor, count } in &options.extractors {
        let count = count.get() as usize;
        let colors = match extractor {
            Extractor::Vibrant => vibrant::extract(&pixels, count),
            Extractor::MarekM4 => marekm4::extract(&pixels, count),
            Extractor::Quant => quant::extract(&pixels, count),
        };
        palette.extend(colors.into_iter().map(|color| PaletteColor {
            name: hex(color),
            hex: hex(color),
            reference: extractor.to_string(),
            closest: closest(color, options),
        }));
    }
    palette
}

fn closest(color: Rgb8, options: &PaletteOptions) -> Vec<PaletteColor> {
    options
        .palettes
        .iter()
        .filter_map(|palette| {
            let (name, value) = options.grid.nearest(color, palette.colors())?;
            Some(PaletteColor {
                name: name.to_owned(),
                hex: hex(value),
                reference: palette.to_string(),
                closest: Vec::new(),
            })
        })
        .collect()
}

fn hex([r, g, b]: Rgb8) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}
