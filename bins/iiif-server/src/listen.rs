//! `-server-uri`: where the server listens, in go-iiif's words.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use iiif_cli::parse_seconds;
use percent_encoding::percent_decode_str;

/// Where the server listens, and how long it waits for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUri {
    pub(crate) endpoint: Endpoint,
    pub(crate) timeouts: Timeouts,
}

/// What requests come through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// Connections to a host and port, with TLS where there are files for it.
    Socket {
        authority: String,
        tls: Option<TlsFiles>,
    },
    /// Events of Lambda.
    Lambda(Answers),
}

/// How a Lambda function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// In one piece, of 6 MB at most.
    Buffered,
    /// In pieces, as a function URL asks for whose invoke mode is `RESPONSE_STREAM`.
    Streamed,
}

/// The files of a certificate and of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// How long the server waits for a client, and how slow one may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For a TLS handshake, and for the headers of a request. Default: 10 s.
    pub(crate) header: Duration,
    /// For a byte of an upload. Default: 30 s.
    pub(crate) read: Duration,
    /// For what is written, and how fast that has to be taken.
    pub(crate) write: LeastRate,
    /// For anything at all on a connection of HTTP/2. Default: 60 s.
    pub(crate) idle: Duration,
}

/// How fast a client has to take what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeastRate {
    /// The bytes a second, on the average of a `window` in which something waited for the client; 0 lets it
    /// be as slow as it likes. Default: 4096.
    pub(crate) bytes_per_second: u64,
    /// For so long it may also take nothing at all. Default: 30 s.
    pub(crate) window: Duration,
}

/// A text that says nowhere to listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URI {problem}; expected {expected}")]
pub(crate) struct ServerUriError {
    problem: String,
    expected: &'static str,
}

const HTTP_PORT: &str = ":8080";
const HTTPS_PORT: &str = ":443";

const EXPECTED: &str = "a URI such as `http://localhost:8080`, \
                        `https://0.0.0.0:8443?cert=FILE&key=FILE`, `lambda://` or `functionurl://`";
const EXPECTED_PARAMETERS: &str = "each at most once: `header_timeout`, `read_timeout`, `write_timeout`, \
                                   `write_rate`, `idle_timeout`; of https `cert` and `key`; of Lambda \
                                   `invoke_mode` and `binary_type`";
const EXPECTED_SECONDS: &str = "whole seconds from 1 to 31536000";
const EXPECTED_BYTES: &str = "a whole number of bytes a second from 0";
const EXPECTED_MODE: &str = "`BUFFERED` or `RESPONSE_STREAM`";
const EXPECTED_TLS: &str = "`https://HOST:PORT?cert=FILE&key=FILE`, where `cert` is a certificate \
                            with its chain in PEM and `key` its key in PEM";
const EXPECTED_MKCERT: &str = "`https://HOST:PORT?cert=FILE&key=FILE`, with the files that `mkcert HOST` \
                               writes";

impl ServerUriError {
    fn new(problem: String, expected: &'static str) -> Self {
        Self { problem, expected }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            header: Duration::from_secs(10),
            read: Duration::from_secs(30),
            write: LeastRate {
                bytes_per_second: 4096,
                window: Duration::from_secs(30),
            },
            idle: Duration::from_mins(1),
        }
    }
}

