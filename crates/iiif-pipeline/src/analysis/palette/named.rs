//! Palettes whose colors have names.

mod crayola;
mod css3;
mod css4;

use std::fmt;
use std::str::FromStr;

use super::Rgb8;
use crate::{Error, Result};

/// A color and its name.
pub(super) type NamedColor = (&'static str, Rgb8);

/// A palette whose colors have names. Inside one palette no value occurs twice.
///
/// `Display` and `FromStr` use the names of go-iiif: `crayola`, `css3`, `css4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NamedPalette {
    /// `crayola`: 149 crayons.
    Crayola,
    /// `css3`: the 138 named colors of CSS Color Module Level 3, with one name for each.
    Css3,
    /// `css4`: the 139 named colors of CSS Color Module Level 4, with one name for each.
    Css4,
}

impl NamedPalette {
    pub(super) fn colors(self) -> &'static [NamedColor] {
        match self {
            Self::Crayola => &crayola::COLORS,
            Self::Css3 => &css3::COLORS,
            Self::Css4 => &css4::COLORS,
        }
    }
}

impl fmt::Display for NamedPalette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crayola => "crayola",
            Self::Css3 => "css3",
            Self::Css4 => "css4",
        })
    }
}

impl FromStr for NamedPalette {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidOption`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "crayola" => Ok(Self::Crayola),
            "css3" => Ok(Self::Css3),
            "css4" => Ok(Self::Css4),
            _ => Err(Error::InvalidOption {
                option: "palette",
                value: format!("`{text}`"),
                expected: "`crayola`, `css3` or `css4`",
            }),
        }
    }
}
