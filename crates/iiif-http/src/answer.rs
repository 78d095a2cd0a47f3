//! What all answers have: headers for browsers, a request id, a line in the log, a place in the
//! metrics.

use std::time::Instant;

use axum::body::HttpBody as _;
use axum::extract::OriginalUri;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ALLOW, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode, request};
use axum::response::{IntoResponse as _, Response};

use crate::Problem;
use crate::metrics::{Kind, Metrics};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids of clients are replaced by our own.
const MAX_ID_BYTES: usize = 128;

/// Answers what browsers ask before a request of another origin (2.1 §6, 3.0 §7.1).
pub(crate) fn preflight() -> Response {
    let headers = [
        (ALLOW, METHODS),
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

pub(crate) fn only_read() -> Problem {
    let text = "images are read only; expected GET, HEAD or OPTIONS";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, text)
}

/// Adds what all answers have.
pub(crate) fn finished(answer: Result<Response, Problem>) -> Response {
    let mut response = answer.unwrap_or_else(Problem::into_response);
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(ALLOW, METHODS);
    }
    let headers = response.headers_mut();
    let any = HeaderValue::from_static("*");
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, any);
    let exposed = HeaderValue::from_static("ETag, Link");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A request that is to be logged once it is answered.
pub(crate) struct Log {
    began: Instant,
    id: HeaderValue,
    method: String,
    path: String,
    kind: Kind,
}

impl Log {
    pub(crate) fn begin(head: &request::Parts) -> Self {
        // Where this router is nested, its own path is the end of the whole.
        let original = head.extensions.get::<OriginalUri>();
        let whole = original.map_or(&head.uri, |OriginalUri(uri)| uri);
        Self {
            began: Instant::now(),
            id: request_id(head),
            method: head.method.to_string(),
            path: whole.path().to_owned(),
            kind: Kind::of(head.uri.path()),
        }
    }

    /// Logs the answer, counts it, and gives it the id of its request.
    pub(crate) fn end(self, metrics: &Metrics, mut response: Response) -> Response {
        let elapsed = self.began.elapsed();
        let status = response.status().as_u16();
        metrics.note(self.kind, status, elapsed);
        tracing::info!(
            request_id = self.id.to_str().unwrap_or_default(),
            method = self.method,
            path = self.path,
            status,
            bytes = response.body().size_hint().exact().unwrap_or_default(),
            milliseconds = elapsed.as_micros() as f64 / 1e3,
            "answered"
        );
        response.headers_mut().insert(REQUEST_ID, self.id);
        response
    }
}

/// Returns the id that a proxy gave the request, else a new one.
fn request_id(head: &request::Parts) -> HeaderValue {
    let is_plain = |id: &&HeaderValue| {
        let bytes = id.as_bytes();
        (1..=MAX_ID_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    let given = head.headers.get(REQUEST_ID).filter(is_plain);
    given.cloned().unwrap_or_else(|| {
        let mut id = [0; 8];
        // Without randomness there are no ids, which harms nobody.
        let _ = getrandom::fill(&mut id);
        HeaderValue::try_from(hex::encode(id)).unwrap_or(HeaderValue::from_static("-"))
    })
}
