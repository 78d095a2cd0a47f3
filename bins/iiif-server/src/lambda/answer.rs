//! The answer to an event.

use axum::body::{Body, BodyDataStream, Bytes, to_bytes};
use axum::http::header::CONTENT_TYPE;
use axum::http::response::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iiif_launch::{MetadataPrelude, StreamResponse};
use serde_json::{Map, Value, json};

use super::event::{Headers, Origin};

/// The most bytes of an answer as JSON (Lambda quotas: "Invocation payload"), and through a load balancer
/// (Elastic Load Balancing: "Lambda functions as targets").
const MAX_BYTES: usize = 6 * 1024 * 1024;
const MAX_BALANCED_BYTES: usize = 1024 * 1024;

/// Returns an answer in one piece.
pub(super) async fn buffered(origin: Origin, response: Response<Body>) -> Value {
    let most = match origin {
        Origin::LoadBalancer(_) => MAX_BALANCED_BYTES,
        _ => MAX_BYTES,
    };
    let (head, body) = response.into_parts();
    // More bytes than that do not fit anyhow, and need not be read.
    let Ok(body) = to_bytes(body, most).await else {
        return too_large(origin, most).await;
    };
    let answer = json_of(origin, &head, body);
    let is_large = answer["body"]
        .as_str()
        .is_some_and(|body| body.len() > most / 2);
    if is_large && answer.to_string().len() > most {
        return too_large(origin, most).await;
    }
    answer
}

/// Returns an answer that is sent while it is read.
pub(super) fn streamed(response: Response<Body>) -> StreamResponse<BodyDataStream> {
    let (head, body) = response.into_parts();
    let mut headers = HeaderMap::new();
    for name in head.headers.keys() {
        if let Ok(value) = HeaderValue::from_str(&joined(&head.headers, name)) {
            headers.insert(name.clone(), value);
        }
    }
    StreamResponse {
        metadata_prelude: MetadataPrelude {
            status_code: head.status,
            headers,
            cookies: Vec::new(),
        },
        stream: body.into_data_stream(),
    }
}

async fn too_large(origin: Origin, most: usize) -> Value {
    let text = format!(
        "the answer is larger than the {most} bytes that Lambda takes here, in base64; ask for a smaller size\n"
    );
    let (head, body) = (StatusCode::PAYLOAD_TOO_LARGE, text)
        .into_response()
        .into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    json_of(origin, &head, body)
}

fn json_of(origin: Origin, head: &Parts, body: Bytes) -> Value {
    let is_text = is_text(&head.headers);
    let text = String::from_utf8(body.into());
    let (body, is_base64) = match text {
        Ok(text) if is_text || text.is_empty() => (text, false),
        Ok(text) => (STANDARD.encode(text), true),
        Err(error) => (STANDARD.encode(error.as_bytes()), true),
    };
    let status = head.status;
    let mut answer = json!({
        "statusCode": status.as_u16(),
        "isBase64Encoded": is_base64,
        "body": body,
    });
    if let Origin::LoadBalancer(_) = origin {
        answer["statusDescription"] = status.to_string().into();
    }
    let (key, value): (&str, fn(&HeaderMap, &HeaderName) -> Value) = match origin {
        Origin::RestApi | Origin::LoadBalancer(Headers::Multiple) => {
            ("multiValueHeaders", |headers, name| {
                listed(headers, name).into()
            })
        }
        _ => ("headers", |headers, name| joined(headers, name).into()),
    };
    let headers = head.headers.keys();
    let headers: Map<String, Value> = headers
        .map(|name| (name.to_string(), value(&head.headers, name)))
        .collect();
    answer[key] = headers.into();
    answer
}

/// Returns the values of a header.
fn listed(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter();
    values
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect()
}

/// Returns the values of a header as one (RFC 9110 §5.3).
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    listed(headers, name).join(", ")
}

fn is_text(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    media_type.is_some_and(|it| it.starts_with("text/") || it.contains("json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(origin: Origin, media_type: &str, body: Vec<u8>) -> Value {
        let response = Response::builder().header(CONTENT_TYPE, media_type);
        let response = response.header("vary", "a").header("vary", "b");
        buffered(origin, response.body(Body::from(body)).unwrap()).await
    }

    #[tokio::test]
    async fn each_origin_gets_headers_and_bodies_as_it_wants_them() {
        let url = answered(Origin::FunctionUrl, "application/ld+json", b"{}".to_vec()).await;
        assert_eq!(url["body"], "{}");
        assert_eq!(url["headers"]["vary"], "a, b");
        let rest = answered(Origin::RestApi, "image/png", vec![0xFF, 0]).await;
        assert_eq!(rest["body"], "/wA=");
        assert_eq!(rest["isBase64Encoded"], true);
        assert_eq!(rest["multiValueHeaders"]["vary"], json!(["a", "b"]));
        assert!(rest.get("headers").is_none());
        let balanced = Origin::LoadBalancer(Headers::Single);
        let balanced = answered(balanced, "image/svg+xml", b"<svg/>".to_vec()).await;
        assert_eq!(balanced["statusDescription"], "200 OK");
        assert_eq!(balanced["body"], "PHN2Zy8+");
    }

    #[tokio::test]
    async fn what_is_larger_than_lambda_takes_is_said_to_be() {
        let balanced = Origin::LoadBalancer(Headers::Single);
        for (origin, bytes, status) in [
            (Origin::FunctionUrl, 4_700_000, 200),
            (Origin::FunctionUrl, 4_720_000, 413),
            (Origin::HttpApi, 9_000_000, 413),
            (balanced, 780_000, 200),
            (balanced, 790_000, 413),
        ] {
            let answer = answered(origin, "image/jpeg", vec![0xFF; bytes]).await;
            assert_eq!(answer["statusCode"], status, "{origin:?} {bytes}");
            let body = answer["body"].as_str().unwrap();
            assert_eq!(body.contains("ask for a smaller size"), status == 413);
        }
    }
}
