//! Processing URIs: which source, and where its derivatives go.
//!
//! | Scheme | Key of a derivative | Folder of the report |
//! |---|---|---|
//! | `file` | `{target}/{region}/{size}/{rotation}/{quality}.{format}` | target |
//! | `rewrite` | target | target |
//! | `idsecret` | `{tree or prefix}/{id}_{secret}_{label}.{format}` | tree or prefix |

mod error;
mod file;
mod id_secret;
mod key;
mod query;
mod rewrite;
mod secret;

use crate::redact::REDACTED;
use std::fmt;
use std::str::FromStr;

use self::query::{Query, decode};
use crate::{Instructions, Label};

pub use self::error::ParseUriError;
pub use self::file::FileUri;
pub use self::id_secret::IdSecretUri;
pub(crate) use self::key::segment_problem;
pub use self::key::{IMAGE_EXTENSIONS, Origin, Target, has_image_extension};
pub use self::query::encode_path;
pub use self::rewrite::RewriteUri;

/// Which source to process, and how the keys of its derivatives are made.
///
/// Prints as a URI that parses to an equal value, **secrets included**; messages and reports use
/// [`to_redacted_string`](Self::to_redacted_string). `Debug` hides secrets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProcessingUri {
    /// `file`: a folder of derivatives.
    File(FileUri),
    /// `rewrite`: one derivative under a given key.
    Rewrite(RewriteUri),
    /// `idsecret`: derivatives with names that cannot be guessed.
    IdSecret(IdSecretUri),
}

const SCHEMES: [&str; 3] = [FileUri::SCHEME, RewriteUri::SCHEME, IdSecretUri::SCHEME];

/// Separates the target from a name that has no scheme.
const BARE_TARGET: &str = "?target=";

impl ProcessingUri {
    /// Parses a URI, or the name of a file.
    ///
    /// With a scheme, the path is percent-decoded once, and parameters are decoded as forms are (`+`
    /// is a space). Without one, the text is the origin as it stands; only `?target=…` at its end,
    /// and `./` at its start, are taken off. A colon makes a scheme only where
    /// `//` follows, or one slash after a known scheme.
    ///
    /// # Errors
    ///
    /// [`ParseUriError`] if the scheme or a parameter is not known, a parameter is missing, or a key
    /// could leave its bucket.
    pub fn parse(text: &str) -> Result<Self, ParseUriError> {
        match split_scheme(text) {
            Some((scheme, rest)) => Self::parse_with_scheme(scheme, rest),
            None => Self::parse_bare(text),
        }
    }

