//! What finds the colors of an image.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::{Error, Result};

/// The most colors that one extractor is asked for.
const MAX_COUNT: u32 = 256;

/// A way to find the colors that stand for an image.
///
/// `Display` and `FromStr` use the names of go-iiif: `vibrant`, `marekm4`, `quant`. Every pixel counts by
/// its alpha, so transparent ones do not. Colors come in descending order of the area that they stand
/// for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Extractor {
    /// `vibrant`: median cut that halves the box with the greatest volume, as Android's Palette does,
    /// so small spots of a strong color are found. Near black and near white count only in an
    /// image that has nothing else.
    Vibrant,
    /// `marekm4`: the means of the eight corners of the color cube, without those that cover 1 % or
    /// less. At most eight colors.
    MarekM4,
    /// `quant`: neural-net quantization (Dekker 1994), merged to as many colors as were asked for.
    Quant,
}

/// An extractor and how many colors it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ExtractorOptions {
    /// What finds the colors.
    pub extractor: Extractor,
    /// The most colors to report, 1 to 256. An image with fewer gives fewer.
    pub count: NonZeroU32,
}

impl ExtractorOptions {
    /// Asks `extractor` for up to `count` colors.
    #[must_use]
    pub fn new(extractor: Extractor, count: NonZeroU32) -> Self {
        Self { extractor, count }
    }

    pub(super) fn validate(self) -> Result<()> {
        if self.count.get() > MAX_COUNT {
            return Err(Error::InvalidOption {
                option: "palette color count",
                value: format!("`{}`", self.count),
                expected: "1 to 256",
            });
        }
        Ok(())
    }
}

impl fmt::Display for Extractor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vibrant => "vibrant",
            Self::MarekM4 => "marekm4",
            Self::Quant => "quant",
        })
    }
}

impl FromStr for Extractor {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidOption`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "vibrant" => Ok(Self::Vibrant),
            "marekm4" => Ok(Self::MarekM4),
            "quant" => Ok(Self::Quant),
            _ => Err(Error::InvalidOption {
                option: "palette extractor",
                value: format!("`{text}`"),
                expected: "`vibrant`, `marekm4` or `quant`",
            }),
        }
    }
}
