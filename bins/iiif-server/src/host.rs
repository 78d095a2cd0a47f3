//! What a request may name as its host.

use axum::http::header::HOST;
use axum::http::{HeaderMap, Request, Version};

/// Returns what is wrong with the `Host` of a request (RFC 9112 §3.2, RFC 9113 §8.3.1): proxies and this
/// server may take different ones for the host.
pub(crate) fn host_problem<B>(request: &Request<B>) -> Option<&'static str> {
    let host = request.headers().get(HOST);
    several_hosts(request.headers()).or(match (host, request.uri().authority()) {
        (None, _) if request.version() == Version::HTTP_11 => {
            Some("the request has no `Host` header")
        }
        (Some(host), Some(authority))
            if !(host.as_bytes()).eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            Some("the request has a `Host` header other than the host of its URI")
        }
        _ => None,
    })
}

/// Returns what is wrong with more than one `Host`.
pub(crate) fn several_hosts(headers: &HeaderMap) -> Option<&'static str> {
    let second = headers.get_all(HOST).iter().nth(1);
    second.map(|_| "the request has several `Host` headers")
}
