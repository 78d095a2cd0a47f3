//! The versions of the Image API.

use std::fmt;

/// A version of the IIIF Image API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ApiVersion {
    /// Version 2.1 (and 2.0, which it extends).
    V2,
    /// Version 3.0.
    V3,
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2 => "2.1",
            Self::V3 => "3.0",
        })
    }
}
