//! What a key may be.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::{Error, Result};

/// How often a key is percent-decoded in search of a hidden `..`; nobody encodes more often.
const MAX_DECODINGS: usize = 4;

/// Checks that `key` names an object inside its bucket.
///
/// A key is names with `/` between them. Refused are those that some backend would not take as they
/// are, or that something on the way to it could resolve to another place: empty names, `.` and
/// `..` (percent-encoded too), control characters and backslashes.
pub(crate) fn check_key(key: &str) -> Result<()> {
    if key.is_empty() {
        return Err(invalid(key, "is empty"));
    }
    check_segments(key)
}

/// Checks a prefix, which may be empty and may end with a slash, and returns it without the slash.
pub(crate) fn check_prefix(prefix: &str) -> Result<&str> {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    if !prefix.is_empty() {
        check_segments(prefix)?;
    }
    Ok(prefix)
}

/// Joins a checked prefix and a checked key.
pub(crate) fn join(prefix: &str, key: &str) -> String {
    match (prefix, key) {
        ("", key) => key.to_owned(),
        (prefix, "") => prefix.to_owned(),
        (prefix, key) => format!("{prefix}/{key}"),
    }
}

fn check_segments(key: &str) -> Result<()> {
    if key.contains('\\') {
        return Err(invalid(key, "contains a backslash"));
    }
    if key.contains(|c: char| c.is_ascii_control()) {
        return Err(invalid(key, "contains a control character"));
    }
    if key.starts_with('/') {
        return Err(invalid(key, "is absolute"));
    }
    if key.split('/').any(str::is_empty) {
        return Err(invalid(key, "contains an empty name"));
    }
    let mut text = Cow::Borrowed(key);
    for _ in 0..MAX_DECODINGS {
        if text
            .split(['/', '\\'])
            .any(|name| name == "." || name == "..")
        {
            return Err(invalid(key, "contains `.` or `..`"));
        }
        if text.contains('\0') {
            return Err(invalid(key, "contains an encoded NUL"));
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy();
        if decoded == text {
            return Ok(());
        }
        text = Cow::Owned(decoded.into_owned());
    }
    Err(invalid(key, "is percent-encoded too many times"))
}

fn invalid(key: &str, problem: &'static str) -> Error {
    Error::InvalidKey {
        key: key.to_owned(),
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_lead_elsewhere_are_refused() {
        #[rustfmt::skip]
        let cases = [
            ("",                        "is empty"),
            ("..",                      "contains `.` or `..`"),
            ("a/../b",                  "contains `.` or `..`"),
            ("./a",                     "contains `.` or `..`"),
            ("a/.",                     "contains `.` or `..`"),
            ("%2e%2E/a",                "contains `.` or `..`"),
            (".%2e/a",                  "contains `.` or `..`"),
            ("a/%252e%252e/b",          "contains `.` or `..`"),
            ("a%2f..%2fb",              "contains `.` or `..`"),
            ("a%5c..%5cb",              "contains `.` or `..`"),
            ("a%00.jpg",                "contains an encoded NUL"),
            ("a\0.jpg",                 "contains a control character"),
            ("a\nb",                    "contains a control character"),
            ("/etc/passwd",             "is absolute"),
            ("a//b",                    "contains an empty name"),
            ("a/",                      "contains an empty name"),
            (r"a\b",                    "contains a backslash"),
            ("%2525252525252e/a",       "is percent-encoded too many times"),
        ];
        for (key, expected) in cases {
            match check_key(key) {
                Err(Error::InvalidKey { problem, .. }) => assert_eq!(problem, expected, "`{key}`"),
                other => panic!("`{key}` gave {other:?}"),
            }
        }
    }

    #[test]
    fn names_of_all_sorts_are_keys() {
        for key in [
            "a.jpg",
            "...",
            "..a/b..",
            "100%.jpg",
            "50%20off.jpg",
            "a%2Fb",
            "#1",
            "a b/ü?.tif",
            "-",
            "~",
            "C:",
        ] {
            assert!(check_key(key).is_ok(), "`{key}`");
        }
    }

    #[test]
    fn a_prefix_may_be_empty_or_end_with_a_slash_and_leads_nowhere_else() {
        assert_eq!(check_prefix("").unwrap(), "");
        assert_eq!(check_prefix("maps/").unwrap(), "maps");
        assert_eq!(check_prefix("maps/old").unwrap(), "maps/old");
        assert!(check_prefix("../maps").is_err());
        assert!(check_prefix("/maps").is_err());
        assert!(check_prefix("maps//").is_err());
    }
}
