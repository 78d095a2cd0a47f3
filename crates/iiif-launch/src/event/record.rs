//! The fields of events that matter here. Everything else may be missing or unknown.
//!
//! Forms: "Event message structure" of the S3 user guide, "Using Lambda with" SNS and SQS of the Lambda
//! guide, and "Amazon S3 event notification" of the `EventBridge` reference.

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::{CreatedObject, EventError};

/// What S3 sends when notifications are switched on.
pub(super) const TEST: &str = "s3:TestEvent";

/// Names of events begin with it; with `s3:` before, where a notification is configured.
const CREATED: &str = "ObjectCreated:";

/// `EventBridge`'s name for the same.
const CREATED_DETAIL: &str = "Object Created";

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Notification {
    Records {
        #[serde(rename = "Records")]
        records: Vec<Records>,
    },
    Bridge(BridgeEvent),
    Envelope {
        #[serde(rename = "Message")]
        message: String,
    },
    Test {
        #[serde(rename = "Event")]
        event: String,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Records {
    Sns {
        #[serde(rename = "Sns")]
        sns: SnsMessage,
    },
    S3(S3Record),
}

#[derive(Deserialize)]
pub(super) struct SnsMessage {
    #[serde(rename = "Message")]
    pub(super) message: String,
}

#[derive(Deserialize)]
pub(super) struct SqsRecord {
    #[serde(rename = "messageId")]
    pub(super) message_id: String,
    pub(super) body: String,
}

#[derive(Deserialize)]
pub(super) struct S3Record {
    #[serde(rename = "eventName", default)]
    event_name: String,
    s3: S3Entity,
}

#[derive(Deserialize)]
struct S3Entity {
    #[serde(default)]
    bucket: Bucket,
    object: Object,
}

#[derive(Default, Deserialize)]
struct Bucket {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Object {
    key: String,
}

#[derive(Deserialize)]
pub(super) struct BridgeEvent {
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Bucket,
    object: Object,
}

impl S3Record {
    /// Returns the object if the record tells of a new one. Keys are encoded as forms are: `+` is a
    /// space.
    pub(super) fn created(self) -> Option<Result<CreatedObject, EventError>> {
        let name = self.event_name.trim_start_matches("s3:");
        if !name.is_empty() && !name.starts_with(CREATED) {
            return None;
        }
        let encoded = self.s3.object.key;
        let spaced = encoded.replace('+', " ");
        Some(match percent_decode_str(&spaced).decode_utf8() {
            Ok(key) => Ok(CreatedObject {
                bucket: self.s3.bucket.name,
                key: key.into_owned(),
            }),
            Err(_) => Err(EventError::Key { key: encoded }),
        })
    }
}

impl BridgeEvent {
    /// Returns the object if the event tells of a new one. `EventBridge` does not encode keys.
    pub(super) fn created(self) -> Option<CreatedObject> {
        (self.detail_type == CREATED_DETAIL).then_some(CreatedObject {
            bucket: self.detail.bucket.name,
            key: self.detail.object.key,
        })
    }
}