impl LeastRate {
    /// Returns the bytes that a client has to take in some time, rounded down.
    pub(crate) fn bytes_in(&self, time: Duration) -> u64 {
        let bytes = u128::from(self.bytes_per_second).saturating_mul(time.as_millis()) / 1000;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// What stands behind the `?`.
#[derive(Debug, Default)]
struct Parameters {
    timeouts: Timeouts,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    answers: Option<Answers>,
}

impl Parameters {
    fn parse(query: &str) -> Result<Self, ServerUriError> {
        let mut parameters = Self::default();
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            // go-iiif documents the longer names and reads the shorter ones.
            let key = match key {
                "tls_cert" => "cert",
                "tls_key" => "key",
                _ => key,
            };
            if seen.contains(&key) {
                let problem = format!("has `{key}` twice");
                return Err(ServerUriError::new(problem, EXPECTED_PARAMETERS));
            }
            seen.push(key);
            let value = percent_decode_str(value).decode_utf8_lossy();
            let timeouts = &mut parameters.timeouts;
            match key {
                "header_timeout" => timeouts.header = seconds(key, &value)?,
                "read_timeout" => timeouts.read = seconds(key, &value)?,
                "write_timeout" => timeouts.write.window = seconds(key, &value)?,
                "write_rate" => timeouts.write.bytes_per_second = bytes(key, &value)?,
                "idle_timeout" => timeouts.idle = seconds(key, &value)?,
                "cert" => parameters.certificate = file(&value),
                "key" => parameters.key = file(&value),
                "invoke_mode" => parameters.answers = Some(invoke_mode(&value)?),
                // Of go-iiif; every image is binary here.
                "binary_type" => {}
                _ => {
                    let problem = format!("has the unknown parameter `{key}`");
                    return Err(ServerUriError::new(problem, EXPECTED_PARAMETERS));
                }
            }
        }
        Ok(parameters)
    }

    /// Returns what would have no effect with a scheme: a server must not be without the encryption that
    /// was asked for.
    fn without_effect(&self, scheme: &str) -> Option<String> {
        let is_lambda = matches!(scheme, "lambda" | "functionurl");
        let has_files = self.certificate.is_some() || self.key.is_some();
        if has_files && (is_lambda || scheme == "http") {
            return Some(format!(
                "has `cert` or `key`, which `{scheme}` does not take"
            ));
        }
        let has_mode = self.answers.is_some() && !is_lambda;
        has_mode.then(|| format!("has `invoke_mode`, which `{scheme}` does not take"))
    }
}

fn seconds(key: &str, value: &str) -> Result<Duration, ServerUriError> {
    let seconds = parse_seconds(value).ok().filter(|seconds| *seconds > 0);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| wrong_value(key, EXPECTED_SECONDS))
}

fn bytes(key: &str, value: &str) -> Result<u64, ServerUriError> {
    let bytes = value.parse().ok();
    bytes.ok_or_else(|| wrong_value(key, EXPECTED_BYTES))
}

fn wrong_value(key: &str, expected: &'static str) -> ServerUriError {
    ServerUriError::new(format!("has another value for `{key}`"), expected)
}

fn file(value: &str) -> Option<PathBuf> {
    Some(value)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}

/// In the words of AWS.
fn invoke_mode(value: &str) -> Result<Answers, ServerUriError> {
    match &value.to_ascii_uppercase()[..] {
        "BUFFERED" => Ok(Answers::Buffered),
        "RESPONSE_STREAM" => Ok(Answers::Streamed),
        _ => Err(wrong_value("invoke_mode", EXPECTED_MODE)),
    }
}

impl FromStr for ServerUri {
    type Err = ServerUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = ServerUriError::new;
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| fail("has no scheme".to_owned(), EXPECTED))?;
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let parameters = Parameters::parse(query)?;
        if let Some(problem) = parameters.without_effect(scheme) {
            return Err(fail(problem, EXPECTED));
        }
        let endpoint = match scheme {
            "http" => Endpoint::Socket {
                authority: with_port(authority, HTTP_PORT)
                    .map_err(|problem| fail(problem, EXPECTED))?,
                tls: None,
            },
            "https" => {
                let files = parameters.certificate.zip(parameters.key);
                let (certificate, key) = files
                    .ok_or_else(|| fail("has no `cert` or no `key`".to_owned(), EXPECTED_TLS))?;
                Endpoint::Socket {
                    authority: with_port(authority, HTTPS_PORT)
                        .map_err(|problem| fail(problem, EXPECTED_TLS))?,
                    tls: Some(TlsFiles { certificate, key }),
                }
            }
            "lambda" | "functionurl" => {
                Endpoint::Lambda(parameters.answers.unwrap_or(Answers::Buffered))
            }
            "mkcert" => {
                let problem = "has a scheme that makes certificates, which is not supported";
                return Err(fail(problem.to_owned(), EXPECTED_MKCERT));
            }
            _ => return Err(fail("has an unknown scheme".to_owned(), EXPECTED)),
        };
        Ok(Self {
            endpoint,
            timeouts: parameters.timeouts,
        })
    }
}

