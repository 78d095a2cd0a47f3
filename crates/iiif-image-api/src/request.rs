//! All five parameters together.

use std::fmt;
use std::str::FromStr;

use crate::extension::{ExtendedQuality, ExtendedRegion, ExtendedRotation};
use crate::{Format, Parameter, ParseError, Quality, Region, Rotation, Size};

/// An image request in the words of the specification.
///
/// Prints and parses as `{region}/{size}/{rotation}/{quality}.{format}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ImageRequest {
    /// The part of the image.
    pub region: Region,
    /// The dimensions to scale it to.
    pub size: Size,
    /// Mirroring and rotation.
    pub rotation: Rotation,
    /// What becomes of the colors.
    pub quality: Quality,
    /// The file format.
    pub format: Format,
}

/// An image request that may also use the [extensions](crate::extension).
///
/// Prints and parses as `{region}/{size}/{rotation}/{quality}.{format}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct DerivativeRequest {
    /// The part of the image.
    pub region: ExtendedRegion,
    /// The dimensions to scale it to.
    pub size: Size,
    /// Mirroring and rotation.
    pub rotation: ExtendedRotation,
    /// What becomes of the colors.
    pub quality: ExtendedQuality,
    /// The file format.
    pub format: Format,
}

impl From<ImageRequest> for DerivativeRequest {
    fn from(request: ImageRequest) -> Self {
        Self {
            region: ExtendedRegion::Spec(request.region),
            size: request.size,
            rotation: ExtendedRotation::Spec(request.rotation),
            quality: ExtendedQuality::Spec(request.quality),
            format: request.format,
        }
    }
}

/// The five texts of a request, not yet parsed.
struct Parts<'a> {
    region: &'a str,
    size: &'a str,
    rotation: &'a str,
    quality: &'a str,
    format: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, ParseError> {
        let fail = |problem| ParseError::new(Parameter::Request, text, problem);
        let parts: Vec<&str> = text.split('/').collect();
        let [region, size, rotation, file] = parts.as_slice() else {
            return Err(fail("does not have four parts"));
        };
        // From the right: the parameters of `crisp` have points of their own.
        let (quality, format) = file.rsplit_once('.').ok_or_else(|| fail("has no format"))?;
        Ok(Self {
            region,
            size,
            rotation,
            quality,
            format,
        })
    }
}

impl FromStr for ImageRequest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = Parts::split(text)?;
        Ok(Self {
            region: parts.region.parse()?,
            size: parts.size.parse()?,
            rotation: parts.rotation.parse()?,
            quality: parts.quality.parse()?,
            format: parts.format.parse()?,
        })
    }
}

impl FromStr for DerivativeRequest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = Parts::split(text)?;
        Ok(Self {
            region: parts.region.parse()?,
            size: parts.size.parse()?,
            rotation: parts.rotation.parse()?,
            quality: parts.quality.parse()?,
            format: parts.format.parse()?,
        })
    }
}

impl fmt::Display for ImageRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DerivativeRequest::from(*self).fmt(f)
    }
}

impl fmt::Display for DerivativeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            region,
            size,
            rotation,
            quality,
            format,
        } = self;
        write!(f, "{region}/{size}/{rotation}/{quality}.{format}")
    }
}
