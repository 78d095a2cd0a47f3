//! `file:///{origin}?target={folder}`

use super::query::{Query, encode_path, encode_query};
use super::{Origin, ParseUriError, Target};
use crate::{Instructions, Label};

/// Derivatives in a folder, each under the path of its instructions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileUri {
    origin: Origin,
    target: Target,
}

impl FileUri {
    pub(super) const SCHEME: &'static str = "file";
    pub(super) const PARAMETERS: &'static [&'static str] = &["target"];

    /// Returns the URI whose derivatives go to a folder named like the source.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        let target = Target::from(&origin);
        Self { origin, target }
    }

    /// Replaces the folder of the derivatives.
    #[must_use]
    pub fn with_target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Returns where the source lies.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the folder of the derivatives. Default: the origin.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn from_parts(origin: Origin, query: &Query) -> Result<Self, ParseUriError> {
        let uri = Self::new(origin);
        match query.get("target") {
            // A folder may be written with a slash at its end.
            Some(target) => Ok(uri.with_target(Target::new(target.trim_end_matches('/'))?)),
            None => Ok(uri),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let target = self.target.as_str();
        let target = (target != self.origin.as_str()).then_some(target);
        let query = encode_query(&[("target", target)]);
        format!("file:///{}{query}", encode_path(self.origin.as_str()))
    }

    pub(super) fn derivative_key(&self, _label: &Label, instructions: &Instructions) -> String {
        format!("{}/{}", self.target, instructions.path())
    }

    pub(super) fn report_folder(&self) -> String {
        self.target.to_string()
    }
}