fn with_port(authority: &str, default: &str) -> Result<String, String> {
    let authority = authority.trim_end_matches('/');
    if authority.is_empty() || authority.starts_with(':') && !authority.starts_with("::") {
        return Err("has no host".to_owned());
    }
    if authority.contains(['/', '@']) {
        return Err("has a path or a user".to_owned());
    }
    let (_, after_address) = authority.rsplit_once(']').unwrap_or(("", authority));
    let Some((host, port)) = after_address.split_once(':') else {
        return Ok(format!("{authority}{default}"));
    };
    let is_bare = !authority.contains(']') && port.contains(':');
    if is_bare || host.contains('[') {
        return Err("has an IPv6 address without brackets, as `[::1]` has them".to_owned());
    }
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if is_number {
        Ok(authority.to_owned())
    } else {
        Err("has a port that is no number up to 65535".to_owned())
    }
}

impl Endpoint {
    /// Returns what URIs of this endpoint begin with.
    pub(crate) fn scheme(&self) -> &'static str {
        match self {
            Self::Socket { tls: None, .. } => "http",
            Self::Socket { tls: Some(_), .. } => "https",
            Self::Lambda(_) => "lambda",
        }
    }
}

impl fmt::Display for ServerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = match &self.endpoint {
            Endpoint::Socket { authority, .. } => authority,
            Endpoint::Lambda(_) => "",
        };
        write!(f, "{}://{authority}", self.endpoint.scheme())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ServerUri, String> {
        text.parse()
            .map_err(|error: ServerUriError| error.to_string())
    }

    #[test]
    fn uris_of_go_iiif_are_understood() {
        let shown = |text: &str| parse(text).map(|uri| uri.to_string());
        for (text, expected) in [
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://localhost/", "http://localhost:8080"),
            ("http://[::1]", "http://[::1]:8080"),
            ("https://a?tls_cert=c&tls_key=k", "https://a:443"),
            ("lambda://?binary_type=image/jpeg", "lambda://"),
            ("functionurl://", "lambda://"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        let slow =
            parse("http://[::1]:80?header_timeout=3&write_timeout=5&read_timeout=7&write_rate=9");
        let slow = slow.unwrap().timeouts;
        assert_eq!(slow.header, Duration::from_secs(3));
        assert_eq!(slow.write.window, Duration::from_secs(5));
        assert_eq!(slow.read, Duration::from_secs(7));
        assert_eq!(slow.write.bytes_per_second, 9);
        let files = TlsFiles {
            certificate: "/a b/c.pem".into(),
            key: "k.pem".into(),
        };
        let tls = parse("https://a:1?cert=/a%20b/c.pem&key=k.pem").unwrap();
        let expected = Endpoint::Socket {
            authority: "a:1".to_owned(),
            tls: Some(files),
        };
        assert_eq!(tls.endpoint, expected);
        let streamed = parse("functionurl://?invoke_mode=response_stream").unwrap();
        assert_eq!(streamed.endpoint, Endpoint::Lambda(Answers::Streamed));
    }

    #[test]
    fn what_is_no_uri_is_told_with_what_is() {
        for (wrong, expected) in [
            ("localhost:8080", "has no scheme"),
            ("ftp://a", "unknown scheme"),
            ("http://", "has no host"),
            ("http://:80", "has no host"),
            ("http://a/b", "has a path"),
            ("http://me:pw@a", "or a user"),
            ("http://::1:80", "IPv6 address without brackets"),
            ("http://[::1", "IPv6 address without brackets"),
            ("http://a:99999", "no number up to 65535"),
            ("http://a:", "no number up to 65535"),
            (
                "http://a?x=1",
                "unknown parameter `x`; expected each at most once: `header_timeout`",
            ),
            ("https://a?cert=c&key=k&tls_cert=d", "has `cert` twice"),
            ("http://a?idle_timeout=x", "`idle_timeout`"),
            ("http://a?write_timeout=0", "from 1"),
            ("http://a?write_rate=fast", "bytes a second from 0"),
            ("http://a?cert=c&key=k", "which `http` does not take"),
            ("lambda://?key=k", "which `lambda` does not take"),
            ("http://a?invoke_mode=BUFFERED", "has `invoke_mode`"),
            (
                "https://a",
                "expected `https://HOST:PORT?cert=FILE&key=FILE`",
            ),
            ("https://a?cert=c&key=", "has no `cert` or no `key`"),
            ("mkcert://localhost:8080", "`mkcert HOST`"),
            ("functionurl://?invoke_mode=x", "`RESPONSE_STREAM`"),
        ] {
            let error = parse(wrong).unwrap_err();
            assert!(
                error.contains(expected) && error.contains("expected"),
                "{error}"
            );
        }
    }
}
