//! The `quality` parameter (Image API 2.1 §4.4, 3.0 §4.4).

use std::fmt;
use std::str::FromStr;

use crate::{Parameter, ParseError};

/// What becomes of the colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quality {
    /// `default`: as the image is.
    #[default]
    Default,
    /// `color`: all of the color there is.
    Color,
    /// `gray`: one gray value per pixel.
    Gray,
    /// `bitonal`: black or white.
    Bitonal,
}

impl Quality {
    /// All, in the order of the specification.
    pub const ALL: [Self; 4] = [Self::Default, Self::Color, Self::Gray, Self::Bitonal];

    /// Returns the word of the specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Color => "color",
            Self::Gray => "gray",
            Self::Bitonal => "bitonal",
        }
    }
}

impl FromStr for Quality {
    type Err = ParseError;

    /// Takes the words of the specification and their aliases in [`crate::extension::ALIASES`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match crate::extension::resolve_alias(text) {
            "default" => Ok(Self::Default),
            "color" => Ok(Self::Color),
            "gray" => Ok(Self::Gray),
            "bitonal" => Ok(Self::Bitonal),
            _ => Err(ParseError::new(
                Parameter::Quality,
                text,
                "is no known quality",
            )),
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
