//! The request of an event: of a function URL, of API Gateway, or of a load balancer.

use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iiif_image_api::extension::ExtendedQuality;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::host::several_hosts;

/// A request, and what it came through.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) origin: Origin,
    pub(super) request: Request<Body>,
}

/// Why an event is not answered by the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EventError {
    /// It is none of HTTP, so nobody waits for an answer of HTTP.
    #[error(
        "the event is no HTTP request; expected one of a function URL, of API Gateway or of an Application Load \
         Balancer"
    )]
    NoRequest,
    /// It is a request that clients made, with the status and the sentence that they get.
    #[error("{problem}")]
    BadRequest {
        origin: Origin,
        status: StatusCode,
        problem: String,
    },
}

/// What sent an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// A function URL, whose paths are as they were sent.
    FunctionUrl,
    /// An HTTP API of API Gateway, which decodes paths.
    HttpApi,
    /// A REST API of API Gateway, whose paths are as they were sent.
    RestApi,
    /// An Application Load Balancer, whose paths are as they were sent.
    LoadBalancer(Headers),
}

/// How a load balancer has headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Headers {
    /// One value of a name.
    Single,
    /// Several.
    Multiple,
}

/// What cannot stand in a path as it is (RFC 3986 §3.3). Percent signs are left to who knows about them.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const NOT_IN_SEGMENTS: &AsciiSet = &NOT_IN_PATHS.add(b'%').add(b'/');

/// The longest URI, which is the longest that a socket takes too.
const MAX_URI_BYTES: usize = u16::MAX as usize - 1;

/// The most headers, of which no sender of events lets so many through. A `HeaderMap` panics at 2^15.
const MAX_HEADERS: usize = 1000;

/// The stage of HTTP APIs that is no part of paths.
const DEFAULT_STAGE: &str = "$default";

/// Where an identifier stands whose slashes were decoded.
const PREFIXES: [&str; 2] = ["/iiif/3/", "/iiif/2/"];

