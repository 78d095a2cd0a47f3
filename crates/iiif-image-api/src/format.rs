//! The `format` parameter (Image API 2.1 §4.5, 3.0 §4.5).

use std::fmt;
use std::str::FromStr;

use crate::{Parameter, ParseError};

/// The file format of a derivative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `jpg`
    #[default]
    Jpg,
    /// `tif`
    Tif,
    /// `png`
    Png,
    /// `gif`
    Gif,
    /// `jp2`
    Jp2,
    /// `pdf`
    Pdf,
    /// `webp`
    Webp,
}

impl Format {
    /// All, in the order of the specification.
    pub const ALL: [Self; 7] = [
        Self::Jpg,
        Self::Tif,
        Self::Png,
        Self::Gif,
        Self::Jp2,
        Self::Pdf,
        Self::Webp,
    ];

    /// Returns the media type that the specification gives for the format.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpg => "image/jpeg",
            Self::Tif => "image/tiff",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Jp2 => "image/jp2",
            Self::Pdf => "application/pdf",
            Self::Webp => "image/webp",
        }
    }
}

impl FromStr for Format {
    type Err = ParseError;

    /// Takes the words of the specification and their aliases in [`crate::extension::ALIASES`].
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = crate::extension::resolve_alias(text);
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == word)
            .ok_or_else(|| ParseError::new(Parameter::Format, text, "is no known format"))
    }
}

impl Format {
    /// Returns the word of the specification, which is also the extension of file names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpg => "jpg",
            Self::Tif => "tif",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Jp2 => "jp2",
            Self::Pdf => "pdf",
            Self::Webp => "webp",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
