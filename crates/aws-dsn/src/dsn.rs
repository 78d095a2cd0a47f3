//! A region, credentials and an endpoint in one string.

use std::fmt;
use std::str::FromStr;

use crate::{CredentialSource, ParseCredentialsError};

/// How to reach an AWS service: `region=us-east-1 credentials=iam:`.
///
/// Pairs of `key=value` stand apart by spaces, in any order. The first `=` ends the key, so a value
/// may contain more of them; a value in double quotes may contain spaces. `Display` gives the
/// canonical form: sorted by key, secrets replaced by asterisks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AwsDsn {
    /// `region`: the AWS region. Required.
    pub region: String,
    /// `credentials`: where the credentials come from. Required, though it may be empty.
    pub credentials: CredentialSource,
    /// `endpoint`: a URL to talk to in place of the one that belongs to the region. Default: none.
    pub endpoint: Option<String>,
}

/// Why text is no [`AwsDsn`]. Values are never repeated, since they may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDsnError {
    /// A part has no `=`.
    #[error(
        "part {position} of the DSN has no `=`; expected `key=value` pairs with spaces between them"
    )]
    NotAPair {
        /// Which part it is; the first is 1.
        position: usize,
    },
    /// A double quote is not closed, or something other than a space follows the closing one.
    #[error(
        "the value of `{key}` is not closed by a double quote that ends it; expected `{key}=\"value\"`"
    )]
    Quote {
        /// The key.
        key: String,
    },
    /// The key is none of ours.
    #[error("unknown DSN key `{key}`; expected `credentials`, `region` or `endpoint`")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// The key is there twice.
    #[error("DSN key `{key}` is set twice; expected it once")]
    Duplicate {
        /// The key.
        key: String,
    },
    /// A required key is missing, or a value is empty that must not be.
    #[error("DSN has no `{key}`; expected `{}`", example(key))]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// The endpoint is no URL, or holds a user or a password, which would be shown.
    #[error("DSN key `endpoint` is no URL; expected `http://host:port` or `https://host`")]
    Endpoint,
    /// The credentials have no known form.
    #[error("cannot read DSN key `credentials`")]
    Credentials {
        /// What is wrong with them.
        source: ParseCredentialsError,
    },
}

impl AwsDsn {
    /// Returns a DSN without an endpoint of its own.
    #[must_use]
    pub fn new(region: impl Into<String>, credentials: CredentialSource) -> Self {
        Self {
            region: region.into(),
            credentials,
            endpoint: None,
        }
    }

    /// Sets [`endpoint`](Self::endpoint).
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }
}

impl FromStr for AwsDsn {
    type Err = ParseDsnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut region, mut credentials, mut endpoint) = (None, None, None);
        let mut rest = text.trim();
        let mut position = 1;
        while !rest.is_empty() {
            let (key, value, remaining) = next_pair(rest, position)?;
            let slot = match key {
                "region" => &mut region,
                "credentials" => &mut credentials,
                "endpoint" => &mut endpoint,
                _ => {
                    return Err(ParseDsnError::UnknownKey {
                        key: key.to_owned(),
                    });
                }
            };
            if slot.replace(value).is_some() {
                return Err(ParseDsnError::Duplicate {
                    key: key.to_owned(),
                });
            }
            rest = remaining.trim_start();
            position += 1;
        }
        let required = |value: Option<&str>, key| {
            value
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
                .ok_or(ParseDsnError::Missing { key })
        };
        let credentials = credentials
            .ok_or(ParseDsnError::Missing { key: "credentials" })?
            .parse()
            .map_err(|source| ParseDsnError::Credentials { source })?;
        let is_url = |url: &&str| {
            let host = url.strip_prefix("http://").or(url.strip_prefix("https://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
        };
        if endpoint
            .filter(|url| !url.is_empty())
            .is_some_and(|url| !is_url(&url))
        {
            return Err(ParseDsnError::Endpoint);
        }
        Ok(Self {
            region: required(region, "region")?,
            credentials,
            endpoint: endpoint
                .map(|endpoint| required(Some(endpoint), "endpoint"))
                .transpose()?,
        })
    }
}

impl fmt::Display for AwsDsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let credentials = self.credentials.to_string();
        write!(f, "credentials={}", Quoted(&credentials))?;
        if let Some(endpoint) = &self.endpoint {
            write!(f, " endpoint={}", Quoted(endpoint))?;
        }
        write!(f, " region={}", Quoted(&self.region))
    }
}

/// A value, in quotes where it needs them.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(char::is_whitespace) {
            write!(f, "\"{}\"", self.0)
        } else {
            f.write_str(self.0)
        }
    }
}

/// Splits `key=value` off the front of `text`; returns both and what is left.
fn next_pair(text: &str, position: usize) -> Result<(&str, &str, &str), ParseDsnError> {
    let end_of_word = text.find(char::is_whitespace).unwrap_or(text.len());
    let Some((key, _)) = text[..end_of_word].split_once('=') else {
        return Err(ParseDsnError::NotAPair { position });
    };
    let value = &text[key.len() + 1..];
    let Some(quoted) = value.strip_prefix('"') else {
        return Ok((key, &text[key.len() + 1..end_of_word], &text[end_of_word..]));
    };
    match quoted.split_once('"') {
        Some((value, rest)) if rest.is_empty() || rest.starts_with(char::is_whitespace) => {
            Ok((key, value, rest))
        }
        _ => Err(ParseDsnError::Quote {
            key: key.to_owned(),
        }),
    }
}

fn example(key: &str) -> &'static str {
    match key {
        "region" => "region=us-east-1",
        "credentials" => "credentials=iam:",
        _ => "endpoint=http://localhost:4566",
    }
}

#[cfg(test)]
mod tests;
