//! The `rotation` parameter (Image API 2.1 §4.3, 3.0 §4.3).

use std::fmt;
use std::str::FromStr;

use crate::{Decimal, Dimensions, Parameter, ParseError};

/// Mirroring and rotation of the scaled region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rotation {
    /// Whether the image is mirrored left to right, **before** it is rotated.
    pub mirror: bool,
    /// The angle, clockwise.
    pub degrees: Degrees,
}

/// An angle of at least 0 and less than 360 degrees; 360 is kept as 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Degrees(Decimal);

/// The bounding box of a rotated image is rounded up, except where it is a whole number already:
/// sine and cosine are not exact, and a millionth of a pixel is not a pixel.
const BOUNDING_BOX_TOLERANCE_PX: f64 = 1e-6;

impl Degrees {
    /// Returns the angle in degrees.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0.to_f64()
    }

    /// Returns 0, 1, 2 or 3 for a multiple of 90 degrees; `None` for any other angle.
    #[must_use]
    pub fn quarter_turns(self) -> Option<u8> {
        (0_u8..4).find(|turns| self.0 == Decimal::from_integer(u16::from(*turns) * 90))
    }
}

impl Rotation {
    /// Returns whether nothing is mirrored or rotated.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the dimensions of the tight bounding box of an image of `scaled` pixels after it is
    /// rotated; fractions of a pixel are rounded up.
    #[must_use]
    pub fn bounding_box(&self, scaled: Dimensions) -> Dimensions {
        match self.degrees.quarter_turns() {
            Some(0 | 2) => scaled,
            Some(_) => scaled.transposed(),
            None => {
                let (sin, cos) = self.degrees.to_f64().to_radians().sin_cos();
                let (width, height) = (f64::from(scaled.width()), f64::from(scaled.height()));
                let side = |a: f64, b: f64| (a.abs() + b.abs() - BOUNDING_BOX_TOLERANCE_PX).ceil();
                Dimensions::saturating(
                    side(width * cos, height * sin) as u64,
                    side(height * cos, width * sin) as u64,
                )
            }
        }
    }
}

impl FromStr for Rotation {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mirror, degrees) = match text.strip_prefix('!') {
            Some(degrees) => (true, degrees),
            None => (false, text),
        };
        let fail = |problem| ParseError::new(Parameter::Rotation, text, problem);
        let degrees = Decimal::parse(degrees).ok_or_else(|| fail("is not a decimal"))?;
        let full_turn = Decimal::from_integer(360);
        match degrees {
            degrees if degrees > full_turn => Err(fail("is more than 360 degrees")),
            degrees if degrees == full_turn => Ok(Self {
                mirror,
                degrees: Degrees::default(),
            }),
            degrees => Ok(Self {
                mirror,
                degrees: Degrees(degrees),
            }),
        }
    }
}

impl fmt::Display for Rotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mirror {
            f.write_str("!")?;
        }
        self.degrees.0.fmt(f)
    }
}
