//! What containers wrote, read from CloudWatch Logs.

use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::config::Region;
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsError;
use serde_json::{Map, Value};

use crate::LaunchError;
use crate::client::client;
use crate::error::failed;

/// Where a container logs: the `awslogs` options of its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// `awslogs-group`.
    pub group: String,
    /// `awslogs-region`.
    pub region: Option<String>,
    /// `awslogs-stream-prefix` and the container, with a slash between.
    prefix: String,
}

impl LogPlace {
    pub(crate) fn of(
        logging: &aws_sdk_ecs::types::LogConfiguration,
        container: &str,
    ) -> Option<Self> {
        let option = |name: &str| logging.options()?.get(name).cloned();
        let is_cloudwatch = logging.log_driver() == &aws_sdk_ecs::types::LogDriver::Awslogs;
        is_cloudwatch.then_some(())?;
        Some(Self {
            group: option("awslogs-group")?,
            region: option("awslogs-region"),
            // Without a prefix the stream is named after the container's id, which ECS does not tell.
            prefix: format!("{}/{container}", option("awslogs-stream-prefix")?),
        })
    }

    /// Returns the stream of a task: prefix, container and task id (ECS developer guide, "Using the
    /// awslogs driver").
    #[must_use]
    pub fn stream(&self, task_arn: &str) -> String {
        let id = task_arn.rsplit('/').next().unwrap_or(task_arn);
        format!("{}/{id}", self.prefix)
    }
}

/// The most pages of a log that are read. A page has up to 1 MB (CloudWatch Logs API reference,
/// `GetLogEvents`), and the log of a container that reports has a few.
const MAX_PAGES: usize = 200;

/// Reads what containers wrote.
#[derive(Clone, Debug)]
pub struct LogReader {
    client: Client,
}

impl LogReader {
    /// Returns a reader that calls CloudWatch Logs with `config`, in another region if one is given.
    #[must_use]
    pub fn new(config: &aws_dsn::SdkConfig, region: Option<String>) -> Self {
        let mut config = config.to_builder();
        if let Some(region) = region {
            config = config.region(Region::new(region));
        }
        let config = config.build();
        Self {
            client: client!(aws_sdk_cloudwatchlogs, "CloudWatch", &config),
        }
    }

    /// Returns the lines of a stream, the oldest first, of 200 pages at most; none if the stream does not
    /// exist.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Call`].
    pub async fn lines(&self, group: &str, stream: &str) -> Result<Vec<String>, LaunchError> {
        let mut lines = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let call = self.client.get_log_events();
            let call = call.log_group_name(group).log_stream_name(stream);
            let call = call.start_from_head(true).set_next_token(token.clone());
            let page = match call.send().await {
                Ok(page) => page,
                Err(error) if is_missing(error.as_service_error()) => return Ok(lines),
                Err(error) => return Err(failed("logs:GetLogEvents", &error)),
            };
            let messages = page.events().iter().filter_map(|event| event.message());
            lines.extend(messages.map(str::to_owned));
            // The same token again is the end (CloudWatch Logs API reference, GetLogEvents).
            let next = page.next_forward_token().map(str::to_owned);
            if next.is_none() || next == token {
                return Ok(lines);
            }
            token = next;
        }
        tracing::warn!("`{stream}` of `{group}` is read up to its page {MAX_PAGES}");
        Ok(lines)
    }
}

fn is_missing(error: Option<&GetLogEventsError>) -> bool {
    error.is_some_and(GetLogEventsError::is_resource_not_found_exception)
}

/// Returns the report of `iiif-process` among what a container wrote: the last line that is a JSON
/// object. Lines of more than 256 KiB come in pieces, which are put together.
#[must_use]
pub fn report(lines: &[String]) -> Option<Map<String, Value>> {
    let starts = lines
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, line)| line.starts_with('{'));
    for (start, _) in starts {
        let mut text = String::new();
        for line in &lines[start..] {
            text.push_str(line);
            match serde_json::from_str(&text) {
                Ok(object) if is_report(&object) => return Some(object),
                // A log line as JSON.
                Ok(_) => break,
                Err(_cut_off) => {}
            }
        }
    }
    None
}

/// Tells reports by image from other objects.
fn is_report(object: &Map<String, Value>) -> bool {
    let is_of_image = |value: &Value| {
        let keys = ["origin", "uris", "errors"];
        keys.iter().any(|key| value.get(key).is_some())
    };
    !object.is_empty() && object.values().all(is_of_image)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn the_report_is_found_among_log_lines_and_in_pieces() {
        let found = report(&lines(&[
            "INFO begun",
            r#"{"a.jpg":{"uris":{}}}"#,
            "INFO ended",
        ]));
        assert!(found.expect("a report").contains_key("a.jpg"));
        let pieces = report(&lines(&["x", r#"{"a.jpg":{"er"#, r#"rors":{}}}"#]));
        assert!(pieces.expect("a report").contains_key("a.jpg"));
        assert!(report(&lines(&["INFO begun", "{cut off"])).is_none());
        let json = [
            r#"{"a.jpg":{"uris":{}}}"#,
            r#"{"level":"INFO","origin":"a.jpg"}"#,
        ];
        assert!(
            report(&lines(&json))
                .expect("a report")
                .contains_key("a.jpg")
        );
        assert!(report(&[]).is_none());
    }
}
