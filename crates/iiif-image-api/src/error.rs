//! Why a request could not be parsed or resolved.

use std::fmt;

use crate::{ApiVersion, Dimensions};

/// A parameter of an image request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Parameter {
    /// The part of the image to return.
    Region,
    /// The dimensions of the derivative before rotation.
    Size,
    /// Mirroring and rotation.
    Rotation,
    /// Color, gray, bitonal.
    Quality,
    /// The file format.
    Format,
    /// All five, as a path.
    Request,
}

impl Parameter {
    /// Returns the forms that a parser of this parameter accepts, for people.
    #[must_use]
    pub fn accepted(self) -> &'static str {
        match self {
            Self::Region => {
                "`full`, `square`, `x,y,w,h`, `pct:x,y,w,h`, or `-1,-1,w,h` for a smart crop; w and h are at least 1"
            }
            Self::Size => {
                "`max`, in 2.1 also `full`, `w,`, `,h`, `pct:n`, `w,h` or `!w,h`, with `^` in front to allow upscaling; w and h are at least 1"
            }
            Self::Rotation => {
                "degrees from 0 to 360, `!` in front to mirror first, or `-1` to ignore the EXIF orientation"
            }
            Self::Quality => {
                "`default`, `color`, `gray`, `bitonal`, `dither`, `crisp` or `crisp:radius,amount,median`"
            }
            // `jp2` and `pdf` are formats too, which nothing here writes.
            Self::Format => "`jpg`, `png`, `tif`, `gif` or `webp`",
            Self::Request => "`{region}/{size}/{rotation}/{quality}.{format}`",
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "region",
            Self::Size => "size",
            Self::Rotation => "rotation",
            Self::Quality => "quality",
            Self::Format => "format",
            Self::Request => "request",
        })
    }
}

/// A parameter's text that no form of the Image API matches.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{parameter} `{text}` {problem}; expected {}", parameter.accepted())]
pub struct ParseError {
    /// The parameter.
    pub parameter: Parameter,
    /// The text as it came.
    pub text: String,
    /// What is wrong with it, to be read after the text: "has zero width".
    pub problem: &'static str,
}

impl ParseError {
    pub(crate) fn new(parameter: Parameter, text: &str, problem: &'static str) -> Self {
        Self {
            parameter,
            text: text.to_owned(),
            problem,
        }
    }
}

impl ParseError {
    /// Returns what the caller can do about it: [`ErrorKind::InvalidRequest`] (3.0 §7.3: 400).
    #[must_use]
    #[expect(
        clippy::unused_self,
        reason = "asked like every other error for its kind"
    )]
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidRequest
    }
}

/// A well-formed request that cannot be answered for one image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The word belongs to another version of the Image API.
    #[error("{parameter} `{text}` is no word of Image API {version}; expected `max`")]
    NotInVersion {
        /// The parameter.
        parameter: Parameter,
        /// The parameter's text.
        text: String,
        /// The version whose rules hold.
        version: ApiVersion,
    },
    /// No pixel of the image lies inside the region (3.0 §4.1).
    #[error("region `{region}` lies outside the image, which is {full} pixels")]
    RegionOutside {
        /// The region, as asked.
        region: String,
        /// The dimensions of the full image.
        full: Dimensions,
    },
    /// The size is larger than the region, and upscaling was not asked for (3.0 §4.2).
    #[error(
        "size `{size}` is larger than its region, which is {region} pixels; put `^` in front to allow upscaling"
    )]
    Upscales {
        /// The size, as asked.
        size: String,
        /// The dimensions of the extracted region.
        region: Dimensions,
    },
    /// Upscaling was asked for, and is switched off (3.0 §4.2: 501).
    #[error("size `{size}` needs upscaling of a region of {region} pixels, which is switched off")]
    UpscalingUnsupported {
        /// The size, as asked.
        size: String,
        /// The dimensions of the extracted region.
        region: Dimensions,
    },
    /// The size comes to less than one pixel.
    #[error("size `{size}` of a region of {region} pixels is less than one pixel")]
    SizeBelowOnePixel {
        /// The size, as asked.
        size: String,
        /// The dimensions of the extracted region.
        region: Dimensions,
    },
    /// The derivative would be larger than the limits allow.
    #[error("size `{size}` comes to {output} pixels; the limit is {limit}")]
    OverLimits {
        /// The size, as asked.
        size: String,
        /// What it comes to.
        output: String,
        /// The limit with its name: `max_width 4000`.
        limit: String,
    },
}

/// What a caller can do about an error. Stable across releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request asks for something that the Image API does not have, or not for this image:
    /// HTTP status 400.
    InvalidRequest,
    /// The request is valid, and this is not done here: HTTP status 501.
    Unsupported,
    /// The derivative would be larger than the limits allow: HTTP status 400 (3.0 §4.2).
    TooLarge,
}

impl ResolveError {
    /// Returns what the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotInVersion { .. }
            | Self::RegionOutside { .. }
            | Self::Upscales { .. }
            | Self::SizeBelowOnePixel { .. } => ErrorKind::InvalidRequest,
            Self::UpscalingUnsupported { .. } => ErrorKind::Unsupported,
            Self::OverLimits { .. } => ErrorKind::TooLarge,
        }
    }
}
