//! `-server-uri`: where the server listens, in go-iiif's words.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use tokio::net::TcpListener;

/// Where the server listens, and how long it waits for clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ServerUri {
    /// Host and port.
    authority: String,
    /// How long the headers of a request may take. Default: 10 s.
    pub(crate) header_timeout: Duration,
    /// How long a connection may do nothing. Default: 60 s.
    pub(crate) idle_timeout: Duration,
}

/// A text that says nowhere to listen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` {problem}; expected a URI such as `http://localhost:8080`")]
pub(crate) struct ServerUriError {
    text: String,
    problem: String,
}

const DEFAULT_PORT: &str = ":8080";

impl ServerUri {
    /// Opens the listener.
    pub(crate) async fn bind(&self) -> io::Result<TcpListener> {
        TcpListener::bind(&self.authority).await
    }
}

impl FromStr for ServerUri {
    type Err = ServerUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = |problem: &str| ServerUriError {
            text: text.to_owned(),
            problem: problem.to_owned(),
        };
        let (scheme, rest) = text
            .split_once("://")
            .ok_or_else(|| fail("has no scheme"))?;
        if scheme != "http" {
            return Err(fail("has another scheme than `http`"));
        }
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = authority.trim_end_matches('/');
        if authority.is_empty() || authority.contains('/') {
            return Err(fail("has no host, or a path"));
        }
        let has_port = authority
            .rsplit(']')
            .next()
            .is_some_and(|end| end.contains(':'));
        let port = if has_port { "" } else { DEFAULT_PORT };
        let mut uri = Self {
            authority: format!("{authority}{port}"),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let seconds = || value.parse().map(Duration::from_secs);
            let problem = |_| fail(&format!("has `{key}` without a whole number of seconds"));
            match key {
                "header_timeout" => uri.header_timeout = seconds().map_err(problem)?,
                "idle_timeout" => uri.idle_timeout = seconds().map_err(problem)?,
                // Of go-iiif: what takes long is bounded by other means here.
                "read_timeout" | "write_timeout" => {}
                _ => return Err(fail(&format!("has the unknown parameter `{key}`"))),
            }
        }
        Ok(uri)
    }
}

impl fmt::Display for ServerUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_go_iiif_are_understood() {
        let authority = |text: &str| text.parse().map(|uri: ServerUri| uri.authority);
        assert_eq!(
            authority("http://localhost:8080").as_deref(),
            Ok("localhost:8080")
        );
        assert_eq!(
            authority("http://localhost/").as_deref(),
            Ok("localhost:8080")
        );
        assert_eq!(authority("http://[::1]").as_deref(), Ok("[::1]:8080"));
        let slow: ServerUri = "http://[::1]:80?header_timeout=3&write_timeout=5"
            .parse()
            .unwrap();
        assert_eq!(slow.header_timeout, Duration::from_secs(3));
        for wrong in [
            "localhost:8080",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://a?x=1",
            "http://a?idle_timeout=x",
        ] {
            let error = wrong.parse::<ServerUri>().unwrap_err().to_string();
            assert!(error.contains("expected"), "{error}");
        }
    }
}
