//! Decimal numbers as they stand in requests.

use std::fmt;

/// A non-negative decimal with ten digits after the point, kept exactly.
///
/// Ten digits are what Image API 2.1 §4 allows; 3.0 names no number, and browsers write up to
/// seventeen, so further digits are read and dropped. Prints without trailing zeros and with a
/// leading zero, the canonical form of 3.0 §4.7. Range: 0 to 1,844,674,407.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Decimal(u64);

const DIGITS: u32 = 10;
const ONE: u64 = 10_u64.pow(DIGITS);

impl Decimal {
    /// Returns the decimal of a whole number.
    #[must_use]
    pub const fn from_integer(value: u16) -> Self {
        Self(value as u64 * ONE)
    }

    /// Parses digits with an optional point; `None` for a sign, an exponent, an empty text or a
    /// number out of range. Digits after the tenth behind the point are dropped.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let empty = whole.is_empty() && fraction.is_empty();
        if empty || !digits(whole) || !digits(fraction) {
            return None;
        }
        let fraction = &fraction[..fraction.len().min(DIGITS as usize)];
        let whole: u64 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        let fraction: u64 = format!("{fraction:0<10}").parse().ok()?;
        whole.checked_mul(ONE)?.checked_add(fraction).map(Self)
    }

    /// Returns `self` percent of `length`, rounded half up.
    pub(crate) fn percent_of(self, length: u32) -> u64 {
        let hundred = u128::from(ONE) * 100;
        let product = u128::from(self.0) * u128::from(length) + hundred / 2;
        u64::try_from(product / hundred).unwrap_or(u64::MAX)
    }

    /// Returns the nearest floating-point number.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = self.0 % ONE;
        write!(f, "{}", self.0 / ONE)?;
        if fraction > 0 {
            let digits = format!("{fraction:010}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        Ok(())
    }
}
