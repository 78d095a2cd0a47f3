//! A source image: its bytes and what its header says.

use std::fmt;

/// The file formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceFormat {
    /// JPEG
    Jpeg,
    /// PNG
    Png,
    /// GIF
    Gif,
    /// TIFF, `BigTIFF` included
    Tiff,
    /// WebP
    WebP,
    /// BMP
    Bmp,
}

impl SourceFormat {
    pub(crate) fn accepted() -> &'static str {
        "JPEG, PNG, GIF, TIFF, WebP, BMP"
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
            Self::Bmp => "BMP",
        })
    }
}
