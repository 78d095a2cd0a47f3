//! The name of a derivative.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// The name of a derivative: a key of the instructions and the report, part of `idsecret` keys.
///
/// Not empty, not `.` or `..`, without `/`, `\` and control characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Label(String);

/// A text that cannot be a label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("label `{}` {problem}; expected a name such as `b`, without `/`, `\\` and control characters", text.escape_debug())]
pub struct LabelError {
    /// The text.
    pub text: String,
    /// What is wrong with it, to be read after the text.
    pub problem: &'static str,
}

impl Label {
    /// The label that takes `secret_o` in `idsecret` keys: the original.
    pub const ORIGINAL: &'static str = "o";

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = LabelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match crate::uri::segment_problem(text) {
            None => Ok(Self(text.to_owned())),
            Some(problem) => Err(LabelError {
                text: text.to_owned(),
                problem,
            }),
        }
    }
}

impl Borrow<str> for Label {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Label {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
