//! From an event to what is to be processed.

use std::collections::HashMap;

use iiif_config::{
    FileUri, Origin, ParseUriError, ProcessingUri, has_image_extension, without_parameters,
};

use crate::answer::with_causes;
use crate::{CreatedObject, Delivery, ObjectFilter, Skipped};

/// Whether the folders of a source are part of what is processed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Folders {
    /// They are.
    #[default]
    Kept,
    /// Only the file's name is: `a/b.jpg` is `b.jpg`.
    Stripped,
}

/// An image that an event asks to be processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What is processed.
    pub uri: ProcessingUri,
    /// The bucket in which it was created; empty where the event names none.
    pub bucket: String,
    /// The ids of the SQS messages that ask for it.
    pub messages: Vec<String>,
}

/// What an event asks to be processed.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Arrivals {
    /// What is to be processed, each once, in the order of the event.
    pub images: Vec<Arrival>,
    /// Objects that are passed over, and why.
    pub skipped: Vec<String>,
    /// What cannot be read, and why.
    pub problems: Vec<String>,
    /// The SQS messages among these.
    pub failed_messages: Vec<String>,
}

impl Arrivals {
    /// Sorts out what an event asks for.
    #[must_use]
    pub fn of(deliveries: Vec<Delivery>, filter: &ObjectFilter, folders: Folders) -> Self {
        let mut arrivals = Self::default();
        let mut known: HashMap<CreatedObject, usize> = HashMap::new();
        for delivery in deliveries {
            let objects = match delivery.objects {
                Ok(objects) => objects,
                Err(error) => {
                    arrivals.fail(delivery.message_id.as_deref(), &error);
                    continue;
                }
            };
            for object in objects {
                let uri = match uri(&object, filter, folders) {
                    Ok(uri) => uri,
                    Err(Refused::Skipped(reason)) => {
                        let CreatedObject { bucket, key } = &object;
                        let shown = without_parameters(key);
                        arrivals
                            .skipped
                            .push(format!("`{bucket}/{shown}`: {reason}"));
                        continue;
                    }
                    Err(Refused::Malformed(error)) => {
                        arrivals.fail(delivery.message_id.as_deref(), &error);
                        continue;
                    }
                };
                let bucket = object.bucket.clone();
                let index = *known.entry(object).or_insert(arrivals.images.len());
                if index == arrivals.images.len() {
                    arrivals.images.push(Arrival {
                        uri,
                        bucket,
                        messages: Vec::new(),
                    });
                }
                arrivals.images[index]
                    .messages
                    .extend(delivery.message_id.clone());
            }
        }
        arrivals.take_out_clashes();
        arrivals
    }

