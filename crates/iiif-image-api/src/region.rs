//! The `region` parameter (Image API 2.1 §4.1, 3.0 §4.1).

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use crate::{Decimal, Dimensions, Parameter, ParseError, PixelRect, ResolveError};

/// The part of the full image to return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Region {
    /// `full`: the whole image.
    #[default]
    Full,
    /// `square`: as wide and high as the shorter side, centered on the longer one.
    Square,
    /// `x,y,w,h`: in pixels of the full image.
    Pixels(RequestedRect),
    /// `pct:x,y,w,h`: in percent of the full image.
    Percent(PercentRect),
}

/// A rectangle as asked for, in pixels of the full image; it may reach beyond the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestedRect {
    /// The left column.
    pub x: u32,
    /// The top row.
    pub y: u32,
    /// The width, in pixels.
    pub width: NonZeroU32,
    /// The height, in pixels.
    pub height: NonZeroU32,
}

/// A rectangle as asked for, in percent of the full image; it may reach beyond the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PercentRect {
    /// The left edge, in percent of the width.
    pub x: Decimal,
    /// The top edge, in percent of the height.
    pub y: Decimal,
    /// The width, in percent of the width; more than 0.
    pub width: Decimal,
    /// The height, in percent of the height; more than 0.
    pub height: Decimal,
}

impl Region {
    /// Returns the pixels of an image of `full` pixels that the region asks for.
    ///
    /// What reaches beyond the edge is clipped. Percentages are rounded half up to whole pixels,
    /// and what begins inside the image keeps at least one pixel.
    ///
    /// # Errors
    ///
    /// [`ResolveError::RegionOutside`] if no pixel lies inside.
    pub fn resolve(&self, full: Dimensions) -> Result<PixelRect, ResolveError> {
        let (width, height) = (u64::from(full.width()), u64::from(full.height()));
        let rect = match self {
            Self::Full => Some(PixelRect::full(full)),
            Self::Square => {
                let side = width.min(height);
                PixelRect::clipped(
                    ((width - side) / 2, (height - side) / 2),
                    (side, side),
                    full,
                )
            }
            Self::Pixels(rect) => PixelRect::clipped(
                (rect.x.into(), rect.y.into()),
                (rect.width.get().into(), rect.height.get().into()),
                full,
            ),
            Self::Percent(rect) => {
                let (x, width) = percent_span(rect.x, rect.width, full.width());
                let (y, height) = percent_span(rect.y, rect.height, full.height());
                PixelRect::clipped((x, y), (width, height), full)
            }
        };
        rect.ok_or_else(|| ResolveError::RegionOutside {
            region: self.to_string(),
            full,
        })
    }
}

impl From<PixelRect> for Region {
    fn from(rect: PixelRect) -> Self {
        let side = |length| NonZeroU32::new(length).unwrap_or(NonZeroU32::MIN);
        Self::Pixels(RequestedRect {
            x: rect.x(),
            y: rect.y(),
            width: side(rect.width()),
            height: side(rect.height()),
        })
    }
}

impl FromStr for Region {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "full" => Ok(Self::Full),
            "square" => Ok(Self::Square),
            _ => match text.strip_prefix("pct:") {
                Some(percents) => parse_percents(percents)
                    .map(Self::Percent)
                    .map_err(|problem| ParseError::new(Parameter::Region, text, problem)),
                None => parse_pixels(text)
                    .map(Self::Pixels)
                    .map_err(|problem| ParseError::new(Parameter::Region, text, problem)),
            },
        }
    }
}

/// Returns start and length in pixels of a side of `side` pixels.
fn percent_span(start: Decimal, length: Decimal, side: u32) -> (u64, u64) {
    let rounded = start.percent_of(side);
    let first = if start < Decimal::from_integer(100) {
        rounded.min(u64::from(side) - 1)
    } else {
        rounded
    };
    (first, length.percent_of(side).max(1))
}

fn parse_pixels(text: &str) -> Result<RequestedRect, &'static str> {
    let [x, y, width, height] = four(text)?;
    let number = |part: &str| parse_integer(part).ok_or("is not made of whole numbers below 2^32");
    Ok(RequestedRect {
        x: number(x)?,
        y: number(y)?,
        width: NonZeroU32::new(number(width)?).ok_or("has zero width")?,
        height: NonZeroU32::new(number(height)?).ok_or("has zero height")?,
    })
}

fn parse_percents(text: &str) -> Result<PercentRect, &'static str> {
    let [x, y, width, height] = four(text)?;
    let number = |part: &str| Decimal::parse(part).ok_or("is not made of decimals");
    let rect = PercentRect {
        x: number(x)?,
        y: number(y)?,
        width: number(width)?,
        height: number(height)?,
    };
    if rect.width == Decimal::default() {
        return Err("has zero width");
    }
    if rect.height == Decimal::default() {
        return Err("has zero height");
    }
    Ok(rect)
}

fn four(text: &str) -> Result<[&str; 4], &'static str> {
    let parts: Vec<&str> = text.split(',').collect();
    parts
        .try_into()
        .map_err(|_parts: Vec<&str>| "is no known region")
}

/// Parses digits only: `u32::from_str` would also take a leading `+`.
pub(crate) fn parse_integer(text: &str) -> Option<u32> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Square => f.write_str("square"),
            Self::Pixels(RequestedRect {
                x,
                y,
                width,
                height,
            }) => {
                write!(f, "{x},{y},{width},{height}")
            }
            Self::Percent(PercentRect {
                x,
                y,
                width,
                height,
            }) => {
                write!(f, "pct:{x},{y},{width},{height}")
            }
        }
    }
}
