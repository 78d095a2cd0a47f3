//! Where a service answers, and the URIs below that place (Image API 2.1 §2, 3.0 §2).

use std::fmt;
use std::str::FromStr;

use crate::{CanonicalRequest, Identifier};

/// `{scheme}://{server}{/prefix}`: where a service answers, without a trailing slash.
///
/// The base of all of a service's URIs. What the specification calls the base URI of an image is
/// [`ImageUri`].
///
/// # Examples
///
/// ```
/// use iiif_image_api::{BaseUri, Identifier};
///
/// let base: BaseUri = "https://example.org/iiif/3".parse()?;
/// let image = base.image(&Identifier::new("maps/1.tif")?);
/// assert_eq!(image.as_str(), "https://example.org/iiif/3/maps%2F1.tif");
/// assert_eq!(image.info(), "https://example.org/iiif/3/maps%2F1.tif/info.json");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUri {
    text: String,
    authority_start: usize,
    authority_end: usize,
}

/// A text that is no base URI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("base URI `{text}` {problem}; expected `http://` or `https://`, a host and a path")]
pub struct BaseUriError {
    /// The text as it came, control characters escaped.
    pub text: String,
    /// What is wrong with it, to be read after the text.
    pub problem: &'static str,
}

/// The base URI of one image, the `id` of its info.json:
/// `{scheme}://{server}{/prefix}/{identifier}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageUri(String);

/// The one URI for a derivative among all that give the same pixels (2.1 §4.7, 3.0 §4.8).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalUri(String);

impl BaseUri {
    /// Returns `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.text[..self.authority_start - "://".len()]
    }

    /// Returns the host, with a port where one was given.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.text[self.authority_start..self.authority_end]
    }

    /// Returns the path without slashes around it, empty where there is none: `iiif/3`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.text[self.authority_end..].trim_start_matches('/')
    }

    /// Returns the URI of an image.
    #[must_use]
    pub fn image(&self, identifier: &Identifier) -> ImageUri {
        ImageUri(format!("{self}/{}", identifier.to_path_segment()))
    }
}

impl ImageUri {
    /// Returns the URI, which has no trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the URI of the image's info.json.
    #[must_use]
    pub fn info(&self) -> String {
        format!("{self}/info.json")
    }

    /// Returns the URI of a derivative of the image.
    #[must_use]
    pub fn canonical(&self, request: &CanonicalRequest) -> CanonicalUri {
        CanonicalUri(format!("{self}/{request}"))
    }
}

impl CanonicalUri {
    /// Returns the URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the value of the `Link` header that names the URI (RFC 8288, relation `canonical`).
    #[must_use]
    pub fn link_header(&self) -> String {
        format!("<{self}>;rel=\"canonical\"")
    }
}

impl FromStr for BaseUri {
    type Err = BaseUriError;

    /// Takes and drops trailing slashes; the scheme may be in capitals.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |problem| BaseUriError {
            text: text.escape_debug().to_string(),
            problem,
        };
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| fail("has no scheme"))?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "http" && scheme != "https" {
            return Err(fail("has another scheme"));
        }
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(fail("has spaces, control or non-ASCII characters"));
        }
        if rest.contains(['?', '#', '@', '"', '<', '>', '\\']) {
            return Err(fail("has a query, a fragment, a user or a delimiter"));
        }
        let rest = rest.trim_end_matches('/');
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if authority.is_empty() {
            return Err(fail("has no host"));
        }
        if !prefix.is_empty()
            && prefix
                .split('/')
                .any(|part| matches!(part, "" | "." | ".."))
        {
            return Err(fail("has an empty, `.` or `..` step in its path"));
        }
        let authority_start = scheme.len() + "://".len();
        Ok(Self {
            authority_start,
            authority_end: authority_start + authority.len(),
            text: format!("{scheme}://{rest}"),
        })
    }
}

impl fmt::Display for BaseUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for ImageUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CanonicalUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
