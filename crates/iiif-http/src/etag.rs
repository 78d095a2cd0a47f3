//! Entity tags and conditional requests (RFC 9110 §8.8, §13).

use std::time::{Duration, SystemTime};

use axum::http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue};
use sha2::{Digest as _, Sha256};

/// Bytes of the digest that stand in a tag.
const TAG_BYTES: usize = 16;

/// What a response is a function of, as a strong entity tag: equal tags mean equal bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EntityTag(HeaderValue);

impl EntityTag {
    /// Returns the tag of what follows from `parts`.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = hex::encode(&hash.finalize()[..TAG_BYTES]);
        let tag = HeaderValue::try_from(format!("\"{digest}\""));
        Self(tag.unwrap_or_else(|_never| HeaderValue::from_static("\"\"")))
    }

    /// Returns the digest alone, in hexadecimal digits.
    pub(crate) fn digest(&self) -> String {
        let quoted = String::from_utf8_lossy(self.0.as_bytes());
        quoted.trim_matches('"').to_owned()
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

/// Returns whether the client has what it asks for: by the tag where it names some, else by the time
/// (RFC 9110 §13.2.2). That it has [anything](has_any) is not enough: there may be nothing.
pub(crate) fn is_unmodified(
    headers: &HeaderMap,
    tag: &EntityTag,
    last_modified: Option<SystemTime>,
) -> bool {
    let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let own = tag.0.as_bytes();
        // The weak comparison: what proxies weakened still is what we sent (RFC 9110 §13.1.2).
        let is_own = |listed: &str| {
            let listed = listed.trim();
            listed.trim_start_matches("W/").as_bytes() == own
        };
        return tags
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(is_own));
    }
    let since = headers
        .get(IF_MODIFIED_SINCE)
        .and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
    match (since, last_modified) {
        // Dates of HTTP have no fractions of seconds.
        (Some(since), Some(modified)) => modified < since + Duration::from_secs(1),
        _ => false,
    }
}

/// Returns whether the client has the image in any form, and wants it only if it has not (RFC 9110
/// §13.1.2).
pub(crate) fn has_any(headers: &HeaderMap) -> bool {
    headers
        .get(IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes().trim_ascii() == b"*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_parts_apart() {
        assert_ne!(EntityTag::of(&["a", "b"]), EntityTag::of(&["ab"]));
        assert_eq!(EntityTag::of(&["a", "b"]), EntityTag::of(&["a", "b"]));
    }

    #[test]
    fn a_client_that_has_it_is_told_so() {
        let tag = EntityTag::of(&["a"]);
        let own = tag.header().to_str().expect("ASCII").to_owned();
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500);
        let date = |time| httpdate::fmt_http_date(time);
        let hour = Duration::from_hours(1);
        let table = [
            (IF_NONE_MATCH, own.clone(), true),
            (IF_NONE_MATCH, format!("W/{own}"), true),
            (IF_NONE_MATCH, format!("\"x\", {own}"), true),
            (IF_NONE_MATCH, "*".to_owned(), false),
            (IF_NONE_MATCH, "\"x\"".to_owned(), false),
            (IF_MODIFIED_SINCE, date(time), true),
            (IF_MODIFIED_SINCE, date(time + hour), true),
            (IF_MODIFIED_SINCE, date(time - hour), false),
            (IF_MODIFIED_SINCE, "yesterday".to_owned(), false),
        ];
        for (name, value, expected) in table {
            let header = HeaderValue::try_from(&value).expect("a header");
            let mut headers: HeaderMap = [(name, header)].into_iter().collect();
            assert_eq!(
                is_unmodified(&headers, &tag, Some(time)),
                expected,
                "{value}"
            );
            // Tags are more exact than times.
            headers.insert(
                IF_MODIFIED_SINCE,
                HeaderValue::try_from(date(time)).unwrap(),
            );
            if ["*", "\"x\""].contains(&value.as_str()) {
                assert!(!is_unmodified(&headers, &tag, Some(time)));
            }
        }
        assert!(!is_unmodified(&HeaderMap::new(), &tag, Some(time)));
    }
}
