//! Samples that can be summed and averaged.

use std::ops::AddAssign;

use crate::render::raster;

/// A sample of 8 or 16 bits, and integers wide enough for the sums of
/// [`MAX_FACTOR`](super::MAX_FACTOR) (2^8) rows of them.
pub(crate) trait Averaged: raster::Sample {
    /// Holds 2^8 times the largest sample.
    type Sum: Copy + Default + From<Self> + AddAssign + Into<u64> + Send;

    /// Holds 2^8 times the largest sample squared.
    type WeightedSum: Copy + Default + From<Self> + From<Self::Sum> + AddAssign + Into<u64> + Send;

    /// Returns the sample times `alpha`.
    fn weighted(self, alpha: Self) -> Self::WeightedSum;

    /// Returns a sum of samples times the alpha of opaque pixels.
    fn weighted_opaque(sum: Self::Sum) -> Self::WeightedSum;

    /// Returns a quarter of two sums of two samples each, rounded half up.
    fn quarter(left: Self::Sum, right: Self::Sum) -> Self;

    /// Returns the sample of a level, which is at most [`MAX`](raster::Sample::MAX).
    fn from_level(level: u64) -> Self;
}

impl Averaged for u8 {
    // 2^8 (2^8 - 1) is below 2^16.
    type Sum = u16;
    // 2^8 (2^8 - 1)^2 is below 2^24.
    type WeightedSum = u32;

    fn weighted(self, alpha: Self) -> u32 {
        u32::from(self) * u32::from(alpha)
    }

    fn weighted_opaque(sum: u16) -> u32 {
        u32::from(sum) * u32::from(Self::MAX)
    }

    fn quarter(left: u16, right: u16) -> Self {
        ((left + right + 2) >> 2) as Self
    }

    fn from_level(level: u64) -> Self {
        level as Self
    }
}

impl Averaged for u16 {
    // 2^8 (2^16 - 1) is below 2^24.
    type Sum = u32;
    // 2^8 (2^16 - 1)^2 is below 2^40.
    type WeightedSum = u64;

    fn weighted(self, alpha: Self) -> u64 {
        u64::from(self) * u64::from(alpha)
    }

    fn weighted_opaque(sum: u32) -> u64 {
        u64::from(sum) * u64::from(Self::MAX)
    }

    fn quarter(left: u32, right: u32) -> Self {
        ((left + right + 2) >> 2) as Self
    }

    fn from_level(level: u64) -> Self {
        level as Self
    }
}
