//! What tells one version of an object from another.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is kept of an entity tag: what digests, numbers and dates are written with, and neither
/// quotes nor commas nor blanks, which some readers of lists of entity tags do not expect.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'/')
    .remove(b'=')
    .remove(b':');

/// What tells one version of an object from another one under the same key.
///
/// `Display` shows printable ASCII without quotes, commas and blanks, not empty and no secret: it may
/// be a part of an `ETag` of HTTP. It means nothing but that equal ones are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectVersion(String);

impl ObjectVersion {
    /// Takes the entity tag; where there is none, size and date have to do.
    pub(crate) fn new(
        e_tag: Option<&str>,
        size_bytes: u64,
        last_modified: Option<SystemTime>,
    ) -> Self {
        // `W/` of a weak tag stays: it is another one than the strong tag of the same letters.
        let (weak, tag) = match e_tag.unwrap_or_default() {
            weak if weak.starts_with("W/") => weak.split_at(2),
            strong => ("", strong),
        };
        let tag = tag.strip_prefix('"').unwrap_or(tag);
        let tag = tag.strip_suffix('"').unwrap_or(tag);
        if tag.is_empty() {
            let modified_ns = nanoseconds(last_modified);
            return Self(format!("{modified_ns:x}-{size_bytes:x}"));
        }
        Self(format!("{weak}{}", utf8_percent_encode(tag, KEPT)))
    }

    /// Returns it as text, as `Display` does.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the nanoseconds since 1970; 0 for what is unknown or earlier.
pub(crate) fn nanoseconds(time: Option<SystemTime>) -> u128 {
    time.and_then(|time| time.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |duration| duration.as_nanos())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn entity_tags_of_all_sorts_become_safe_text() {
        #[rustfmt::skip]
        let cases = [
            ("\"d41d8cd98f00b204e9800998ecf8427e\"",    "d41d8cd98f00b204e9800998ecf8427e"),
            ("\"0x8DC1A2B3\"",                          "0x8DC1A2B3"),
            ("\"3858f62230ac3c91-2\"",                  "3858f62230ac3c91-2"),
            ("W/\"5c-18\"",                             "W/5c-18"),
            ("unquoted",                                "unquoted"),
            ("\"CKih16GjycICEAE=\"",                    "CKih16GjycICEAE="),
            ("\"a\"b, ü\\%\"",                          "a%22b%2C%20%C3%BC%5C%25"),
            ("\"\"",                                    "0-7"),
            ("",                                        "0-7"),
        ];
        for (e_tag, expected) in cases {
            let version = ObjectVersion::new(Some(e_tag), 7, None);
            assert_eq!(version.to_string(), expected, "`{e_tag}`");
            assert_eq!(version.as_str(), expected);
        }
    }

    #[test]
    fn without_an_entity_tag_size_and_date_tell_versions_apart() {
        let version = |size_bytes, seconds| {
            let modified = UNIX_EPOCH + Duration::from_secs(seconds);
            ObjectVersion::new(None, size_bytes, Some(modified))
        };
        assert_eq!(version(10, 1).to_string(), "3b9aca00-a");
        assert_eq!(version(10, 1), version(10, 1));
        assert_ne!(version(10, 1), version(10, 2));
        assert_ne!(version(10, 1), version(11, 1));
        let unknown = ObjectVersion::new(None, 10, None);
        assert_eq!(unknown.to_string(), "0-a");
    }
}
