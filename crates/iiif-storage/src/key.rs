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

/// Returns whether a path has a `.` or `..` with parameters, such as `..;a` (RFC 3986 §3.3), percent-encoded
/// or not. Some web servers take parameters away before they resolve a path.
#[cfg(feature = "http")]
pub(crate) fn has_dots_with_parameters(path: &str) -> bool {
    let mut text = Cow::Borrowed(path);
    for _ in 0..MAX_DECODINGS {
        let mut names = text.split(['/', '\\']);
        if names.any(|name| name.starts_with(".;") || name.starts_with("..;")) {
            return true;
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == *text {
            return false;
        }
        text = Cow::Owned(decoded);
    }
    // What is encoded more often is no key.
    false
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

    #[cfg(feature = "http")]
    #[test]
    fn dots_with_parameters_are_found() {
        for path in [
            "..;",
            "a/..;x/b",
            ".;x=1/a",
            "a/..%3Bx/b",
            "%2e%2e;x/a",
            "a%2F..%253bx",
            "a%5C..;x",
        ] {
            assert!(has_dots_with_parameters(path), "{path}");
        }
        for path in [
            "a;x/b",
            "...;x",
            "a..;x",
            "a/..b;",
            ";/a",
            "100%;.jpg",
            "..",
            "a%3B.jpg",
        ] {
            assert!(!has_dots_with_parameters(path), "{path}");
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
