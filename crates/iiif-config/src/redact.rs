//! Hides secrets in bucket URIs.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// What stands in the place of a secret.
pub(crate) const REDACTED: &str = "******";

/// A key of a parameter that contains one of these has a secret for a value.
const SECRET_KEYS: [&str; 7] = [
    "secret",
    "token",
    "key",
    "password",
    "passwd",
    "signature",
    "sig",
];

/// A value that contains one of these has a secret inside: static credentials, or another URI.
const SECRET_VALUES: [&str; 8] = [
    "static:",
    "secret",
    "token=",
    "key=",
    "password",
    "passwd",
    "signature=",
    "sig=",
];

/// More layers of percent-encoding than a URI inside a URI inside a URI has.
const MAX_LAYERS: usize = 4;

/// Returns a bucket URI with the secrets in it replaced by `******`.
///
/// Hidden are the user information (`user:password@`), parameters whose names speak of a key, a
/// secret, a token, a password or a signature, static credentials (`static:ID:SECRET:TOKEN`), and
/// parameters that hold a URI with any of these. What is not certain to be harmless is hidden.
#[must_use]
pub fn redact_uri(uri: &str) -> String {
    let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
    let (head, query) = match rest.find(['?', '#']) {
        Some(start) => rest.split_at(start),
        None => (rest, ""),
    };
    let mut redacted = String::new();
    if rest.len() < uri.len() {
        redacted.push_str(scheme);
        redacted.push_str("://");
    }
    redacted.push_str(&redact_head(head));
    for parameter in query.split_inclusive(['?', '#', '&']) {
        let (parameter, separator) = match parameter.strip_suffix(['?', '#', '&']) {
            Some(stripped) => parameter.split_at(stripped.len()),
            None => (parameter, ""),
        };
        redacted.push_str(&redact_parameter(parameter));
        redacted.push_str(separator);
    }
    redacted
}

fn redact_head(head: &str) -> Cow<'_, str> {
    let (authority, path) = match head.find('/') {
        Some(start) => head.split_at(start),
        None => (head, ""),
    };
    let decoded = decode(head);
    if SECRET_VALUES.iter().any(|word| decoded.contains(word)) && decoded.contains(['=', ':']) {
        return REDACTED.into();
    }
    match authority.rsplit_once('@') {
        Some((_user, host)) => format!("{REDACTED}@{host}{path}").into(),
        None => head.into(),
    }
}

fn redact_parameter(parameter: &str) -> Cow<'_, str> {
    let Some((key, value)) = parameter.split_once('=') else {
        return redact_head(parameter);
    };
    let name = decode(key);
    let decoded = decode(value);
    let has_user = decoded
        .split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@'));
    let is_secret = (name == "credentials" && !names_no_secret(&decoded))
        || SECRET_KEYS.iter().any(|word| name.contains(word))
        || SECRET_VALUES.iter().any(|word| decoded.contains(word))
        || has_user;
    if is_secret && !value.is_empty() {
        format!("{key}={REDACTED}").into()
    } else {
        parameter.into()
    }
}

/// Returns whether credentials are a reference to some and no credentials themselves: a source, a
/// profile, or the path of a file with profiles. Keys without `static:` in front are an easy mistake.
fn names_no_secret(credentials: &str) -> bool {
    let is_word = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    let is_path = ["/", "./", "../", "~/"]
        .iter()
        .any(|start| credentials.starts_with(start));
    matches!(credentials, "iam:" | "env:" | "anon:") || is_path || is_word(credentials)
}

/// Decodes every layer of percent-encoding, in lower case: only to look for words.
fn decode(text: &str) -> String {
    let mut decoded = text.to_ascii_lowercase();
    for _layer in 0..MAX_LAYERS {
        let next = percent_decode_str(&decoded)
            .decode_utf8_lossy()
            .to_ascii_lowercase();
        if next == decoded {
            break;
        }
        decoded = next;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_bucket_uris_are_hidden() {
        let cases = [
            (
                "s3blob://bucket?region=us-east-1&credentials=static:ID:HUSH:HUSH&prefix=a/b",
                "s3blob://bucket?region=us-east-1&credentials=******&prefix=a/b",
            ),
            (
                "s3blob://bucket?credentials=Static%3AID%3AHUSH%3AHUSH",
                "s3blob://bucket?credentials=******",
            ),
            (
                "s3://bucket?credentials=AKIA:HUSH:TOKEN",
                "s3://bucket?credentials=******",
            ),
            (
                "s3://bucket?credentials=AKIA%2FHUSH",
                "s3://bucket?credentials=******",
            ),
            (
                "s3://bucket?access_key=HUSH&Secret%5Fkey=HUSH&session_token=HUSH",
                "s3://bucket?access_key=******&Secret%5Fkey=******&session_token=******",
            ),
            (
                "https://user:HUSH@example.org/images?password=HUSH",
                "https://******@example.org/images?password=******",
            ),
            (
                "flickr://?client-uri=oauth1%3A%2F%2F%3Fconsumer_key%3DHUSH%26consumer_secret%3DHUSH",
                "flickr://?client-uri=******",
            ),
            (
                "rfc6570://?template=https%3A%2F%2Fme%3AHUSH%40example.org%2F%7Bid%7D",
                "rfc6570://?template=******",
            ),
            (
                "rfc6570://?template=https://example.org/{id}?token=HUSH",
                "rfc6570://?template=https://example.org/{id}?token=******",
            ),
            (
                "azblob://container?x=%2573ecret%253DHUSH#sig=HUSH",
                "azblob://container?x=******#sig=******",
            ),
            (
                "s3blob://bucket&credentials=static:ID:HUSH:HUSH",
                "s3blob://******",
            ),
        ];
        for (uri, expected) in cases {
            assert_eq!(redact_uri(uri), expected);
        }
    }

    #[test]
    fn what_is_not_secret_stays() {
        for uri in [
            "",
            "file://./derivatives",
            "file:///data/keys and tokens/a@b?create_dir=true",
            "s3blob://bucket?region=us-east-1&credentials=iam:&prefix=images",
            "s3blob://bucket?credentials=/etc/aws/credentials:profile",
            "rfc6570://?template=https://example.org/{id}",
        ] {
            assert_eq!(redact_uri(uri), uri);
        }
    }
}
