//! How the report of an image is named.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// The name of a report: text in which `{sha256_origin}` stands for the SHA-256 of the origin, in
/// lower-case hex.
///
/// The form is that of RFC 6570, with the one variable that go-iiif knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportName(String);

/// A text that is no name of a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "report name `{0}` cannot be used; expected a file name without `/`, in which `{{sha256_origin}}` may stand"
)]
pub struct ParseReportNameError(String);

const VARIABLE: &str = "{sha256_origin}";

impl ReportName {
    /// `process.json`, the name in the image's own folder.
    #[must_use]
    pub fn fixed() -> Self {
        Self("process.json".to_owned())
    }

    /// `process_{sha256_origin}.json`, which tells images apart within one folder.
    #[must_use]
    pub fn per_origin() -> Self {
        Self(format!("process_{VARIABLE}.json"))
    }

    /// Returns the name for the image with this origin.
    #[must_use]
    pub fn expand(&self, origin: &str) -> String {
        if self.0.contains(VARIABLE) {
            self.0
                .replace(VARIABLE, &hex::encode(Sha256::digest(origin)))
        } else {
            self.0.clone()
        }
    }
}

impl FromStr for ReportName {
    type Err = ParseReportNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let literal = text.replace(VARIABLE, "");
        let bad = |character: char| "/\\{}".contains(character) || character.is_control();
        if text.is_empty() || text == "." || text == ".." || literal.contains(bad) {
            return Err(ParseReportNameError(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for ReportName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_the_sha256_of_the_origin() {
        // go-iiif names the report of `test.jpg` so.
        let hash = "0d407ee6406a1216f2366674a1a9ff71361d5bef47021f8eb8b51f95e319dd56";
        assert_eq!(
            ReportName::per_origin().expand("test.jpg"),
            format!("process_{hash}.json")
        );
        assert_eq!(ReportName::fixed().expand("test.jpg"), "process.json");
    }

    #[test]
    fn names_that_leave_the_folder_or_use_other_variables_are_refused() {
        for text in [
            "",
            ".",
            "..",
            "a/b.json",
            "a\\b",
            "{id}.json",
            "{sha256_origin",
            "a\nb",
        ] {
            assert!(text.parse::<ReportName>().is_err(), "{text:?}");
        }
        for text in ["process.json", "{sha256_origin}.json", "100%.json"] {
            assert!(text.parse::<ReportName>().is_ok(), "{text:?}");
        }
    }
}