    fn fail(&mut self, message_id: Option<&str>, error: &(dyn std::error::Error + 'static)) {
        let reason = with_causes(error);
        self.problems.push(match message_id {
            Some(id) => format!("message `{id}`: {reason}"),
            None => reason,
        });
        self.failed_messages.extend(message_id.map(str::to_owned));
    }

    /// Takes out different objects whose derivatives would replace each other.
    fn take_out_clashes(&mut self) {
        let mut counts: HashMap<ProcessingUri, usize> = HashMap::new();
        for image in &self.images {
            *counts.entry(image.uri.clone()).or_default() += 1;
        }
        counts.retain(|_, count| *count > 1);
        let images = std::mem::take(&mut self.images);
        for image in images {
            if counts.contains_key(&image.uri) {
                let uri = image.uri.to_redacted_string();
                self.problems.push(format!(
                    "several objects are `{uri}`, without their buckets and, but for -strip-paths=false, their folders"
                ));
                self.failed_messages.extend(image.messages);
            } else {
                self.images.push(image);
            }
        }
    }
}

/// Why an object is not processed.
enum Refused {
    Skipped(Skipped),
    Malformed(ParseUriError),
}

/// Keys of a bucket are origins, whatever they look like: who may put an object must not choose where
/// derivatives go. Events without a bucket are made by programs, and their keys are URIs.
fn uri(
    object: &CreatedObject,
    filter: &ObjectFilter,
    folders: Folders,
) -> Result<ProcessingUri, Refused> {
    let uri = if object.bucket.is_empty() {
        let uri = ProcessingUri::parse(&object.key).map_err(Refused::Malformed)?;
        // Filters are over buckets.
        if !has_image_extension(uri.origin().as_str()) {
            return Err(Refused::Skipped(Skipped::NotAnImage));
        }
        uri
    } else {
        filter.check(object).map_err(Refused::Skipped)?;
        let origin = Origin::new(&object.key).map_err(Refused::Malformed)?;
        ProcessingUri::File(FileUri::new(origin))
    };
    match folders {
        Folders::Kept => Ok(uri),
        Folders::Stripped => uri.without_folders().map_err(Refused::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::deliveries;

    fn record(key: &str) -> Value {
        json!({
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "scans"}, "object": {"key": key}},
        })
    }

    fn message(id: &str, keys: &[&str]) -> Value {
        let records: Vec<Value> = keys.iter().map(|key| record(key)).collect();
        let body = json!({ "Records": records }).to_string();
        json!({"eventSource": "aws:sqs", "messageId": id, "body": body})
    }

    fn of(event: &Value, folders: Folders) -> Arrivals {
        let deliveries = deliveries(event).expect("an event");
        Arrivals::of(deliveries, &ObjectFilter::default(), folders)
    }

    fn texts(arrivals: &Arrivals) -> Vec<String> {
        let images = arrivals.images.iter();
        images.map(|image| image.uri.to_string()).collect()
    }

    #[test]
    fn what_is_delivered_twice_is_processed_once_and_answered_for_twice() {
        let event = json!({"Records": [
            message("1", &["a.jpg", "notes.txt"]),
            message("2", &["b/c%20d.jpg", "a.jpg"]),
            {"eventSource": "aws:sqs", "messageId": "3", "body": "no JSON"},
        ]});
        let arrivals = of(&event, Folders::Kept);
        assert_eq!(texts(&arrivals), ["file:///a.jpg", "file:///b/c%20d.jpg"]);
        let messages: Vec<_> = arrivals
            .images
            .iter()
            .map(|image| &image.messages[..])
            .collect();
        assert_eq!(messages, [&["1", "2"][..], &["2"]]);
        assert_eq!(arrivals.skipped.len(), 1);
        assert_eq!(arrivals.failed_messages, ["3"]);
        let stripped = of(&event, Folders::Stripped);
        assert_eq!(texts(&stripped), ["file:///a.jpg", "file:///c%20d.jpg"]);
    }

    #[test]
    fn objects_that_only_folders_or_buckets_tell_apart_are_not_one_image() {
        let event = json!({"Records": [
            message("1", &["2024/a.jpg"]),
            message("2", &["2025/a.jpg", "2025/b.jpg"]),
        ]});
        assert_eq!(of(&event, Folders::Kept).images.len(), 3);
        let stripped = of(&event, Folders::Stripped);
        assert_eq!(texts(&stripped), ["file:///b.jpg"]);
        assert_eq!(stripped.failed_messages, ["1", "2"]);
        assert!(stripped.problems[0].contains("-strip-paths=false"));
        let mut other = record("a.jpg");
        other["s3"]["bucket"]["name"] = json!("maps");
        let event = json!({"Records": [record("a.jpg"), other, record("b.jpg")]});
        assert_eq!(texts(&of(&event, Folders::Kept)), ["file:///b.jpg"]);
    }

    #[test]
    fn keys_of_a_bucket_are_no_uris() {
        let hostile = "rewrite:///a.jpg?target=b.jpg";
        let arrivals = of(&json!({"Records": [record(hostile)]}), Folders::Kept);
        assert_eq!(texts(&arrivals), [] as [&str; 0]);
        let asked = json!({"Records": [{"s3": {"object": {"key": "file:///a.jpg?target=x"}}}]});
        assert_eq!(texts(&of(&asked, Folders::Kept)).len(), 1);
    }
}
