//! From an event to the images that it asks for, and from what came of them to the answer.

use std::collections::HashMap;

use iiif_config::{
    FileUri, Origin, ParseUriError, ProcessingUri, has_image_extension, without_parameters,
};
use serde_json::Value;

use crate::answer::{batch_item_failures, with_causes};
use crate::{CreatedObject, Delivery, EventError, HandlerError, ObjectFilter, Skipped, deliveries};

/// How much of an object's key makes its URI.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPath {
    /// All of it.
    #[default]
    Full,
    /// The file's name, without folders: `a/b.jpg` is `b.jpg`.
    FileName,
}

/// An image that an event asks to be processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventImage {
    /// What is processed.
    pub uri: ProcessingUri,
    /// The bucket in which it was created; empty where the event names none.
    pub bucket: String,
    /// The ids of the SQS messages that ask for it.
    pub messages: Vec<String>,
}

/// What an event asks to be processed: what a function reads first, and answers at last.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct EventImages {
    /// What is to be processed, each once, in the order of the event.
    pub images: Vec<EventImage>,
    /// What of the event cannot be read. What fails later is added by who processes the images.
    pub failures: Failures,
    /// Whether messages are answered for one by one.
    is_queue: bool,
}

/// What failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// What, and why.
    pub problems: Vec<String>,
    /// The SQS messages that asked for it, some perhaps twice.
    pub messages: Vec<String>,
}

impl EventImages {
    /// Reads an event, and logs which objects are passed over.
    ///
    /// # Errors
    ///
    /// If the event as a whole is of no known form.
    pub fn read(
        event: &Value,
        filter: &ObjectFilter,
        key_path: KeyPath,
    ) -> Result<Self, EventError> {
        let deliveries = deliveries(event)?;
        let mut read = Self {
            is_queue: deliveries.iter().any(|one| one.message_id.is_some()),
            ..Self::default()
        };
        let mut known: HashMap<CreatedObject, usize> = HashMap::new();
        for Delivery {
            message_id,
            objects,
        } in deliveries
        {
            for object in objects {
                let object = match object {
                    Ok(object) => object,
                    Err(error) => {
                        read.failures.note(message_id.as_deref(), &error);
                        continue;
                    }
                };
                let uri = match uri(&object, filter, key_path) {
                    Ok(uri) => uri,
                    Err(Refused::Skipped(reason)) => {
                        let CreatedObject { bucket, key } = &object;
                        let shown = without_parameters(key);
                        // Somebody set up the events of that bucket, and waits for derivatives.
                        if reason == Skipped::OtherBucket {
                            tracing::warn!("passed over `{bucket}/{shown}`: {reason}");
                        } else {
                            tracing::info!("passed over `{bucket}/{shown}`: {reason}");
                        }
                        continue;
                    }
                    Err(Refused::Malformed(error)) => {
                        read.failures.note(message_id.as_deref(), &error);
                        continue;
                    }
                };
                let bucket = object.bucket.clone();
                let index = *known.entry(object).or_insert(read.images.len());
                if index == read.images.len() {
                    read.images.push(EventImage {
                        uri,
                        bucket,
                        messages: Vec::new(),
                    });
                }
                read.images[index].messages.extend(message_id.clone());
            }
        }
        read.take_out_clashes(key_path);
        Ok(read)
    }

    /// Returns the answer of the function, and logs what failed: for SQS the messages that come back,
    /// `null` where there was nothing to process, else what `answer` makes of the problems.
    ///
    /// # Errors
    ///
    /// Those of `answer`. A queue gets back what failed, and its function never fails.
    pub fn answer(
        self,
        answer: impl FnOnce(Vec<String>) -> Result<Value, HandlerError>,
    ) -> Result<Value, HandlerError> {
        let Failures { problems, messages } = self.failures;
        for problem in &problems {
            tracing::error!("{problem}");
        }
        if self.is_queue {
            return Ok(batch_item_failures(messages));
        }
        if self.images.is_empty() && problems.is_empty() {
            return Ok(Value::Null);
        }
        answer(problems)
    }

    /// Takes out different objects whose derivatives would replace each other.
    fn take_out_clashes(&mut self, key_path: KeyPath) {
        let mut counts: HashMap<ProcessingUri, usize> = HashMap::new();
        for image in &self.images {
            *counts.entry(image.uri.clone()).or_default() += 1;
        }
        counts.retain(|_, count| *count > 1);
        let (apart, hint) = match key_path {
            KeyPath::Full => ("buckets", ""),
            KeyPath::FileName => (
                "folders or buckets",
                "; -strip-paths=false keeps folders apart",
            ),
        };
        let images = std::mem::take(&mut self.images);
        for image in images {
            match counts.get_mut(&image.uri) {
                None => self.images.push(image),
                Some(count) => {
                    self.failures.messages.extend(image.messages);
                    // They are told once.
                    if let objects @ 1.. = std::mem::take(count) {
                        let uri = image.uri.to_redacted_string();
                        self.failures.problems.push(format!(
                            "{objects} objects in different {apart} have the same derivatives, those of `{uri}`, and none was processed{hint}"
                        ));
                    }
                }
            }
        }
    }
}

