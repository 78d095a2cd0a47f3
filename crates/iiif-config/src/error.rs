//! Why a file could not be used.

use iiif_image_api::ParseError;

use crate::{FeatureError, LabelError, Place};

/// A configuration or instructions file that could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is not JSON, or nests deeper than 128 levels.
    #[error("{file}:{line}:{column}: the file is not valid JSON")]
    Syntax {
        /// The name of the file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, in bytes from 1.
        column: usize,
        /// What was met.
        source: SyntaxError,
    },
    /// A value has the wrong type, is out of range or is no word that is known.
    #[error("{place} is {found}; expected {expected}")]
    Mismatch {
        /// The value.
        place: Box<Place>,
        /// What stands there: "a string", "`blur`".
        found: String,
        /// What is accepted.
        expected: String,
    },
    /// A block of `features` that does not exist.
    #[error(
        "{place} is no block of features; expected `region`, `size`, `rotation`, `quality` or `format`"
    )]
    UnknownBlock {
        /// The block.
        place: Box<Place>,
    },
    /// A feature that does not exist is to be switched on or off.
    #[error("{place} is `{name}`, which is no known feature; {hint}")]
    UnknownFeature {
        /// The name's place.
        place: Box<Place>,
        /// The name.
        name: String,
        /// The nearest name, or all names of the block.
        hint: String,
    },
    /// A label that cannot become part of a key.
    #[error("{place} cannot be a label")]
    Label {
        /// The label.
        place: Box<Place>,
        /// What is wrong with it.
        source: LabelError,
    },
    /// A parameter of an instruction that no form of the Image API matches.
    #[error("{place} cannot be used")]
    Parameter {
        /// The parameter.
        place: Box<Place>,
        /// What is wrong with it.
        source: ParseError,
    },
    /// An instruction that uses a feature that is switched off or not available.
    #[error("{place} cannot be answered")]
    Feature {
        /// The instruction.
        place: Box<Place>,
        /// The feature.
        source: FeatureError,
    },
    /// An instructions file without a single instruction.
    #[error(
        "{file}: there are no instructions; expected at least one label, such as `{{\"b\": {{\"size\": \"!2048,1536\"}}}}`"
    )]
    NoInstructions {
        /// The name of the file.
        file: String,
    },
}

/// What is wrong with the JSON of a file. The error above says where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct SyntaxError {
    problem: String,
}

impl SyntaxError {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let problem = text.strip_suffix(&place).unwrap_or(&text).to_owned();
        Self { problem }
    }
}

/// What a caller can do about an error. Stable across releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file has to be corrected.
    InvalidConfig,
    /// What was given on the command line or in an event has to be corrected.
    InvalidRequest,
    /// The file is valid, and asks for what is switched off or not done here.
    Unsupported,
    /// The operating system has no random numbers.
    Unavailable,
}

impl Error {
    /// Returns what the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Feature { .. } => ErrorKind::Unsupported,
            _ => ErrorKind::InvalidConfig,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_and_cross_threads() {
        fn assert_sendable<T: Send + Sync + 'static>() {}
        assert_sendable::<Error>();
        assert!(size_of::<Error>() <= 96, "{}", size_of::<Error>());
    }
}
