//! How many pixels of a source image are one centimeter.

/// Centimeters of an inch.
#[cfg(any(feature = "jpeg", feature = "png", feature = "tiff", feature = "webp"))]
const CM_PER_INCH: f64 = 2.54;

/// How large the pixels of a source image are, as its header states it: of the thing that was scanned,
/// of the paper that it is printed on, or of nothing at all. Many writers state 72 pixels per inch where
/// they know nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// Pixels per centimeter from left to right, when the image stands upright. Finite, above 0.
    pub x_per_cm: f64,
    /// Pixels per centimeter from top to bottom.
    pub y_per_cm: f64,
}

#[cfg(any(
    feature = "jpeg",
    feature = "jpeg2000",
    feature = "png",
    feature = "tiff",
    feature = "webp"
))]
impl Resolution {
    /// Returns a resolution in pixels per centimeter, unless a number makes no sense.
    pub(crate) fn per_cm(x_per_cm: f64, y_per_cm: f64) -> Option<Self> {
        let is_sound = |number: f64| number.is_finite() && number > 0.0;
        (is_sound(x_per_cm) && is_sound(y_per_cm)).then_some(Self { x_per_cm, y_per_cm })
    }
}

#[cfg(any(feature = "jpeg", feature = "png", feature = "tiff", feature = "webp"))]
impl Resolution {
    /// Returns a resolution in pixels per inch, unless a number makes no sense.
    pub(crate) fn per_inch(x: f64, y: f64) -> Option<Self> {
        Self::per_cm(x / CM_PER_INCH, y / CM_PER_INCH)
    }

    /// Returns a resolution in the units of TIFF: 2 for an inch, 3 for a centimeter (TIFF 6.0 §8, EXIF
    /// 2.32 §4.6.4). Without a unit it is an inch; 1 says that the numbers are but a ratio.
    pub(crate) fn in_tiff_unit(unit: Option<u64>, x: f64, y: f64) -> Option<Self> {
        match unit.unwrap_or(2) {
            2 => Self::per_inch(x, y),
            3 => Self::per_cm(x, y),
            _ => None,
        }
    }
}

impl Resolution {
    /// Returns the same for the sides of the image the other way round.
    pub(crate) fn transposed(self) -> Self {
        Self {
            x_per_cm: self.y_per_cm,
            y_per_cm: self.x_per_cm,
        }
    }
}
