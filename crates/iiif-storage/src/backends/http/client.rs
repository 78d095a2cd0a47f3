//! The client: that of `object_store` follows redirects to anywhere.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use reqwest::redirect::{Attempt, Policy};

use super::Refusal;
use super::names::Names;
use super::prefix::{Prefix, shown};
use crate::key::has_dots_with_parameters;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Redirects of one request.
const MAX_REDIRECTS: usize = 5;

/// What is answered to a method that is never done: 405 and 501 (RFC 9110 §15.5.6, §15.6.2).
const NOT_DONE: [u16; 2] = [405, 501];

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A client that asks nothing outside of a prefix.
#[derive(Clone, Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    pub(super) fn new(
        prefix: Prefix,
        names: Names,
        request_timeout: Duration,
    ) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(request_timeout)
            // As `object_store` does: many requests at once are slower in one connection, and what is
            // compressed has another length than its header says.
            .http1_only()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .referer(false)
            .https_only(prefix.is_encrypted())
            .dns_resolver(Arc::new(names))
            .redirect(Policy::custom(move |attempt| {
                match refusal_of(&attempt, &prefix) {
                    Some(refusal) => attempt.error(refusal),
                    None => attempt.follow(),
                }
            }))
            .build()?;
        Ok(Self(client))
    }
}

fn refusal_of(attempt: &Attempt<'_>, prefix: &Prefix) -> Option<Refusal> {
    if !prefix.contains(attempt.url()) {
        let (to, prefix) = (shown(attempt.url()), prefix.shown());
        return Some(Refusal::RedirectedOut { to, prefix });
    }
    // The first of them is the request.
    let most = MAX_REDIRECTS;
    (attempt.previous().len() > most).then_some(Refusal::RedirectedOften { most })
}

impl HttpConnector for Client {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if has_dots_with_parameters(request.uri().path()) {
            return Err(refused(Refusal::Parameters));
        }
        let method = request.method().to_string();
        let error = match self.0.call(request).await {
            Ok(response) if NOT_DONE.contains(&response.status().as_u16()) => {
                let status = response.status().as_u16();
                return Err(refused(Refusal::NotDone { method, status }));
            }
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        match Refusal::among(&error) {
            Some(refusal) => Err(refused(refusal.clone())),
            None => Err(error),
        }
    }
}

/// Returns an error of a kind that is not tried again.
fn refused(refusal: Refusal) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, refusal)
}

impl Refusal {
    /// Returns the refusal among an error and its causes.
    pub(crate) fn among<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(refusal) = error.downcast_ref() {
                return Some(refusal);
            }
            cause = error.source();
        }
        None
    }
}
