//! How often a failed request is made again.

use std::time::Duration;

/// How often a failed request to a remote backend is made again.
///
/// Repeated are requests that were answered with 408, 429 or 5xx (but 501 of a web server), that found no connection, or whose
/// connection was cut; never those answered with another 4xx. Puts replace the whole object, so
/// they are as safe to repeat as gets. The pause before each repetition is random, up to twice as
/// long as the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetrySettings {
    /// How many times one request is repeated at most; 0 never repeats. Default: 8.
    pub max_retries: usize,
    /// The longest first pause. Default: 100 ms.
    pub initial_backoff: Duration,
    /// The longest pause. Default: 10 s.
    pub max_backoff: Duration,
    /// No repetition starts later than this after the request. Default: 3 minutes.
    pub total: Duration,
    /// How long one request may take, with its body. Default: 2 minutes.
    pub request_timeout: Duration,
}

impl RetrySettings {
    /// Sets [`max_retries`](Self::max_retries).
    #[must_use]
    pub fn with_max_retries(mut self, max_retries: usize) -> Self {
        self.max_retries = max_retries;
        self
    }

    /// Sets [`initial_backoff`](Self::initial_backoff) and [`max_backoff`](Self::max_backoff).
    #[must_use]
    pub fn with_backoff(mut self, initial: Duration, max: Duration) -> Self {
        self.initial_backoff = initial;
        self.max_backoff = max;
        self
    }

    /// Sets [`total`](Self::total).
    #[must_use]
    pub fn with_total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    /// Sets [`request_timeout`](Self::request_timeout).
    #[must_use]
    pub fn with_request_timeout(mut self, request_timeout: Duration) -> Self {
        self.request_timeout = request_timeout;
        self
    }
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            max_retries: 8,
            initial_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(10),
            total: Duration::from_mins(3),
            request_timeout: Duration::from_mins(2),
        }
    }
}

#[cfg(any(feature = "aws", feature = "azure", feature = "gcp", feature = "http"))]
impl RetrySettings {
    pub(crate) fn to_config(&self) -> object_store::RetryConfig {
        object_store::RetryConfig {
            backoff: object_store::BackoffConfig {
                init_backoff: self.initial_backoff,
                max_backoff: self.max_backoff,
                base: 2.0,
            },
            max_retries: self.max_retries,
            retry_timeout: self.total,
        }
    }

    /// Options of the HTTP client of a backend; plain HTTP only where the URI says `http://`.
    #[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
    pub(crate) fn client_options(&self, url: Option<&str>) -> object_store::ClientOptions {
        object_store::ClientOptions::new()
            .with_timeout(self.request_timeout)
            .with_allow_http(url.is_some_and(|url| url.starts_with("http://")))
    }
}
