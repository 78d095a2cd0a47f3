//! What a Lambda function is told: which objects were created.

mod record;

use serde::Deserialize as _;
use serde_json::Value;

use self::record::{Notification, Records, SqsRecord};

/// An object that was created in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CreatedObject {
    /// The name of the bucket; empty where the event names none.
    pub bucket: String,
    /// The key, decoded.
    pub key: String,
}

/// The part of an event that arrived, and is answered for, as one.
#[derive(Debug)]
pub struct Delivery {
    /// The id of an SQS message, which can be given back alone; `None` for all other events.
    pub message_id: Option<String>,
    /// The objects that were created, in order, and what of them cannot be read; none for tests, removals
    /// and restores.
    pub objects: Vec<Result<CreatedObject, EventError>>,
}

/// Why an event cannot be read. Payloads are not repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It is none of the known events.
    #[error(
        "the event has neither `Records` of S3, SNS or SQS nor the `detail` of an EventBridge event; \
         expected `Object Created` of S3, directly or through one of them"
    )]
    Unknown,
    /// A field is missing or of another type.
    #[error("cannot read the event")]
    Malformed(#[source] serde_json::Error),
    /// A key is not percent-encoded UTF-8.
    #[error("the key `{key}` of the event is not UTF-8 after decoding")]
    Key {
        /// The key as the event has it.
        key: String,
    },
}

/// Reads an event of Lambda: notifications of S3, directly or through SNS, SQS or both, and
/// `EventBridge`'s `Object Created`.
///
/// Only created objects count: `ObjectCreated:*`, and records without an event name, which is what
/// go-iiif-aws sends when it invokes a function. `s3:TestEvent` has none.
///
/// # Errors
///
/// If the event as a whole is of no known form. What is wrong with one message or one key stands in its
/// [`Delivery`], beside what is read.
pub fn deliveries(event: &Value) -> Result<Vec<Delivery>, EventError> {
    if let Some(records) = sqs_records(event)? {
        let delivery = |record: SqsRecord| Delivery {
            objects: from_text(&record.body),
            message_id: Some(record.message_id),
        };
        return Ok(records.into_iter().map(delivery).collect());
    }
    let objects = objects(event)?;
    Ok(vec![Delivery {
        message_id: None,
        objects,
    }])
}

/// Returns the messages, if the event is one of SQS.
fn sqs_records(event: &Value) -> Result<Option<Vec<SqsRecord>>, EventError> {
    let first = event.pointer("/Records/0/eventSource");
    if first.and_then(Value::as_str) != Some("aws:sqs") {
        return Ok(None);
    }
    let records = Vec::deserialize(&event["Records"]);
    records.map(Some).map_err(EventError::Malformed)
}

/// Reads the event inside a message. One that cannot be read stands in the place of its objects.
fn from_text(text: &str) -> Vec<Result<CreatedObject, EventError>> {
    let event = serde_json::from_str(text).map_err(EventError::Malformed);
    let objects = event.and_then(|event: Value| objects(&event));
    objects.unwrap_or_else(|error| vec![Err(error)])
}

fn objects(event: &Value) -> Result<Vec<Result<CreatedObject, EventError>>, EventError> {
    match Notification::deserialize(event).map_err(|_untagged| EventError::Unknown)? {
        Notification::Test { event } if event == record::TEST => Ok(Vec::new()),
        Notification::Test { .. } => Err(EventError::Unknown),
        Notification::Bridge(event) => Ok(event.created().map(Ok).into_iter().collect()),
        // SNS hands its message to SQS in an envelope, or as it is.
        Notification::Envelope { message } => Ok(from_text(&message)),
        Notification::Records { records } => {
            let mut created = Vec::new();
            for record in records {
                match record {
                    Records::S3(record) => created.extend(record.created()),
                    Records::Sns { sns } => created.extend(from_text(&sns.message)),
                }
            }
            Ok(created)
        }
    }
}

#[cfg(test)]
mod tests;
