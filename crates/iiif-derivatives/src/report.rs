//! What became of one image.

use std::collections::BTreeMap;

use iiif_pipeline::AnalysisReport;
use serde::Serialize;

/// The label under which a failure of the whole source stands.
pub(crate) const SOURCE: &str = "source";

/// What became of one image: an object of JSON whose keys are those of go-iiif, and `errors`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProcessReport {
    /// Width and height of each derivative, in pixels.
    pub dimensions: BTreeMap<String, [u32; 2]>,
    /// What failed: by label, or under `source` where nothing could be made at all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, Failure>,
    /// The origin: the key of the image in its bucket.
    pub origin: String,
    /// SHA-256 of the source's bytes, in lower-case hex, behind `sha256:`. Missing where the source
    /// could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_fingerprint: Option<String>,
    /// The processing URI, its secrets redacted.
    pub origin_uri: String,
    /// Palette, BlurHash and image hash, as far as they are enabled.
    #[serde(flatten)]
    pub analysis: AnalysisReport,
    /// Where each derivative lies: `file:///` and its key.
    pub uris: BTreeMap<String, String>,
}

/// Why a derivative, or all of them, could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// The reason with its causes.
    pub reason: String,
    /// The format that was found in the source's bytes, where they are an image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

impl ProcessReport {
    /// Returns whether every derivative was written.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.errors.is_empty()
    }
}

impl Failure {
    pub(crate) fn new(error: &(dyn std::error::Error + 'static), format: Option<String>) -> Self {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            reason.push_str(": ");
            reason.push_str(&error.to_string());
            cause = error.source();
        }
        Self { reason, format }
    }
}