impl Failures {
    fn note(&mut self, message_id: Option<&str>, error: &(dyn std::error::Error + 'static)) {
        let reason = with_causes(error);
        self.problems.push(match message_id {
            Some(id) => format!("message `{id}`: {reason}"),
            None => reason,
        });
        self.messages.extend(message_id.map(str::to_owned));
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
    key_path: KeyPath,
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
    match key_path {
        KeyPath::Full => Ok(uri),
        KeyPath::FileName => uri.without_folders().map_err(Refused::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

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

    fn read(event: &Value, key_path: KeyPath) -> EventImages {
        EventImages::read(event, &ObjectFilter::default(), key_path).expect("an event")
    }

    fn texts(read: &EventImages) -> Vec<String> {
        let images = read.images.iter();
        images.map(|image| image.uri.to_string()).collect()
    }

    #[test]
    fn what_is_delivered_twice_is_processed_once_and_answered_for_twice() {
        let event = json!({"Records": [
            message("1", &["a.jpg", "notes.txt"]),
            message("2", &["b/c%20d.jpg", "a.jpg"]),
            {"eventSource": "aws:sqs", "messageId": "3", "body": "no JSON"},
        ]});
        let asked = read(&event, KeyPath::Full);
        assert_eq!(texts(&asked), ["file:///a.jpg", "file:///b/c%20d.jpg"]);
        let messages = asked.images.iter().map(|image| &image.messages[..]);
        assert_eq!(messages.collect::<Vec<_>>(), [&["1", "2"][..], &["2"]]);
        assert_eq!(asked.failures.messages, ["3"]);
        let stripped = read(&event, KeyPath::FileName);
        assert_eq!(texts(&stripped), ["file:///a.jpg", "file:///c%20d.jpg"]);
    }

    #[test]
    fn a_key_that_cannot_be_read_fails_its_message_and_no_other_image() {
        let event =
            json!({"Records": [message("1", &["a.jpg", "%ff.jpg"]), message("2", &["b.jpg"])]});
        let queue = read(&event, KeyPath::Full);
        assert_eq!(texts(&queue), ["file:///a.jpg", "file:///b.jpg"]);
        assert_eq!(queue.failures.messages, ["1"]);
        let event = json!({"Records": [record("a.jpg"), record("%ff.jpg")]});
        let direct = read(&event, KeyPath::Full);
        assert_eq!(texts(&direct), ["file:///a.jpg"]);
        assert!(direct.failures.problems[0].contains("%ff.jpg"));
    }

    #[test]
    fn objects_that_only_folders_or_buckets_tell_apart_are_not_one_image() {
        let event = json!({"Records": [
            message("1", &["2024/a.jpg"]),
            message("2", &["2025/a.jpg", "2025/b.jpg"]),
        ]});
        assert_eq!(read(&event, KeyPath::Full).images.len(), 3);
        let stripped = read(&event, KeyPath::FileName);
        assert_eq!(texts(&stripped), ["file:///b.jpg"]);
        assert_eq!(stripped.failures.messages, ["1", "2"]);
        let told = "2 objects in different folders or buckets have the same derivatives, those of \
                    `file:///a.jpg`, and none was processed; -strip-paths=false keeps folders apart";
        assert_eq!(stripped.failures.problems, [told]);
        let mut other = record("a.jpg");
        other["s3"]["bucket"]["name"] = json!("maps");
        let event = json!({"Records": [record("a.jpg"), other, record("b.jpg")]});
        let full = read(&event, KeyPath::Full);
        assert_eq!(texts(&full), ["file:///b.jpg"]);
        // `iiif-process` has no such flag.
        assert!(!full.failures.problems[0].contains("-strip-paths"));
    }

    #[test]
    fn keys_of_a_bucket_are_no_uris() {
        let hostile = "rewrite:///a.jpg?target=b.jpg";
        let none = read(&json!({"Records": [record(hostile)]}), KeyPath::Full);
        assert_eq!(texts(&none), [] as [&str; 0]);
        let asked = json!({"Records": [{"s3": {"object": {"key": "file:///a.jpg?target=x"}}}]});
        assert_eq!(texts(&read(&asked, KeyPath::Full)).len(), 1);
    }
}