impl Event {
    /// Reads an event, or says what is wrong with it.
    pub(super) fn read(event: &Value) -> Result<Self, EventError> {
        let context = &event["requestContext"];
        let method = context["http"]["method"].as_str();
        let method = method.or_else(|| event["httpMethod"].as_str());
        let path = event["rawPath"].as_str();
        let path = path.or_else(|| event["path"].as_str());
        let (Some(method), Some(path)) = (method, path) else {
            return Err(EventError::NoRequest);
        };
        let origin = Origin::of(event);
        let bad = |status, problem: String| EventError::BadRequest {
            origin,
            status,
            problem,
        };
        let bad_request = |problem| bad(StatusCode::BAD_REQUEST, problem);
        let method: Method = method
            .parse()
            .map_err(|_invalid| bad_request("the method is none of HTTP".to_owned()))?;
        let mut headers = headers(event).ok_or_else(|| {
            let problem = format!("the request has more than {MAX_HEADERS} headers");
            bad(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, problem)
        })?;
        if let Some(problem) = several_hosts(&headers) {
            return Err(bad_request(format!("{problem}; expected one")));
        }
        let (path, prefix) = ours(path, context, origin);
        if let Some(prefix) = prefix.and_then(|it| HeaderValue::from_str(&it).ok()) {
            headers.insert("x-forwarded-prefix", prefix);
        }
        let domain = context["domainName"].as_str();
        if let Some(host) = domain.and_then(|domain| HeaderValue::from_str(domain).ok()) {
            headers.entry(HOST).or_insert(host);
        }
        let path = match query(event, origin) {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        if path.len() > MAX_URI_BYTES {
            let problem = format!("the URI is longer than {MAX_URI_BYTES} bytes");
            return Err(bad(StatusCode::URI_TOO_LONG, problem));
        }
        // A whole URI, or a host alone, would name a host.
        let uri: Option<Uri> = path.parse().ok().filter(|_| path.starts_with('/'));
        let uri = uri.ok_or_else(|| {
            bad_request("the path cannot be read; expected one that begins with `/`".to_owned())
        })?;
        let mut request = Request::new(body(event).map_err(bad_request)?);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(Self { origin, request })
    }
}

impl Origin {
    fn of(event: &Value) -> Self {
        let context = &event["requestContext"];
        if context["http"].is_object() {
            let domain = context["domainName"].as_str();
            let is_function_url = domain.is_some_and(|domain| domain.contains(".lambda-url."));
            return if is_function_url {
                Self::FunctionUrl
            } else {
                Self::HttpApi
            };
        }
        if !context["elb"].is_object() {
            return Self::RestApi;
        }
        let has_several = event["multiValueHeaders"].is_object();
        Self::LoadBalancer(if has_several {
            Headers::Multiple
        } else {
            Headers::Single
        })
    }
}

/// Returns our part of a path as a URI has it, and the part before it that clients see.
fn ours(path: &str, context: &Value, origin: Origin) -> (String, Option<String>) {
    match origin {
        Origin::HttpApi => {
            let stage = context["stage"].as_str().unwrap_or_default();
            let has_stage = !stage.is_empty() && stage != DEFAULT_STAGE;
            let below = path.strip_prefix('/').and_then(|it| it.strip_prefix(stage));
            match below.filter(|below| has_stage && below.starts_with('/')) {
                Some(below) => (encoded_again(below), Some(stage.to_owned())),
                None => (encoded_again(path), None),
            }
        }
        Origin::RestApi => {
            // The whole path begins with the stage.
            let whole = context["path"].as_str().unwrap_or(path);
            let prefix = whole.strip_suffix(path).filter(|prefix| !prefix.is_empty());
            (valid(path), prefix.map(str::to_owned))
        }
        Origin::FunctionUrl | Origin::LoadBalancer(_) => (valid(path), None),
    }
}

/// Encodes what a path that was not decoded should not have.
fn valid(path: &str) -> String {
    utf8_percent_encode(path, NOT_IN_PATHS).to_string()
}

/// Encodes a path that was decoded. The slashes of an identifier are told from the others by what stands
/// behind it: `info.json`, or the four parameters of an image.
fn encoded_again(path: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NOT_IN_SEGMENTS).to_string();
    let encode_all = |path: &str| {
        let segments: Vec<String> = path.split('/').map(encode).collect();
        segments.join("/")
    };
    let of_image = PREFIXES.into_iter().find_map(|prefix| {
        let rest = path.strip_prefix(prefix)?;
        let segments: Vec<&str> = rest.split('/').collect();
        let behind = match &segments[..] {
            [.., "info.json"] => 1,
            [.., quality] if is_quality(quality) => 4,
            _ => return None,
        };
        let (identifier, request) =
            segments.split_at_checked(segments.len().checked_sub(behind)?)?;
        let (identifier, request) = (identifier.join("/"), request.join("/"));
        let is_whole = !identifier.is_empty();
        is_whole.then(|| format!("{prefix}{}/{}", encode(&identifier), encode_all(&request)))
    });
    of_image.unwrap_or_else(|| encode_all(path))
}

/// Returns whether a segment is the last of an image, as `default.jpg` is.
fn is_quality(segment: &str) -> bool {
    // From the right: the parameters of `crisp` have points of their own.
    let quality = segment.rsplit_once('.').map(|(quality, _)| quality);
    quality.is_some_and(|quality| quality.parse::<ExtendedQuality>().is_ok())
}

/// Returns the query as a URI has it. REST APIs decode it.
fn query(event: &Value, origin: Origin) -> Option<String> {
    if let Some(raw) = event["rawQueryString"].as_str() {
        return Some(utf8_percent_encode(raw, CONTROLS).to_string()).filter(|raw| !raw.is_empty());
    }
    let encode = |text: &str| match origin {
        Origin::RestApi => utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        _ => valid(text),
    };
    let pairs = values(&event["multiValueQueryStringParameters"])
        .or_else(|| values(&event["queryStringParameters"]))?;
    let pairs: Vec<String> = (pairs.iter())
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    Some(pairs.join("&")).filter(|query| !query.is_empty())
}

