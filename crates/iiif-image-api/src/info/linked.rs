//! Resources that info.json of 3.0 links to (3.0 §5.8).

use std::collections::BTreeMap;

use serde::Serialize;

/// Texts by language: `{"en": ["a map"]}`; `none` stands for no language.
pub type LanguageMap = BTreeMap<String, Vec<String>>;

/// An entry of `partOf` or `seeAlso`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LinkedResource {
    /// The URI.
    pub id: String,
    /// What it is: `Manifest`, `Dataset`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name. Default: none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub label: LanguageMap,
    /// Its media type. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The URI of the schema that it follows. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl LinkedResource {
    /// Returns a link without label, format and profile.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            label: LanguageMap::new(),
            format: None,
            profile: None,
        }
    }

    /// Adds a text to [`label`](Self::label).
    #[must_use]
    pub fn with_label(mut self, language: impl Into<String>, text: impl Into<String>) -> Self {
        self.label
            .entry(language.into())
            .or_default()
            .push(text.into());
        self
    }

    /// Sets [`format`](Self::format).
    #[must_use]
    pub fn with_format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// Sets [`profile`](Self::profile).
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = Some(profile.into());
        self
    }
}
