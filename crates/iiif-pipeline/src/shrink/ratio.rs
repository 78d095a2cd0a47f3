//! How far images are reduced, and may be.

/// How many pixels become how many, in each direction: a fraction, at least 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shrink {
    pixels: u32,
    made: u32,
}

impl Shrink {
    /// Every pixel as it is.
    pub(crate) const NONE: Self = Self::by(1);

    /// Returns that `factor` pixels become one. At least 1.
    pub(crate) const fn by(factor: u32) -> Self {
        Self {
            pixels: factor,
            made: 1,
        }
    }

    /// Returns that `pixels` become `made`, or that they stay as they are where they are fewer.
    pub(crate) const fn new(pixels: u32, made: u32) -> Self {
        if pixels <= made {
            return Self::NONE;
        }
        Self { pixels, made }
    }

    /// Returns whether reducing this far is at least as far as making `made` of `pixels`.
    pub(crate) fn allows(self, pixels: u32, made: u32) -> bool {
        u64::from(made) * u64::from(self.pixels) >= u64::from(pixels) * u64::from(self.made)
    }

    /// Returns whether this is at least as far as `other`.
    pub(crate) fn reaches(self, other: Self) -> bool {
        self.allows(other.pixels, other.made)
    }

    /// Returns the nearer of both.
    pub(crate) fn min(self, other: Self) -> Self {
        if self.reaches(other) { other } else { self }
    }

    /// Returns the further of both.
    pub(crate) fn max(self, other: Self) -> Self {
        if self.reaches(other) { self } else { other }
    }

    /// Returns both, one after the other.
    #[cfg(feature = "turbojpeg")]
    pub(crate) const fn then(self, other: Self) -> Self {
        Self {
            pixels: self.pixels * other.pixels,
            made: self.made * other.made,
        }
    }

    /// Returns by which whole number pixels may be averaged so that at least twice as many are left
    /// as are needed: what remains is scaled by the better filter. At least 1.
    #[cfg(feature = "png")]
    pub(crate) fn whole_half(self) -> u32 {
        let half = u64::from(self.pixels) / (2 * u64::from(self.made));
        u32::try_from(half).unwrap_or(u32::MAX).max(1)
    }

    /// Returns how many pixels become how many, in lowest terms: equal where the reductions are.
    pub(crate) fn lowest_terms(self) -> (u32, u32) {
        let (mut divisor, mut rest) = (self.pixels, self.made);
        while rest != 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        (self.pixels / divisor.max(1), self.made / divisor.max(1))
    }

    /// Returns whether this is a half, a quarter and so on, or no reduction.
    pub(crate) fn is_power_of_two(self) -> bool {
        self.pixels.is_multiple_of(self.made) && (self.pixels / self.made).is_power_of_two()
    }

    /// Returns the length of a side afterwards, rounded up.
    pub(crate) fn side(self, length: u32) -> u32 {
        let made = (u64::from(length) * u64::from(self.made)).div_ceil(u64::from(self.pixels));
        // Not more than before.
        u32::try_from(made).unwrap_or(length)
    }

    /// Returns how many pixels become one.
    pub(crate) fn pixels_per_pixel(self) -> f64 {
        f64::from(self.pixels) / f64::from(self.made)
    }

    /// Returns the whole part of how many pixels become one: all of it for what [`by`](Self::by)
    /// returned.
    #[cfg(any(feature = "jpeg2000", feature = "png", feature = "tiff"))]
    pub(crate) fn factor(self) -> u32 {
        self.pixels / self.made
    }
}

impl PartialEq for Shrink {
    fn eq(&self, other: &Self) -> bool {
        self.reaches(*other) && other.reaches(*self)
    }
}

impl Eq for Shrink {}
