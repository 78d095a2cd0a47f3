//! `rewrite:///{origin}?target={key}`

use super::query::{Query, encode_path, encode_query};
use super::{Origin, ParseUriError, Target};
use crate::{Instructions, Label};

/// One derivative under a given key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RewriteUri {
    origin: Origin,
    target: Target,
}

impl RewriteUri {
    pub(super) const SCHEME: &'static str = "rewrite";
    pub(super) const PARAMETERS: &'static [&'static str] = &["target"];

    /// Returns the URI whose derivative goes to `target`.
    ///
    /// # Errors
    ///
    /// [`ParseUriError::TargetIsOrigin`] if both are the same key.
    pub fn new(origin: Origin, target: Target) -> Result<Self, ParseUriError> {
        if origin.as_str() == target.as_str() {
            return Err(ParseUriError::TargetIsOrigin {
                target: target.to_string(),
            });
        }
        Ok(Self { origin, target })
    }

    /// Returns where the source lies.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the key of the derivative.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn from_parts(origin: Origin, query: &Query) -> Result<Self, ParseUriError> {
        let target = query.get("target").ok_or(ParseUriError::MissingParameter {
            scheme: Self::SCHEME,
            name: "target",
            example: "rewrite:///zuber.jpg?target=small/zuber.jpg",
        })?;
        Self::new(origin, Target::new(target)?)
    }

    pub(super) fn to_text(&self) -> String {
        let query = encode_query(&[("target", Some(self.target.as_str()))]);
        format!("rewrite:///{}{query}", encode_path(self.origin.as_str()))
    }

    pub(super) fn derivative_key(&self, _label: &Label, _instructions: &Instructions) -> String {
        self.target.to_string()
    }

    /// The target without its extension: a file system cannot hold a file and a folder of one name.
    pub(super) fn report_folder(&self) -> String {
        let target = self.target.as_str();
        let name = target.rfind('/').map_or(0, |slash| slash + 1);
        match target.rfind('.') {
            Some(point) if point > name => target[..point].to_owned(),
            _ => target.to_owned(),
        }
    }
}
