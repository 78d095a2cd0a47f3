//! Why a processing URI could not be parsed.

use crate::names::alternatives;
use crate::{ErrorKind, LabelError};

/// A text that is no processing URI. Secrets are never part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseUriError {
    /// The scheme is not known.
    #[error(
        "scheme `{scheme}` is not known; expected `file`, `rewrite` or `idsecret`, or the name of a file without a scheme"
    )]
    UnknownScheme {
        /// The scheme, as written.
        scheme: String,
    },
    /// A known scheme without the slashes of a URI.
    #[error(
        "`{scheme}:` is not followed by `///`; expected `{scheme}:///NAME`, or `./{scheme}:NAME` for a file of that name"
    )]
    NoSlashes {
        /// The scheme.
        scheme: &'static str,
    },
    /// Something stands between `//` and the path, where a host would.
    #[error(
        "`{scheme}://{path}` has two slashes, which makes its first part a host; expected `{scheme}:///{path}`"
    )]
    Host {
        /// The scheme.
        scheme: String,
        /// What follows the slashes, up to the parameters.
        path: String,
    },
    /// A `#` would cut the URI short.
    #[error("the URI has a `#`; expected `%23` for one in a name")]
    Fragment,
    /// A `%` without two hexadecimal digits.
    #[error(
        "the {part} has a `%` without two hexadecimal digits; expected `%25` for a percent sign"
    )]
    Escape {
        /// The part of the URI.
        part: &'static str,
    },
    /// Percent-encoded bytes that are not UTF-8.
    #[error("the {part} is not UTF-8 after decoding; expected percent-encoded UTF-8")]
    NotUtf8 {
        /// The part of the URI.
        part: &'static str,
    },
    /// A parameter that the scheme does not have.
    #[error("parameter `{name}` is not known; expected {}", alternatives(accepted.iter().copied()))]
    UnknownParameter {
        /// Its name.
        name: String,
        /// The parameters of the scheme.
        accepted: &'static [&'static str],
    },
    /// A parameter that is given twice.
    #[error("parameter `{name}` is given twice; expected it once")]
    RepeatedParameter {
        /// Its name.
        name: String,
    },
    /// A parameter that the scheme needs.
    #[error("`{scheme}` needs the parameter `{name}`; expected a URI such as `{example}`")]
    MissingParameter {
        /// The scheme.
        scheme: &'static str,
        /// The parameter.
        name: &'static str,
        /// A URI that has it.
        example: &'static str,
    },
    /// A key that could leave the bucket, or names nothing.
    #[error("{name} `{}` {problem}; expected a key such as `2024/zuber.jpg`, without `.`, `..` and empty segments, backslashes and control characters", text.escape_debug())]
    Key {
        /// What the key is for: `origin`, `target` or `prefix`.
        name: &'static str,
        /// The key.
        text: String,
        /// What is wrong with it, to be read after the text.
        problem: &'static str,
    },
    /// The target of a rewrite is its origin, which would overwrite the source.
    #[error("target `{target}` is the origin itself; expected another key")]
    TargetIsOrigin {
        /// The target.
        target: String,
    },
    /// An id that cannot become folders and part of a file name.
    #[error("id `{}` {problem}; expected an id such as `9998`", text.escape_debug())]
    Id {
        /// The id.
        text: String,
        /// What is wrong with it, to be read after the text.
        problem: &'static str,
    },
    /// A secret that cannot be part of a file name.
    #[error("{name} {problem}; expected letters and digits")]
    Secret {
        /// `secret` or `secret_o`.
        name: &'static str,
        /// What is wrong with it, to be read after the name.
        problem: &'static str,
    },
    /// The label cannot be used.
    #[error("the label cannot be used")]
    Label {
        /// What is wrong with it.
        #[from]
        source: LabelError,
    },
    /// The format cannot be used.
    #[error("the format cannot be used")]
    Format {
        /// What is wrong with it.
        #[from]
        source: iiif_image_api::ParseError,
    },
    /// The operating system has no random numbers for a secret.
    #[error("no secret could be generated")]
    Random {
        /// Why.
        #[from]
        source: getrandom::Error,
    },
}

impl ParseUriError {
    /// Returns what the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Random { .. } => ErrorKind::Unavailable,
            _ => ErrorKind::InvalidRequest,
        }
    }
}
