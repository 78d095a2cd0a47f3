//! What go-iiif added to the Image API, kept apart from the words of the specification.
//!
//! | Parameter | Text | Meaning |
//! |---|---|---|
//! | region | `-1,-1,w,h` | smart crop: the most interesting window of aspect w:h, scaled to w by h |
//! | rotation | `-1` | the EXIF orientation is not applied |
//! | quality | `dither` | Atkinson dithering to black and white |
//! | quality | `crisp`, `crisp:radius,amount,median` | sharpened by an unsharp mask |

use std::fmt;
use std::str::FromStr;

use crate::region::parse_integer;
use crate::{Decimal, Dimensions, Parameter, ParseError, Quality, Region, Rotation};

/// Spellings that are read and never written: British, of Image API 1.x, of go-iiif.
pub const ALIASES: [(&str, &str); 7] = [
    ("colour", "color"),
    ("grey", "gray"),
    ("native", "default"),
    ("jpeg", "jpg"),
    ("tiff", "tif"),
    ("jpeg2000", "jp2"),
    ("jpx", "jp2"),
];

pub(crate) fn resolve_alias(text: &str) -> &str {
    ALIASES
        .iter()
        .find(|(alias, _)| *alias == text)
        .map_or(text, |(_, word)| word)
}

/// A region of the specification, or a smart crop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtendedRegion {
    /// A region of the specification.
    Spec(Region),
    /// `-1,-1,w,h`: the most interesting window of aspect w:h, scaled to exactly w by h.
    SmartCrop(Dimensions),
}

impl Default for ExtendedRegion {
    fn default() -> Self {
        Self::Spec(Region::Full)
    }
}

impl FromStr for ExtendedRegion {
    type Err = ParseError;

    /// Takes a smart crop with `-1` in either coordinate, as go-iiif does.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split(',').collect();
        let [x, y, width, height] = parts.as_slice() else {
            return text.parse().map(Self::Spec);
        };
        if *x != "-1" && *y != "-1" {
            return text.parse().map(Self::Spec);
        }
        let fail = |problem| ParseError::new(Parameter::Region, text, problem);
        let coordinate = |part: &str| part == "-1" || parse_integer(part).is_some();
        let (Some(width), Some(height), true, true) = (
            parse_integer(width),
            parse_integer(height),
            coordinate(x),
            coordinate(y),
        ) else {
            return Err(fail("is not made of whole numbers below 2^32"));
        };
        Dimensions::new(width, height)
            .map(Self::SmartCrop)
            .map_err(|_zero| fail("has a side of zero pixels"))
    }
}

impl fmt::Display for ExtendedRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(region) => region.fmt(f),
            Self::SmartCrop(size) => write!(f, "-1,-1,{},{}", size.width(), size.height()),
        }
    }
}

/// A rotation of the specification, or none at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtendedRotation {
    /// A rotation of the specification, after the image was turned upright.
    Spec(Rotation),
    /// `-1`: the pixels stay as they are stored; the EXIF orientation is not applied.
    NoAutoRotate,
}

impl Default for ExtendedRotation {
    fn default() -> Self {
        Self::Spec(Rotation::default())
    }
}

impl FromStr for ExtendedRotation {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "-1" {
            Ok(Self::NoAutoRotate)
        } else {
            text.parse().map(Self::Spec)
        }
    }
}

impl fmt::Display for ExtendedRotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(rotation) => rotation.fmt(f),
            Self::NoAutoRotate => f.write_str("-1"),
        }
    }
}

/// A quality of the specification, or a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExtendedQuality {
    /// A quality of the specification.
    Spec(Quality),
    /// `dither`: gray, then Atkinson dithering to black and white.
    Dither,
    /// `crisp`: an unsharp mask, then a median.
    Crisp(Crisp),
}

impl Default for ExtendedQuality {
    fn default() -> Self {
        Self::Spec(Quality::Default)
    }
}

/// The parameters of `crisp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Crisp {
    /// Radius of the unsharp mask, at most 50: the blur reaches five times as many pixels.
    /// Default: 2.
    pub(crate) radius: Decimal,
    /// Strength of the unsharp mask; more than 10 counts as 10. Default: 0.5.
    pub(crate) amount: Decimal,
    /// Radius of the median that follows, in pixels, at most 10; below 0.25 there is none.
    /// Default: 0.025.
    pub(crate) median: Decimal,
}

/// `2.0,0.5,0.025`, the defaults of go-iiif.
const CRISP_DEFAULTS: &str = "2.0,0.5,0.025";

/// The work of both filters grows with their radius, and requests come from anyone.
const MAX_CRISP_RADIUS: u16 = 50;
const MAX_CRISP_MEDIAN: u16 = 10;

impl Default for Crisp {
    #[expect(clippy::expect_used, reason = "a constant that a test parses")]
    fn default() -> Self {
        Self::parse(CRISP_DEFAULTS).expect("the defaults are three decimals in range")
    }
}

impl Crisp {
    /// Returns the radius of the unsharp mask, 0 to 50: the blur reaches five times as many pixels.
    #[must_use]
    pub fn radius(&self) -> Decimal {
        self.radius
    }

    /// Returns the strength of the unsharp mask; more than 10 counts as 10.
    #[must_use]
    pub fn amount(&self) -> Decimal {
        self.amount
    }

    /// Returns the radius of the median that follows, 0 to 10 pixels; below 0.25 there is none.
    #[must_use]
    pub fn median(&self) -> Decimal {
        self.median
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let parts: Option<Vec<Decimal>> = text.split(',').map(Decimal::parse).collect();
        let Some([radius, amount, median]) = parts.as_deref() else {
            return Err("does not have three decimals");
        };
        if *radius > Decimal::from_integer(MAX_CRISP_RADIUS) {
            return Err("has a radius above 50");
        }
        if *median > Decimal::from_integer(MAX_CRISP_MEDIAN) {
            return Err("has a median above 10");
        }
        Ok(Self {
            radius: *radius,
            amount: *amount,
            median: *median,
        })
    }
}

impl FromStr for ExtendedQuality {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dither" => Ok(Self::Dither),
            "crisp" => Ok(Self::Crisp(Crisp::default())),
            _ => match text.strip_prefix("crisp:") {
                Some(parameters) => Crisp::parse(parameters)
                    .map(Self::Crisp)
                    .map_err(|problem| ParseError::new(Parameter::Quality, text, problem)),
                None => text.parse().map(Self::Spec),
            },
        }
    }
}

impl fmt::Display for ExtendedQuality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spec(quality) => quality.fmt(f),
            Self::Dither => f.write_str("dither"),
            Self::Crisp(crisp) if *crisp == Crisp::default() => f.write_str("crisp"),
            Self::Crisp(Crisp {
                radius,
                amount,
                median,
            }) => {
                write!(f, "crisp:{radius},{amount},{median}")
            }
        }
    }
}
