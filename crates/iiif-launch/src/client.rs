//! Clients of the SDK.

use aws_sdk_ecs::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;

/// Returns the client of an SDK crate with a configuration. Without credentials, as `anon:` has none, its
/// requests are not signed: a client that is not told so refuses to send them.
macro_rules! client {
    ($sdk:ident, $service:literal, $config:expr) => {{
        let builder = $sdk::config::Builder::from($config);
        let builder = builder.interceptor($crate::client::RetryLog { service: $service });
        let builder = match $config.credentials_provider() {
            Some(_) => builder,
            None => builder.allow_no_auth(),
        };
        $sdk::Client::from_conf(builder.build())
    }};
}

pub(crate) use client;

/// The header that tells services how often a request was sent: `attempt=2; max=5`.
const ATTEMPT: &str = "amz-sdk-request";

/// Logs requests that are sent again, which the SDK does in silence for half a minute and more.
#[derive(Debug)]
pub(crate) struct RetryLog {
    /// The name of the service.
    pub(crate) service: &'static str,
}

impl Intercept for RetryLog {
    fn name(&self) -> &'static str {
        "RetryLog"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let attempt = context.request().headers().get(ATTEMPT);
        if let Some(attempt) = attempt.filter(|attempt| !attempt.starts_with("attempt=1;")) {
            let service = self.service;
            tracing::warn!(
                "{service} did not answer or has too many requests, asking again: {attempt}"
            );
        }
        Ok(())
    }
}
