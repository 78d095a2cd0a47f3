//! What in a file has no effect.

use std::fmt;

use crate::Place;

/// Something in a file that has no effect, and probably was meant to have one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A key that nobody reads.
    UnknownKey {
        /// The key.
        place: Place,
        /// The known key that it looks like.
        nearest: Option<String>,
    },
    /// A key that stands twice in one object; the later one counts.
    DuplicateKey {
        /// The earlier of the two, which is ignored.
        place: Place,
        /// The line of the later one, from 1.
        later_line: usize,
    },
    /// A feature that this project does not have; the rest of the file holds.
    UnavailableFeature {
        /// Where it is named.
        place: Place,
        /// Its name.
        name: String,
    },
}

/// A value read from a file, and what had no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The value.
    pub value: T,
    /// What had no effect, in the order in which the file was read.
    pub warnings: Vec<Warning>,
}

impl Warning {
    /// Returns where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        match self {
            Self::UnknownKey { place, .. }
            | Self::DuplicateKey { place, .. }
            | Self::UnavailableFeature { place, .. } => place,
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey {
                place,
                nearest: Some(nearest),
            } => write!(f, "{place} is no known key; did you mean `{nearest}`?"),
            Self::UnknownKey {
                place,
                nearest: None,
            } => write!(f, "{place} is no known key and has no effect"),
            Self::DuplicateKey { place, later_line } => {
                write!(f, "{place} stands again on line {later_line}, which counts")
            }
            Self::UnavailableFeature { place, name } => {
                write!(
                    f,
                    "{place} names `{name}`, a feature that is not available here"
                )
            }
        }
    }
}
