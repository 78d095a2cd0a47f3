//! Width and height of an image.

use std::fmt;
use std::num::NonZeroU32;

/// A width or height of zero pixels was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an image of {width}x{height} pixels has no pixels; both sides must be at least 1")]
pub struct ZeroDimensionError {
    /// The width, in pixels.
    pub width: u32,
    /// The height, in pixels.
    pub height: u32,
}

/// Width and height in pixels, each at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dimensions {
    width: NonZeroU32,
    height: NonZeroU32,
}

impl Dimensions {
    /// Returns the dimensions.
    ///
    /// # Errors
    ///
    /// [`ZeroDimensionError`] if a side is zero.
    pub fn new(width: u32, height: u32) -> Result<Self, ZeroDimensionError> {
        match (NonZeroU32::new(width), NonZeroU32::new(height)) {
            (Some(width), Some(height)) => Ok(Self { width, height }),
            _ => Err(ZeroDimensionError { width, height }),
        }
    }

    /// Returns the dimensions of sides that are known not to be zero.
    #[must_use]
    pub const fn from_non_zero(width: NonZeroU32, height: NonZeroU32) -> Self {
        Self { width, height }
    }

    /// Returns dimensions whose sides saturate at `u32::MAX` and are at least 1 pixel, so that a
    /// thin strip stays visible. Limits refuse what saturates before anything is allocated.
    pub(crate) fn saturating(width: u64, height: u64) -> Self {
        let side = |length: u64| {
            NonZeroU32::new(u32::try_from(length).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
        };
        Self {
            width: side(width),
            height: side(height),
        }
    }

    /// Returns the width, in pixels.
    #[must_use]
    pub const fn width(self) -> u32 {
        self.width.get()
    }

    /// Returns the height, in pixels.
    #[must_use]
    pub const fn height(self) -> u32 {
        self.height.get()
    }

    /// Returns the number of pixels.
    #[must_use]
    pub fn area(self) -> u64 {
        u64::from(self.width()) * u64::from(self.height())
    }

    /// Returns height by width.
    #[must_use]
    pub const fn transposed(self) -> Self {
        Self {
            width: self.height,
            height: self.width,
        }
    }

    /// Returns the shorter width by the shorter height.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            width: self.width.min(other.width),
            height: self.height.min(other.height),
        }
    }

    /// Returns whether a side of `self` is longer than the same side of `other`.
    #[must_use]
    pub fn exceeds(self, other: Self) -> bool {
        self.width > other.width || self.height > other.height
    }

    /// Scales to `width` pixels wide, keeping the aspect ratio; the height is rounded half up.
    #[must_use]
    pub fn scaled_to_width(self, width: NonZeroU32) -> Self {
        let (from, to) = (u64::from(self.width()), u64::from(width.get()));
        // At most (2^32 - 1)^2 + 2^31, which is below 2^64.
        Self::saturating(to, (u64::from(self.height()) * to + from / 2) / from)
    }

    /// Scales to `height` pixels high, keeping the aspect ratio; the width is rounded half up.
    #[must_use]
    pub fn scaled_to_height(self, height: NonZeroU32) -> Self {
        self.transposed().scaled_to_width(height).transposed()
    }

    /// Scales to the largest dimensions within `bounds`, keeping the aspect ratio; the side that
    /// does not touch its bound is truncated, so 3597x3600 within 2048x1536 is 1534x1536.
    ///
    /// Enlarges where `bounds` is larger.
    #[must_use]
    pub fn confined_to(self, bounds: Self) -> Self {
        let (width, height) = (u64::from(self.width()), u64::from(self.height()));
        let (max_width, max_height) = (u64::from(bounds.width()), u64::from(bounds.height()));
        if max_width * height <= max_height * width {
            Self::saturating(max_width, height * max_width / width)
        } else {
            Self::saturating(width * max_height / height, max_height)
        }
    }

    /// Scales to at most `area` pixels, keeping the aspect ratio; both sides are truncated.
    ///
    /// The result has more than `area` pixels only where a side is held up to 1 pixel.
    pub(crate) fn scaled_to_area(self, area: u64) -> Self {
        let (width, height) = (u128::from(self.width()), u128::from(self.height()));
        let side = |long: u128, short: u128| (u128::from(area) * long / short).isqrt();
        // The root of a number below 2^64 * 2^32 is below 2^48.
        Self::saturating(side(width, height) as u64, side(height, width) as u64)
    }
}

impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}
