//! Keys inside a bucket.

use std::fmt;

use super::ParseUriError;

/// The extensions of images that can be read, in lower case and in the order of letters.
pub const IMAGE_EXTENSIONS: [&str; 14] = [
    "bmp", "gif", "j2c", "j2k", "jp2", "jpc", "jpeg", "jpf", "jpg", "jpx", "png", "tif", "tiff",
    "webp",
];

/// Where a source lies in its bucket: a decoded key such as `2024/zuber.jpg`.
///
/// Not empty, without a leading or trailing slash, empty, `.` and `..` segments, backslashes and
/// control characters; so it cannot leave the bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

/// Where derivatives go in their bucket: a key or a folder, under the rules of [`Origin`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target(String);

impl Origin {
    /// Checks a decoded key; leading slashes are dropped.
    ///
    /// # Errors
    ///
    /// [`ParseUriError::Key`] if it could leave the bucket or names nothing.
    pub fn new(key: &str) -> Result<Self, ParseUriError> {
        check("origin", key).map(Self)
    }

    /// Returns the decoded key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn without_folders(&self) -> Self {
        Self(file_name(&self.0).to_owned())
    }
}

impl Target {
    /// Checks a decoded key; leading slashes are dropped.
    ///
    /// # Errors
    ///
    /// [`ParseUriError::Key`] if it could leave the bucket or names nothing.
    pub fn new(key: &str) -> Result<Self, ParseUriError> {
        check("target", key).map(Self)
    }

    pub(super) fn prefix(key: &str) -> Result<Self, ParseUriError> {
        check("prefix", key.trim_end_matches('/')).map(Self)
    }

    /// Returns the decoded key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Origin> for Target {
    fn from(origin: &Origin) -> Self {
        Self(origin.0.clone())
    }
}

impl AsRef<str> for Origin {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Target {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether the extension of a key is one of [`IMAGE_EXTENSIONS`], in any case: how images are told
/// from the other files of a folder without reading them.
#[must_use]
pub fn has_image_extension(key: &str) -> bool {
    let is_image = |extension: &str| {
        IMAGE_EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    };
    file_name(key)
        .rsplit_once('.')
        .is_some_and(|(_, extension)| is_image(extension))
}

fn file_name(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn check(name: &'static str, text: &str) -> Result<String, ParseUriError> {
    let key = text.trim_start_matches('/');
    match key_problem(key) {
        None => Ok(key.to_owned()),
        Some(problem) => Err(ParseUriError::Key {
            name,
            text: text.to_owned(),
            problem,
        }),
    }
}

/// Returns why a text cannot be a key, to be read after the text.
fn key_problem(key: &str) -> Option<&'static str> {
    if key.is_empty() {
        return Some("is empty");
    }
    key.split('/').find_map(|segment| match segment {
        "" => Some("has an empty segment"),
        segment => segment_problem(segment),
    })
}

/// Returns why a text cannot be one segment of a key, to be read after the text.
pub(crate) fn segment_problem(segment: &str) -> Option<&'static str> {
    match segment {
        "" => Some("is empty"),
        "." => Some("has a `.` segment"),
        ".." => Some("has a `..` segment"),
        _ if segment.contains('/') => Some("has a slash"),
        _ if segment.contains('\\') => Some("has a backslash"),
        _ if segment.chars().any(char::is_control) => Some("has a control character"),
        _ => None,
    }
}
