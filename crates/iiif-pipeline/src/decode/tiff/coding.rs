//! How the samples of a page are coded.

use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::{corrupt, unsupported};

/// What the samples mean: tag 262.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Photometric {
    WhiteIsZero,
    BlackIsZero,
    Rgb,
    Palette,
    Cmyk,
    YCbCr,
}

impl Photometric {
    /// Samples of a pixel without extra samples.
    pub(super) fn samples(self) -> usize {
        match self {
            Self::WhiteIsZero | Self::BlackIsZero | Self::Palette => 1,
            Self::Rgb | Self::YCbCr => 3,
            Self::Cmyk => 4,
        }
    }
}

/// How chunks are compressed: tag 259.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Lzw,
    Jpeg,
    Deflate,
    PackBits,
    /// CCITT T.6, the code of fax group 4.
    Group4,
    /// A `WebP` file in each chunk: 50001 of libtiff, which GDAL and libvips write.
    WebP,
}

impl Compression {
    /// Returns whether a chunk is a file of another format, with a size and colors of its own.
    pub(super) fn is_picture(self) -> bool {
        matches!(self, Self::Jpeg | Self::WebP)
    }
}

/// What the first extra sample is: tag 338.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    /// None, or something else than alpha.
    Missing,
    /// Colors are multiplied with it.
    Associated,
    Unassociated,
}

/// What is stored between neighbors of a row: tag 317.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Predictor {
    /// The samples.
    None,
    /// Differences to the sample on the left.
    Horizontal,
}

/// Reads tag 262; `ink_set` is tag 332.
pub(super) fn photometric(number: Option<u64>, ink_set: Option<u64>) -> Result<Photometric> {
    match number {
        Some(0) => Ok(Photometric::WhiteIsZero),
        Some(1) => Ok(Photometric::BlackIsZero),
        Some(2) => Ok(Photometric::Rgb),
        Some(3) => Ok(Photometric::Palette),
        Some(5) if ink_set.unwrap_or(1) == 1 => Ok(Photometric::Cmyk),
        Some(5) => Err(unsupported(FORMAT, "inks other than CMYK")),
        Some(6) => Ok(Photometric::YCbCr),
        Some(4) => Err(unsupported(FORMAT, "a transparency mask alone")),
        Some(8..=10) => Err(unsupported(FORMAT, "CIE L*a*b* colors")),
        Some(other) => {
            let feature = format!("the photometric interpretation {other}");
            Err(unsupported(FORMAT, feature))
        }
        None => Err(corrupt(FORMAT, Damage::NoPhotometric)),
    }
}

/// Reads tag 259.
pub(super) fn compression(number: Option<u64>) -> Result<Compression> {
    let feature = match number.unwrap_or(1) {
        1 => return Ok(Compression::None),
        4 => return Ok(Compression::Group4),
        5 => return Ok(Compression::Lzw),
        7 => return Ok(Compression::Jpeg),
        8 | 32_946 => return Ok(Compression::Deflate),
        32_773 => return Ok(Compression::PackBits),
        2 | 3 => "CCITT (fax) compression of group 3".to_owned(),
        6 => "old-style JPEG compression".to_owned(),
        33_003 | 33_005 | 34_712 => "JPEG 2000 compression".to_owned(),
        34_925 => "LZMA compression".to_owned(),
        50_000 => "Zstandard compression".to_owned(),
        50_001 if cfg!(feature = "webp") => return Ok(Compression::WebP),
        50_001 => "WebP compression in a build without WebP".to_owned(),
        other => format!("compression {other}"),
    };
    Err(unsupported(FORMAT, feature))
}

/// Reads tag 317, which says nothing about what codes pictures and not bytes.
pub(super) fn predictor(number: Option<u64>, compression: Compression) -> Result<Predictor> {
    if compression.is_picture() {
        return Ok(Predictor::None);
    }
    match number.unwrap_or(1) {
        1 => Ok(Predictor::None),
        2 => Ok(Predictor::Horizontal),
        other => Err(unsupported(FORMAT, format!("predictor {other}"))),
    }
}
