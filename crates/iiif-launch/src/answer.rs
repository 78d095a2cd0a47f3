//! What functions answer.

use serde_json::{Value, json};

use crate::EventError;

/// Why a function fails. It is then called again, twice, before its event goes where failures go.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// The event cannot be read.
    #[error("{}", with_causes(_0))]
    Event(EventError),
    /// Nothing was done, or some of it failed that can be done again.
    #[error("{}", problems.join("; "))]
    Failed {
        /// What failed, and why.
        problems: Vec<String>,
    },
}

impl HandlerError {
    /// Returns the `errorType` that Lambda tells.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Event(_) => "UnreadableEvent",
            Self::Failed { .. } => "ProcessingFailed",
        }
    }
}

impl From<EventError> for HandlerError {
    fn from(error: EventError) -> Self {
        Self::Event(error)
    }
}

/// Returns an error's message with those of its causes.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let messages: Vec<String> = causes.map(ToString::to_string).collect();
    messages.join(": ")
}

/// Returns the answer to an event of SQS of which these messages failed, some perhaps twice: they come
/// back, the others do not (Lambda developer guide, "Reporting batch item failures").
pub(crate) fn batch_item_failures(mut message_ids: Vec<String>) -> Value {
    message_ids.sort_unstable();
    message_ids.dedup();
    let failures = message_ids.iter().map(|id| json!({ "itemIdentifier": id }));
    json!({ "batchItemFailures": failures.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_once() {
        let ids = ["2", "1", "2"].map(str::to_owned).to_vec();
        let expected =
            json!({"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]});
        assert_eq!(batch_item_failures(ids), expected);
    }
}
