//! Which color of a palette is the nearest.

use std::fmt;
use std::str::FromStr;

use super::Rgb8;
use super::named::NamedColor;
use crate::{Error, Result};

/// A measure of how far two colors are from each other.
///
/// `Display` and `FromStr` use go-iiif's word, `euclidian`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Grid {
    /// `euclidian`: the straight line between the 8-bit values of red, green and blue. Of
    /// colors equally far, the later one in the palette is the nearest.
    #[default]
    Euclidian,
}

impl Grid {
    /// Returns the nearest of `colors`; `None` if there are none.
    pub(super) fn nearest(self, color: Rgb8, colors: &[NamedColor]) -> Option<NamedColor> {
        let Self::Euclidian = self;
        // `min_by_key` keeps the first of equals, hence backward.
        let backward = colors.iter().rev();
        backward
            .min_by_key(|(_, value)| squared_distance(color, *value))
            .copied()
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Euclidian => f.write_str("euclidian"),
        }
    }
}

impl FromStr for Grid {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidOption`] for any other text.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "euclidian" => Ok(Self::Euclidian),
            _ => Err(Error::InvalidOption {
                option: "palette grid",
                value: format!("`{text}`"),
                expected: "`euclidian`",
            }),
        }
    }
}

fn squared_distance(a: Rgb8, b: Rgb8) -> u32 {
    let squares = a.into_iter().zip(b).map(|(a, b)| {
        let difference = u32::from(a.abs_diff(b));
        difference * difference
    });
    squares.sum()
}
