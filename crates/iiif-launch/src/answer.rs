//! What functions answer, and how long they have for it.

use std::time::{Duration, SystemTime};

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

/// What is kept of a function's time to finish what is under way, and to answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// A deadline below this is no time since 1970: functions have 15 minutes at most.
const LONGEST_TIME: Duration = Duration::from_hours(24);

/// Returns how long a function may work that is stopped at `deadline_ms`, in milliseconds since 1970,
/// the deadline in its context: five seconds less than it has.
///
/// `cargo lambda watch` tells the milliseconds that are left in place of a deadline, and is understood
/// too.
#[must_use]
pub fn working_time(deadline_ms: u64) -> Duration {
    let deadline = Duration::from_millis(deadline_ms);
    let left = if deadline < LONGEST_TIME {
        deadline
    } else {
        let left = (SystemTime::UNIX_EPOCH + deadline).duration_since(SystemTime::now());
        left.unwrap_or_default()
    };
    left.saturating_sub(ANSWER_TIME)
}

/// Returns the answer to an event of SQS of which these messages failed, some perhaps twice: they come
/// back, the others do not (Lambda developer guide, "Reporting batch item failures").
#[must_use]
pub fn batch_item_failures(mut message_ids: Vec<String>) -> Value {
    message_ids.sort_unstable();
    message_ids.dedup();
    let failures = message_ids.iter().map(|id| json!({ "itemIdentifier": id }));
    json!({ "batchItemFailures": failures.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_works_until_shortly_before_its_deadline() {
        let deadline_ms = |left: Duration| {
            let deadline = SystemTime::now() + left;
            let since = deadline.duration_since(SystemTime::UNIX_EPOCH);
            since.expect("after 1970").as_millis() as u64
        };
        let minute = Duration::from_mins(1);
        let time = working_time(deadline_ms(minute));
        assert!(time + ANSWER_TIME <= minute, "{time:?}");
        assert!(time > Duration::ZERO);
        assert_eq!(
            working_time(deadline_ms(Duration::from_secs(4))),
            Duration::ZERO
        );
        let past = SystemTime::now() - minute;
        let past = past.duration_since(SystemTime::UNIX_EPOCH);
        let past_ms = past.expect("after 1970").as_millis() as u64;
        assert_eq!(working_time(past_ms), Duration::ZERO);
        assert_eq!(working_time(0), Duration::ZERO);
    }

    #[test]
    fn the_time_left_is_understood_in_place_of_a_deadline() {
        let ten_minutes = Duration::from_mins(10);
        let told = ten_minutes.as_millis() as u64;
        assert_eq!(working_time(told), ten_minutes.saturating_sub(ANSWER_TIME));
    }

    #[test]
    fn a_message_comes_back_once() {
        let ids = ["2", "1", "2"].map(str::to_owned).to_vec();
        let expected =
            json!({"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "2"}]});
        assert_eq!(batch_item_failures(ids), expected);
    }
}