/// Returns the headers; `None` if there are too many.
fn headers(event: &Value) -> Option<HeaderMap> {
    let pairs = values(&event["multiValueHeaders"]).or_else(|| values(&event["headers"]));
    let pairs = pairs.unwrap_or_default();
    if pairs.len() > MAX_HEADERS {
        return None;
    }
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes());
        // What is no header was none.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    Some(headers)
}

/// Returns the pairs of an object whose values are texts or lists of them.
fn values(object: &Value) -> Option<Vec<(&str, &str)>> {
    let object: &Map<String, Value> = object.as_object()?;
    let pairs = object.iter().flat_map(|(name, value)| {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        let texts = values.iter().filter_map(Value::as_str);
        texts.map(move |value| (&name[..], value))
    });
    Some(pairs.collect())
}

fn body(event: &Value) -> Result<Body, String> {
    let body = event["body"].as_str().unwrap_or_default();
    if event["isBase64Encoded"] != Value::Bool(true) {
        return Ok(Body::from(body.to_owned()));
    }
    let decoded = STANDARD.decode(body);
    decoded
        .map(Body::from)
        .map_err(|error| format!("the body is said to be base64 and is not: {error}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn uri(event: &Value) -> (Origin, String) {
        let event = Event::read(event).unwrap();
        (event.origin, event.request.uri().to_string())
    }

    #[test]
    fn paths_that_come_encoded_stay_as_they_are() {
        let path = "/iiif/3/a%2Fb%20%2525.tif/full/%5Emax/0/default.jpg";
        let function_url = json!({
            "rawPath": path, "rawQueryString": "a=b%20c",
            "requestContext": {"domainName": "x.lambda-url.eu-west-1.on.aws", "stage": "$default", "http": {"method": "GET"}},
        });
        let query = format!("{path}?a=b%20c");
        assert_eq!(uri(&function_url), (Origin::FunctionUrl, query));
        let rest = json!({
            "httpMethod": "GET", "path": path, "queryStringParameters": {"a": "b c&"},
            "requestContext": {"path": format!("/prod{path}"), "stage": "prod"},
        });
        assert_eq!(uri(&rest), (Origin::RestApi, format!("{path}?a=b%20c%26")));
        let prefix = Event::read(&rest).unwrap();
        assert_eq!(prefix.request.headers()["x-forwarded-prefix"], "/prod");
        let balancer = json!({
            "httpMethod": "GET", "path": path, "multiValueQueryStringParameters": {"a": ["b%20c", "d"]},
            "multiValueHeaders": {"Host": ["a.org"]}, "requestContext": {"elb": {}},
        });
        let (origin, shown) = uri(&balancer);
        assert_eq!(origin, Origin::LoadBalancer(Headers::Multiple));
        assert_eq!(shown, format!("{path}?a=b%20c&a=d"));
    }

    #[test]
    fn paths_that_come_decoded_are_encoded_again() {
        let http_api = |stage: &str, path: &str| {
            let context = json!({"domainName": "x.execute-api.eu-west-1.amazonaws.com", "stage": stage, "http": {"method": "GET"}});
            let event = json!({"rawPath": path, "rawQueryString": "", "requestContext": context});
            let event = Event::read(&event).unwrap();
            assert_eq!(event.origin, Origin::HttpApi);
            let prefix = event.request.headers().get("x-forwarded-prefix");
            let prefix = prefix.map(|prefix| prefix.to_str().unwrap().to_owned());
            (event.request.uri().to_string(), prefix)
        };
        for (path, expected) in [
            (
                "/iiif/3/a/b c.tif/info.json",
                "/iiif/3/a%2Fb%20c.tif/info.json",
            ),
            (
                "/iiif/2/a/50%.tif/pct:1,1,9,9/^max/!0/default.jpg",
                "/iiif/2/a%2F50%25.tif/pct:1,1,9,9/%5Emax/!0/default.jpg",
            ),
            (
                "/iiif/3/a/b.tif/full/max/0/crisp:2.0,0.5,0.025.png",
                "/iiif/3/a%2Fb.tif/full/max/0/crisp:2.0,0.5,0.025.png",
            ),
            ("/iiif/3/b.tif", "/iiif/3/b.tif"),
            ("/iiif/3/info.json", "/iiif/3/info.json"),
            ("/iiif/3/0/default.jpg", "/iiif/3/0/default.jpg"),
            ("/images/a/ü", "/images/a/%C3%BC"),
        ] {
            assert_eq!(http_api("$default", path), (expected.to_owned(), None));
            let staged = http_api("v1", &format!("/v1{path}"));
            assert_eq!(staged, (expected.to_owned(), Some("v1".to_owned())));
        }
    }

    #[test]
    fn other_events_are_refused() {
        for event in [
            json!({}),
            json!([]),
            json!("GET /"),
            json!(null),
            json!({"Records": []}),
            json!({"httpMethod": "GET"}),
            json!({"httpMethod": ["GET"], "path": "/"}),
            json!({"rawPath": "/", "requestContext": {"http": {"method": null}}}),
            json!({"rawPath": 7, "requestContext": {"http": {"method": "GET"}}}),
        ] {
            assert_eq!(Event::read(&event).unwrap_err(), EventError::NoRequest);
        }
    }

    #[test]
    fn requests_that_cannot_be_read_are_answered() {
        let long = format!("/{}", "a".repeat(MAX_URI_BYTES));
        let many: Map<String, Value> = (0..=MAX_HEADERS)
            .map(|number| (format!("x-{number}"), json!("a")))
            .collect();
        let hosts = json!({"Host": ["a"], "host": ["b"]});
        for (event, expected) in [
            (json!({"httpMethod": "G\u{e9}T\n", "path": "/"}), 400),
            (json!({"httpMethod": "", "path": "/"}), 400),
            (json!({"httpMethod": "GET", "path": ""}), 400),
            (json!({"httpMethod": "GET", "path": "a.org"}), 400),
            (json!({"httpMethod": "GET", "path": "http://a.org/b"}), 400),
            (json!({"httpMethod": "OPTIONS", "path": "*"}), 400),
            (json!({"httpMethod": "GET", "path": long}), 414),
            (
                json!({"httpMethod": "GET", "path": "/", "headers": many}),
                431,
            ),
            (
                json!({"httpMethod": "GET", "path": "/", "multiValueHeaders": hosts}),
                400,
            ),
            (
                json!({"httpMethod": "POST", "path": "/", "body": "%", "isBase64Encoded": true}),
                400,
            ),
        ] {
            let Err(EventError::BadRequest {
                origin: Origin::RestApi,
                status,
                problem,
            }) = Event::read(&event)
            else {
                panic!("{event}");
            };
            assert_eq!(status, expected, "{problem}");
        }
    }

    #[test]
    fn what_is_no_header_no_query_and_no_body_is_left_out() {
        let event = json!({
            "httpMethod": "GET", "path": "/a?b#c\u{0}\u{d}\u{a}%2e%2E%25", "body": {"a": 1},
            "headers": {"host": "a", "x\r\ny": "b", "": "c", "x-a": "d\r\ne: f", "x-b": 7, "x-c": ["g", null, "h"]},
            "queryStringParameters": {"a": null, "b": {"c": "d"}, "e": "\u{0}&f=#"},
            "multiValueHeaders": null, "requestContext": "none",
        });
        let event = Event::read(&event).unwrap();
        let uri = event.request.uri().to_string();
        assert_eq!(uri, "/a%3Fb%23c%00%0D%0A%2e%2E%25?e=%00%26f%3D%23");
        let headers = event.request.headers();
        assert_eq!(headers.len(), 3, "{headers:?}");
        assert_eq!(headers.get_all("x-c").iter().count(), 2);
    }

    #[test]
    fn the_default_stage_is_no_part_of_paths() {
        let context =
            json!({"domainName": "a.org", "stage": "$default", "http": {"method": "GET"}});
        let event = json!({"rawPath": "/$default/iiif/3/a/info.json", "requestContext": context});
        let event = Event::read(&event).unwrap();
        assert_eq!(event.request.uri(), "/$default/iiif/3/a/info.json");
        assert!(event.request.headers().get("x-forwarded-prefix").is_none());
    }
}
