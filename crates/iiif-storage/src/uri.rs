//! Bucket URIs, taken apart.

use std::collections::BTreeMap;
use std::fmt;

use aws_dsn::CredentialSource;
use percent_encoding::percent_decode_str;

use crate::{Error, Result};

/// A bucket URI: `scheme://place?name=value&...`.
///
/// `Display` gives it back without secrets. `Debug` does the same.
#[derive(Clone)]
pub(crate) struct BucketUri {
    /// In lower case; empty for a bare path.
    pub(crate) scheme: String,
    /// What stands between `://` and `?`, as it is.
    pub(crate) place: String,
    params: BTreeMap<String, String>,
}

/// Parameters whose values are shown; of all others, only the names.
const SHOWN: [&str; 15] = [
    "account",
    "acl",
    "allow_private",
    "anonymous",
    "create_dir",
    "endpoint",
    "metadata",
    "no_tmp_dir",
    "prefix",
    "profile",
    "region",
    "role",
    "storage_account",
    "use_path_style",
    "disable_https",
];

impl BucketUri {
    /// Takes `uri` apart. What has no `://` is a bare path as it is.
    pub(crate) fn parse(uri: &str) -> Result<Self> {
        let Some((scheme, rest)) = uri.split_once("://") else {
            return Ok(Self {
                scheme: String::new(),
                place: uri.to_owned(),
                params: BTreeMap::new(),
            });
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut parsed = Self {
            scheme: scheme.to_ascii_lowercase(),
            place: place.to_owned(),
            params: BTreeMap::new(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = match name {
                // Secret keys contain `+` and never a space.
                "credentials" => parsed.decode(value)?,
                _ => parsed.decode(&value.replace('+', " "))?,
            };
            if parsed.params.insert(name.to_owned(), value).is_some() {
                return Err(parsed.invalid(format!("has `{name}` twice; expected it once")));
            }
        }
        Ok(parsed)
    }

    /// Returns the percent-decoded place.
    pub(crate) fn decoded_place(&self) -> Result<String> {
        self.decode(&self.place)
    }

    /// Returns the value of a parameter that is there and not empty.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.params
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Returns the credentials, which may be empty.
    #[cfg(feature = "aws")]
    pub(crate) fn credentials(&self) -> Option<&str> {
        self.params.get("credentials").map(String::as_str)
    }

    /// Returns whether a switch is on; missing is `default`, and a name without a value is on.
    pub(crate) fn switch(&self, name: &str, default: bool) -> Result<bool> {
        let Some(value) = self.params.get(name) else {
            return Ok(default);
        };
        match value.to_ascii_lowercase().as_str() {
            "" | "1" | "t" | "true" => Ok(true),
            "0" | "f" | "false" => Ok(false),
            _ => Err(self.invalid(format!(
                "has an unknown value for `{name}`; expected `true` or `false`"
            ))),
        }
    }

    /// Checks that all parameters are among `accepted` or for all backends.
    pub(crate) fn check_params(&self, accepted: &[&str]) -> Result<()> {
        let known = |name: &str| name == "prefix" || accepted.contains(&name);
        match self.params.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => {
                let mut names: Vec<String> = accepted
                    .iter()
                    .chain(&["prefix"])
                    .map(|name| format!("`{name}`"))
                    .collect();
                names.sort_unstable();
                Err(self.invalid(format!(
                    "has an unknown parameter `{name}`; expected {}",
                    names.join(", ")
                )))
            }
        }
    }

    /// Returns the name of the bucket.
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    pub(crate) fn bucket_name(&self) -> Result<&str> {
        match self.place.split('/').next().unwrap_or_default() {
            "" => Err(self.invalid("has no bucket; expected one after `://`".to_owned())),
            name if name.contains(['@', ':', '%', '#', '\\', ' ']) => Err(self.invalid(
                "has no name of a bucket after `://`; expected `bucket` or `bucket/folder`"
                    .to_owned(),
            )),
            name => Ok(name),
        }
    }

    /// Returns the percent-decoded folder behind the name of the bucket; empty if there is none.
    pub(crate) fn folder(&self) -> Result<String> {
        let (_, folder) = self.place.split_once('/').unwrap_or_default();
        self.decode(folder)
    }

    /// Returns a parameter that is a URL without a user or password in it.
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    pub(crate) fn url_param(&self, name: &str) -> Result<Option<&str>> {
        let Some(url) = self.param(name) else {
            return Ok(None);
        };
        let is_http = url.starts_with("http://") || url.starts_with("https://");
        if !is_http || url.contains('@') {
            return Err(self.invalid(format!(
                "has a `{name}` that is no URL; expected `http://host:port` or `https://host`"
            )));
        }
        Ok(Some(url.trim_end_matches('/')))
    }

    pub(crate) fn invalid(&self, problem: String) -> Error {
        Error::InvalidUri {
            uri: self.to_string(),
            problem,
        }
    }

    pub(crate) fn unsupported(&self, missing: impl Into<String>) -> Error {
        Error::Unsupported {
            uri: self.to_string(),
            missing: missing.into(),
        }
    }

    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp", feature = "http"))]
    pub(crate) fn cannot_open(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        Error::Open {
            uri: self.to_string(),
            source: source.into(),
        }
    }

    fn decode(&self, text: &str) -> Result<String> {
        match percent_decode_str(text).decode_utf8() {
            Ok(decoded) => Ok(decoded.into_owned()),
            Err(_) => Err(self.invalid("has percent-encoded bytes that are no UTF-8".to_owned())),
        }
    }
}

impl fmt::Display for BucketUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.scheme.is_empty() {
            return f.write_str(&self.place);
        }
        write!(f, "{}://", self.scheme)?;
        match self.place.rsplit_once('@') {
            Some((_, host)) if self.scheme != "file" => write!(f, "******@{host}")?,
            _ => f.write_str(&self.place)?,
        }
        for (index, (name, value)) in self.params.iter().enumerate() {
            f.write_str(if index == 0 { "?" } else { "&" })?;
            match name.as_str() {
                "credentials" => match value.parse::<CredentialSource>() {
                    Ok(source) => write!(f, "credentials={source}")?,
                    Err(_) => f.write_str("credentials=******")?,
                },
                name if SHOWN.contains(&name) && !(name == "endpoint" && value.contains('@')) => {
                    write!(f, "{name}={value}")?;
                }
                name => write!(f, "{name}=******")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for BucketUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketUri({self})")
    }
}
