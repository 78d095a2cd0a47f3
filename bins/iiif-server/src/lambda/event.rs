//! The request of an event: of a function URL, of API Gateway, or of a load balancer.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iiif_image_api::extension::ExtendedQuality;
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// A request, and what it came through.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) origin: Origin,
    pub(super) request: Request<Body>,
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

const UNREADABLE: &str = "the event is no HTTP request; expected one of a function URL, of API Gateway or of \
                          an Application Load Balancer";

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

/// Where an identifier stands whose slashes were decoded.
const PREFIXES: [&str; 2] = ["/iiif/3/", "/iiif/2/"];

impl Event {
    /// Reads an event, or says what is wrong with it.
    pub(super) fn read(event: &Value) -> Result<Self, String> {
        let context = &event["requestContext"];
        let http = &context["http"];
        let method = http["method"]
            .as_str()
            .or_else(|| event["httpMethod"].as_str());
        let method = method.ok_or(UNREADABLE)?;
        let method: Method = method
            .parse()
            .map_err(|_invalid| format!("the event has the unknown method `{method}`"))?;
        let domain = context["domainName"].as_str();
        let origin = if http.is_object() {
            let is_function_url = domain.is_some_and(|domain| domain.contains(".lambda-url."));
            if is_function_url {
                Origin::FunctionUrl
            } else {
                Origin::HttpApi
            }
        } else if context["elb"].is_object() {
            let has_several = event["multiValueHeaders"].is_object();
            Origin::LoadBalancer(if has_several {
                Headers::Multiple
            } else {
                Headers::Single
            })
        } else {
            Origin::RestApi
        };
        let mut headers = headers(event);
        let (path, prefix) = path(event, origin).ok_or(UNREADABLE)?;
        if let Some(prefix) = prefix.and_then(|it| HeaderValue::from_str(&it).ok()) {
            headers.insert("x-forwarded-prefix", prefix);
        }
        if let Some(host) = domain.and_then(|domain| HeaderValue::from_str(domain).ok()) {
            headers.entry("host").or_insert(host);
        }
        let path = match query(event, origin) {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let uri: Uri = path
            .parse()
            .map_err(|error| format!("the event has no path that can be read: {error}"))?;
        let mut request = Request::new(body(event)?);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(Self { origin, request })
    }
}

/// Returns the path as a URI has it, and the part of it before ours that clients see.
fn path(event: &Value, origin: Origin) -> Option<(String, Option<String>)> {
    let context = &event["requestContext"];
    let path = event["rawPath"]
        .as_str()
        .or_else(|| event["path"].as_str())?;
    match origin {
        Origin::HttpApi => {
            let stage = context["stage"].as_str().unwrap_or_default();
            let below = path.strip_prefix('/')?.strip_prefix(stage);
            let below = below.filter(|below| !stage.is_empty() && below.starts_with('/'));
            Some(match below {
                Some(below) => (encoded_again(below), Some(stage.to_owned())),
                None => (encoded_again(path), None),
            })
        }
        Origin::RestApi => {
            // The whole path begins with the stage.
            let whole = context["path"].as_str().unwrap_or(path);
            let prefix = whole.strip_suffix(path).filter(|prefix| !prefix.is_empty());
            Some((valid(path), prefix.map(str::to_owned)))
        }
        Origin::FunctionUrl | Origin::LoadBalancer(_) => Some((valid(path), None)),
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

fn headers(event: &Value) -> HeaderMap {
    let pairs = values(&event["multiValueHeaders"]).or_else(|| values(&event["headers"]));
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.unwrap_or_default() {
        let name = HeaderName::from_bytes(name.as_bytes());
        // What is no header was none.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    headers
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
        .map_err(|error| format!("the event has a body that is no base64: {error}"))
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
            json!({"Records": []}),
            json!({"httpMethod": "GET"}),
        ] {
            let error = Event::read(&event).unwrap_err();
            assert!(error.contains("expected one of a function URL"), "{error}");
        }
        let event =
            json!({"httpMethod": "POST", "path": "/", "body": "%", "isBase64Encoded": true});
        assert!(Event::read(&event).unwrap_err().contains("base64"));
    }
}
