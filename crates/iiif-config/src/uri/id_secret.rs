//! `idsecret:///{origin}?id={id}&secret={secret}&secret_o={secret}`

use std::fmt;

use iiif_image_api::Format;

use super::query::{Query, encode_path, encode_query};
use super::secret::Secret;
use super::{Origin, ParseUriError, Target, segment_problem};
use crate::redact::REDACTED;
use crate::{Instructions, Label};

/// Derivatives with names that cannot be guessed: `999/8/9998_{secret}_b.jpg`.
///
/// The original, label `o`, has a secret of its own, so that the names of the others do not give it
/// away. `Debug` hides both.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdSecretUri {
    origin: Origin,
    id: String,
    secret: Secret,
    secret_o: Secret,
    label: Option<Label>,
    format: Option<Format>,
    prefix: Option<Target>,
}

/// Ids are spread over folders of three characters each.
const CHUNK_CHARS: usize = 3;

impl IdSecretUri {
    pub(super) const SCHEME: &'static str = "idsecret";
    pub(super) const PARAMETERS: &'static [&'static str] = &[
        "id",
        "secret",
        "secret_o",
        "label",
        "format",
        "prefix",
        "ensure-int",
    ];

    pub(super) fn with_origin(self, origin: Origin) -> Self {
        Self { origin, ..self }
    }

    /// Returns where the source lies.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the secret of the derivatives; not for messages.
    #[must_use]
    pub fn secret(&self) -> &str {
        self.secret.as_str()
    }

    /// Returns the secret of the original, label `o`; not for messages.
    #[must_use]
    pub fn secret_o(&self) -> &str {
        self.secret_o.as_str()
    }

    /// Returns the label that the URI itself names.
    #[must_use]
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// Returns the format that the URI itself names.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// Returns the folder that stands for the tree of the id.
    #[must_use]
    pub fn prefix(&self) -> Option<&Target> {
        self.prefix.as_ref()
    }

    pub(super) fn from_parts(origin: Origin, query: &Query) -> Result<Self, ParseUriError> {
        let id = query.get("id").ok_or(ParseUriError::MissingParameter {
            scheme: Self::SCHEME,
            name: "id",
            example: "idsecret:///zuber.jpg?id=9998",
        })?;
        check_id(id, query.get("ensure-int").is_some())?;
        Ok(Self {
            origin,
            id: id.to_owned(),
            secret: Secret::new("secret", query.get("secret"))?,
            secret_o: Secret::new("secret_o", query.get("secret_o"))?,
            label: query.get("label").map(str::parse).transpose()?,
            format: query.get("format").map(str::parse).transpose()?,
            prefix: query.get("prefix").map(Target::prefix).transpose()?,
        })
    }

    pub(super) fn to_text(&self) -> String {
        self.text_with(self.secret.as_str(), self.secret_o.as_str())
    }

    pub(super) fn to_redacted_text(&self) -> String {
        self.text_with(REDACTED, REDACTED).replace("%2A", "*")
    }

    pub(super) fn derivative_key(&self, label: &Label, instructions: &Instructions) -> String {
        self.key(label, instructions.request.format)
    }

    pub(super) fn report_folder(&self) -> String {
        match &self.prefix {
            Some(prefix) => prefix.to_string(),
            None => tree(&self.id),
        }
    }

    /// Returns the key that the URI itself names; `None` without a label or a format.
    pub(super) fn own_key(&self) -> Option<String> {
        Some(self.key(self.label.as_ref()?, self.format?))
    }

    fn key(&self, label: &Label, format: Format) -> String {
        let secret = if label.as_str() == Label::ORIGINAL {
            &self.secret_o
        } else {
            &self.secret
        };
        let (folder, id, secret) = (self.report_folder(), &self.id, secret.as_str());
        format!("{folder}/{id}_{secret}_{label}.{format}")
    }

    fn text_with(&self, secret: &str, secret_o: &str) -> String {
        let query = encode_query(&[
            ("id", Some(&self.id)),
            ("secret", Some(secret)),
            ("secret_o", Some(secret_o)),
            ("label", self.label.as_ref().map(Label::as_str)),
            ("format", self.format.map(Format::as_str)),
            ("prefix", self.prefix.as_ref().map(Target::as_str)),
        ]);
        format!("idsecret:///{}{query}", encode_path(self.origin.as_str()))
    }
}

impl fmt::Debug for IdSecretUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IdSecretUri")
            .field(&self.to_redacted_text())
            .finish()
    }
}

fn check_id(id: &str, ensure_integer: bool) -> Result<(), ParseUriError> {
    let problem = segment_problem(id)
        .or_else(|| id.contains("..").then_some("has `..`"))
        // An id like `abc.` would make a folder `.`.
        .or_else(|| tree(id).split('/').find_map(segment_problem))
        .or_else(|| {
            let is_integer = id.parse::<u64>().is_ok();
            (ensure_integer && !is_integer).then_some("is not a whole number below 2^64")
        });
    match problem {
        None => Ok(()),
        Some(problem) => Err(ParseUriError::Id {
            text: id.to_owned(),
            problem,
        }),
    }
}

/// Returns the folders of an id: `1234` is `123/4`.
fn tree(id: &str) -> String {
    let characters: Vec<char> = id.chars().collect();
    let chunks: Vec<String> = characters
        .chunks(CHUNK_CHARS)
        .map(|chunk| chunk.iter().collect())
        .collect();
    chunks.join("/")
}