    /// Returns where the source lies.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        match self {
            Self::File(uri) => uri.origin(),
            Self::Rewrite(uri) => uri.origin(),
            Self::IdSecret(uri) => uri.origin(),
        }
    }

    /// Returns the URI of the source's file name alone, its folders stripped. A target that is given is
    /// kept; the default follows the origin.
    ///
    /// # Errors
    ///
    /// [`ParseUriError::TargetIsOrigin`] if a `rewrite` URI would replace its source.
    pub fn without_folders(self) -> Result<Self, ParseUriError> {
        let origin = self.origin().without_folders();
        Ok(match self {
            Self::File(uri) if uri.target().as_str() == uri.origin().as_str() => {
                Self::File(FileUri::new(origin))
            }
            Self::File(uri) => Self::File(FileUri::new(origin).with_target(uri.target().clone())),
            Self::Rewrite(uri) => Self::Rewrite(RewriteUri::new(origin, uri.target().clone())?),
            Self::IdSecret(uri) => Self::IdSecret(uri.with_origin(origin)),
        })
    }

    /// Returns the scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match self {
            Self::File(_) => FileUri::SCHEME,
            Self::Rewrite(_) => RewriteUri::SCHEME,
            Self::IdSecret(_) => IdSecretUri::SCHEME,
        }
    }

    /// Returns the key or folder that the URI names without any instructions; `None` for an
    /// `idsecret` URI that lacks `label` or `format`.
    #[must_use]
    pub fn target(&self) -> Option<String> {
        match self {
            Self::File(uri) => Some(uri.target().to_string()),
            Self::Rewrite(uri) => Some(uri.target().to_string()),
            Self::IdSecret(uri) => uri.own_key(),
        }
    }

    /// Returns the key under which a derivative is stored.
    ///
    /// Two labels may get the same key: always with `rewrite`, with `file` where their instructions
    /// are the same. Callers refuse that before they start.
    #[must_use]
    pub fn derivative_key(&self, label: &Label, instructions: &Instructions) -> String {
        match self {
            Self::File(uri) => uri.derivative_key(label, instructions),
            Self::Rewrite(uri) => uri.derivative_key(label, instructions),
            Self::IdSecret(uri) => uri.derivative_key(label, instructions),
        }
    }

    /// Returns the folder in which the report is stored, without a slash at its end.
    ///
    /// For `rewrite` it is the target without its extension.
    #[must_use]
    pub fn report_folder(&self) -> String {
        match self {
            Self::File(uri) => uri.report_folder(),
            Self::Rewrite(uri) => uri.report_folder(),
            Self::IdSecret(uri) => uri.report_folder(),
        }
    }

    /// Returns the key of an object in the folder of the report.
    #[must_use]
    pub fn key_beside_report(&self, name: &str) -> String {
        match &self.report_folder()[..] {
            "" => name.to_owned(),
            folder => format!("{folder}/{name}"),
        }
    }

    /// Returns the URI with `******` for its secrets.
    #[must_use]
    pub fn to_redacted_string(&self) -> String {
        match self {
            Self::IdSecret(uri) => uri.to_redacted_text(),
            other => other.to_string(),
        }
    }

    /// Returns `text` with `******` for the secrets of this URI, as they stand in keys.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        match self {
            Self::IdSecret(uri) => text
                .replace(uri.secret_o(), REDACTED)
                .replace(uri.secret(), REDACTED),
            Self::File(_) | Self::Rewrite(_) => text.to_owned(),
        }
    }

    fn parse_bare(text: &str) -> Result<Self, ParseUriError> {
        // `idsecret:a.jpg?secret=…` would show its secret as the name of a file.
        if let Some((scheme, _)) = text.split_once(':')
            && let Some(known) = SCHEMES
                .iter()
                .find(|known| known.eq_ignore_ascii_case(scheme))
        {
            return Err(ParseUriError::NoSlashes { scheme: known });
        }
        let (origin, query) = match text.rfind(BARE_TARGET) {
            // The query starts behind the question mark.
            Some(start) => (&text[..start], &text[start + 1..]),
            None => (text, ""),
        };
        let origin = Origin::new(origin.trim_start_matches("./"))?;
        let query = Query::parse(query, FileUri::PARAMETERS)?;
        FileUri::from_parts(origin, &query).map(Self::File)
    }

    fn parse_with_scheme(scheme: &str, rest: &str) -> Result<Self, ParseUriError> {
        let name = scheme.to_ascii_lowercase();
        let parameters = match name.as_str() {
            FileUri::SCHEME => FileUri::PARAMETERS,
            RewriteUri::SCHEME => RewriteUri::PARAMETERS,
            IdSecretUri::SCHEME => IdSecretUri::PARAMETERS,
            _ => {
                return Err(ParseUriError::UnknownScheme {
                    scheme: scheme.to_owned(),
                });
            }
        };
        if rest.contains('#') {
            return Err(ParseUriError::Fragment);
        }
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        if !path.starts_with('/') && !path.is_empty() {
            return Err(ParseUriError::Host {
                scheme: name,
                path: path.to_owned(),
            });
        }
        let origin = Origin::new(&decode("path", path)?)?;
        let query = Query::parse(query, parameters)?;
        match name.as_str() {
            RewriteUri::SCHEME => RewriteUri::from_parts(origin, &query).map(Self::Rewrite),
            IdSecretUri::SCHEME => IdSecretUri::from_parts(origin, &query).map(Self::IdSecret),
            _ => FileUri::from_parts(origin, &query).map(Self::File),
        }
    }
}

impl FromStr for ProcessingUri {
    type Err = ParseUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for ProcessingUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::File(uri) => uri.to_text(),
            Self::Rewrite(uri) => uri.to_text(),
            Self::IdSecret(uri) => uri.to_text(),
        })
    }
}

/// Returns the texts of a manifest, a URI a line, with the numbers of their lines; the first is 1. Empty
/// lines and a byte order mark are passed over.
pub fn manifest_lines(manifest: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = manifest.trim_start_matches('\u{feff}');
    let lines = text.lines().map(str::trim_end).enumerate();
    lines
        .filter(|(_, line)| !line.is_empty())
        .map(|(index, line)| (index + 1, line))
}

/// Returns what of a text that may be a URI can be shown: what stands behind the question mark, or what was
/// meant for one, may be a secret. What begins with `#`, as comments do elsewhere, is no fragment.
#[must_use]
pub fn without_parameters(text: &str) -> &str {
    let first = text.len() - text.trim_start_matches('#').len();
    let end = text[first..].find(['?', '#', '&']);
    end.map_or(text, |end| &text[..first + end])
}

/// Returns the scheme (RFC 3986 §3.1) and what follows `://`.
///
/// A known scheme may also stand before a single slash, as RFC 8089 §2 has it for `file`.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    if let Some((scheme, rest)) = text.split_once(':')
        && rest.starts_with('/')
        && !rest.starts_with("//")
        && SCHEMES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme))
    {
        return Some((scheme, rest));
    }
    let (scheme, rest) = text.split_once("://")?;
    let mut bytes = scheme.bytes();
    let starts_with_letter = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let is_scheme =
        bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    (starts_with_letter && is_scheme).then_some((scheme, rest))
}
