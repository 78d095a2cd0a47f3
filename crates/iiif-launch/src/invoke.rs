//! Invocations of a function that launches tasks, or does the work itself.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::operation::invoke::InvokeError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LogType};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::client::client;
use crate::error::failed;
use crate::{Backoff, LaunchError};

/// The most bytes of a payload that is answered (Lambda developer guide, "Lambda quotas").
const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The most bytes of a payload that is queued (same).
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// How a function is invoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Invocation {
    /// `RequestResponse`: the answer is waited for.
    #[default]
    RequestResponse,
    /// `Event`: queued.
    Event,
    /// `DryRun`: only permissions and payload are checked.
    DryRun,
}

/// What came of an invocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoked {
    /// The status of HTTP: 200, 202 for `Event`, 204 for `DryRun`.
    pub status: i32,
    /// What the function returned; `None` where it is not waited for, or is no JSON.
    pub payload: Option<Value>,
    /// Why what it returned is no JSON.
    pub unreadable: Option<String>,
    /// The last 4 KiB of the function's log.
    pub log: Option<String>,
    /// `FunctionError`, where the function failed.
    pub function_error: Option<String>,
}

/// Invokes functions.
#[derive(Clone, Debug)]
pub struct FunctionInvoker {
    client: Client,
    backoff: Backoff,
}

impl FunctionInvoker {
    /// Returns an invoker that calls Lambda with `config`, but for its retries.
    #[must_use]
    pub fn new(config: &aws_dsn::SdkConfig) -> Self {
        let config = config.to_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Self {
            client: client!(aws_sdk_lambda, "Lambda", &config),
            backoff: Backoff::default(),
        }
    }

    /// Sets how long is waited before a function is invoked again that Lambda had no capacity for.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Invokes a function. One that fails is no error here: see [`Invoked::function_error`].
    ///
    /// Where Lambda says that it invoked nothing, since there are too many requests, it is asked again.
    /// After other errors the function may have run: a request has no token by which Lambda would know
    /// it again, so it is not repeated.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Call`].
    pub async fn invoke(
        &self,
        function: &str,
        invocation: Invocation,
        payload: &Value,
    ) -> Result<Invoked, LaunchError> {
        let is_answered = invocation.is_answered();
        let call = self.client.invoke().function_name(function);
        let call = call
            .invocation_type(invocation.to_sdk())
            .set_log_type(invocation.log_type())
            .payload(Blob::new(payload.to_string()));
        let mut attempt = 0;
        let answer = loop {
            let error = match call.clone().send().await {
                Ok(answer) => break answer,
                Err(error) => error,
            };
            let refused = error.as_service_error();
            let is_throttled = refused.is_some_and(InvokeError::is_too_many_requests_exception);
            if !is_throttled || attempt + 1 == self.backoff.attempts.get() {
                return Err(failed("lambda:InvokeFunction", &error));
            }
            tracing::warn!("Lambda has too many requests, asking again");
            tokio::time::sleep(self.backoff.pause(attempt)).await;
            attempt += 1;
        };
        let returned = answer.payload().map(Blob::as_ref).unwrap_or_default();
        let payload = is_answered.then(|| serde_json::from_slice(returned));
        let (payload, error) = match payload {
            Some(Ok(payload)) => (Some(payload), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        let log = answer
            .log_result()
            .and_then(|encoded| BASE64_STANDARD.decode(encoded).ok());
        Ok(Invoked {
            status: answer.status_code(),
            payload,
            unreadable: error.map(|error| error.to_string()),
            log: log.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
            function_error: answer.function_error().map(str::to_owned),
        })
    }
}

impl Invocation {
    /// Returns whether what the function answers is waited for.
    #[must_use]
    pub fn is_answered(self) -> bool {
        self == Self::RequestResponse
    }

    /// Returns the most bytes that a payload may have.
    #[must_use]
    pub fn max_payload_bytes(self) -> usize {
        match self {
            Self::Event => MAX_EVENT_BYTES,
            _ => MAX_PAYLOAD_BYTES,
        }
    }

    /// Returns the request that [`FunctionInvoker::invoke`] makes, with the names of the API.
    #[must_use]
    pub fn request(self, function: &str, payload: &Value) -> Value {
        let mut request = json!({
            "FunctionName": function,
            "InvocationType": self.to_sdk().as_str(),
            "Payload": payload,
        });
        if let Some(log_type) = self.log_type() {
            request["LogType"] = json!(log_type.as_str());
        }
        request
    }

    /// Only who waits for the answer is sent the log.
    fn log_type(self) -> Option<LogType> {
        self.is_answered().then_some(LogType::Tail)
    }

    fn to_sdk(self) -> InvocationType {
        match self {
            Self::RequestResponse => InvocationType::RequestResponse,
            Self::Event => InvocationType::Event,
            Self::DryRun => InvocationType::DryRun,
        }
    }
}

/// Returns S3 events of the URIs, as few as payloads of `max_bytes` take, in order.
///
/// Keys are URIs, encoded as S3 encodes keys; there is no bucket.
#[must_use]
pub fn s3_events(uris: &[String], max_bytes: usize) -> Vec<Value> {
    let mut events = Vec::new();
    let mut records: Vec<Value> = Vec::new();
    let empty = event(&[]).to_string().len();
    let mut bytes = empty;
    for uri in uris {
        let record = record(uri);
        // And a comma.
        let added = record.to_string().len() + 1;
        if bytes + added > max_bytes && !records.is_empty() {
            events.push(event(&std::mem::take(&mut records)));
            bytes = empty;
        }
        bytes += added;
        records.push(record);
    }
    if !records.is_empty() {
        events.push(event(&records));
    }
    events
}

fn event(records: &[Value]) -> Value {
    json!({ "Records": records })
}

fn record(uri: &str) -> Value {
    let key = utf8_percent_encode(uri, NON_ALPHANUMERIC).to_string();
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventTime": "1970-01-01T00:00:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": { "name": "" },
            "object": { "key": key },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliveries;

    #[test]
    fn every_uri_is_in_one_event_and_comes_back_as_it_was() {
        let uris: Vec<String> = (0..100)
            .map(|number| format!("file:///é &+%/{number}.jpg?target=x"))
            .collect();
        let events = s3_events(&uris, 4000);
        assert!(events.len() > 5);
        let mut found = Vec::new();
        for event in &events {
            assert!(event.to_string().len() <= 4000);
            let mut deliveries = deliveries(event).expect("an S3 event");
            let objects = deliveries.remove(0).objects;
            found.extend(objects.into_iter().map(|object| object.expect("a key").key));
        }
        assert_eq!(found, uris);
    }
}
