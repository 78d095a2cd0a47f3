//! Under which URI the service was asked.

use axum::http::header::{FORWARDED, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri};
use iiif_image_api::BaseUri;

use crate::Problem;

/// Returns the URI of the server as the client sees it, without a path: from `Forwarded` (RFC 7239
/// §4), else from `X-Forwarded-Proto`, `-Host` and `-Port`, else from the request itself. Of
/// several proxies the first counts, which is nearest to the client.
pub(crate) fn server(headers: &HeaderMap, uri: &Uri) -> Result<BaseUri, Problem> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.split(',').next()?.trim());
    let forwarded = headers.get(FORWARDED).and_then(|it| it.to_str().ok());
    let forwarded = forwarded.unwrap_or("");
    let (proto, host) = (parameter(forwarded, "proto"), parameter(forwarded, "host"));
    let scheme = (proto.as_deref())
        .or_else(|| text("x-forwarded-proto"))
        .or_else(|| uri.scheme_str())
        .unwrap_or("http");
    let host = (host.as_deref())
        .or_else(|| text("x-forwarded-host"))
        .or_else(|| text(HOST.as_str()))
        // HTTP/2 has the host in the URI.
        .or_else(|| uri.authority().map(Authority::as_str))
        .unwrap_or("localhost");
    let port = text("x-forwarded-port").filter(|port| {
        let scheme = scheme.to_ascii_lowercase();
        let is_default = matches!((&scheme[..], *port), ("http", "80") | ("https", "443"));
        !is_default && !has_port(host) && port.parse::<u16>().is_ok()
    });
    let server = match port {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    };
    let parsed: Option<BaseUri> = server.parse().ok();
    parsed
        .filter(|server| server.prefix().is_empty() && is_authority(server.authority()))
        .ok_or_else(|| Problem::bad_request("the headers that tell the host make no URI"))
}

/// Returns the path before that of this service, where a proxy cut it off.
pub(crate) fn prefix(headers: &HeaderMap) -> &str {
    let prefix = headers
        .get("x-forwarded-prefix")
        .and_then(|value| value.to_str().ok());
    prefix.unwrap_or("").trim_matches('/')
}

/// A host, and a number behind a colon.
fn is_authority(text: &str) -> bool {
    let authority: Option<Authority> = text.parse().ok();
    authority.is_some_and(|it| has_port(text) == it.port_u16().is_some())
}

/// An address of IPv6 has colons, in brackets.
fn has_port(host: &str) -> bool {
    host.rsplit(']').next().is_some_and(|end| end.contains(':'))
}

/// Returns a parameter of the first element of `Forwarded`: elements have commas between them, their
/// parameters semicolons, and neither counts in quotes (RFC 7239 §4, RFC 9110 §5.6.4).
fn parameter(forwarded: &str, name: &str) -> Option<String> {
    let element = unquoted_split(forwarded, ',').next()?;
    unquoted_split(element, ';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let is_it = key.trim().eq_ignore_ascii_case(name);
        is_it.then(|| without_quotes(value.trim()))
    })
}

/// Splits a text at the separators that are not in quotes.
fn unquoted_split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '"' if !was_escaped => is_quoted = !is_quoted,
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            _ => {}
        }
        c == separator && !is_quoted
    })
}

/// Returns what a quoted string says, or the text itself.
fn without_quotes(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(inner) = inner else {
        return text.to_owned();
    };
    let mut characters = inner.chars();
    let unescaped = std::iter::from_fn(|| match characters.next()? {
        '\\' => characters.next(),
        c => Some(c),
    });
    unescaped.collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn server_of(pairs: &[(&'static str, &'static str)]) -> Option<String> {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let uri = Uri::from_static("/a.jpg/info.json");
        Some(server(&headers, &uri).ok()?.to_string())
    }

    #[test]
    fn the_client_s_view_of_the_server_wins() {
        let table: [(&[(&str, &str)], &str); 10] = [
            (&[("host", "a.org:8080")], "http://a.org:8080"),
            (
                &[("host", "a"), ("x-forwarded-proto", "https")],
                "https://a",
            ),
            (
                &[
                    ("host", "a"),
                    ("x-forwarded-host", "b.org, c"),
                    ("x-forwarded-proto", "https,http"),
                ],
                "https://b.org",
            ),
            (
                &[("host", "a"), ("x-forwarded-port", "8443")],
                "http://a:8443",
            ),
            (
                &[
                    ("host", "a"),
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-port", "443"),
                ],
                "https://a",
            ),
            (
                &[
                    ("host", "a"),
                    (
                        "forwarded",
                        "for=192.0.2.1;Proto=https;host=\"b.org:99\", for=x",
                    ),
                ],
                "https://b.org:99",
            ),
            // Separators in quotes belong to the value.
            (
                &[(
                    "forwarded",
                    r#"for="_a, b;host=c";host="b.org";proto=https,host=c"#,
                )],
                "https://b.org",
            ),
            (
                &[("host", "a"), ("forwarded", r#"for="\",", proto=https"#)],
                "http://a",
            ),
            (&[("forwarded", r#"host="b\.org""#)], "http://b.org"),
            (
                &[("host", "[::1]"), ("x-forwarded-port", "1")],
                "http://[::1]:1",
            ),
        ];
        for (headers, expected) in table {
            assert_eq!(server_of(headers).as_deref(), Some(expected), "{headers:?}");
        }
    }

    #[test]
    fn headers_that_make_no_uri_are_refused() {
        for host in [
            "a b",
            "a\"b",
            "u@a",
            "a/../b",
            "a/b",
            "a#b",
            "a:b",
            "javascript:alert(1)",
        ] {
            let header = HeaderValue::from_str(host).expect("a header");
            let headers: HeaderMap = [(HOST, header)].into_iter().collect();
            let server = server(&headers, &Uri::from_static("/"));
            assert!(server.is_err(), "{host}: {server:?}");
        }
    }
}
