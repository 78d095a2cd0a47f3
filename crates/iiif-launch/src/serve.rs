//! Functions, as Lambda runs them.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::Stream;
use lambda_runtime::{Diagnostic, IntoFunctionResponse, LambdaEvent, StreamResponse, service_fn};
use serde::Serialize;
use serde_json::Value;

use crate::HandlerError;

/// What is kept of a function's time to finish what is under way, and to answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// A deadline below this is no time since 1970: functions have 15 minutes at most.
const LONGEST_TIME: Duration = Duration::from_hours(24);

/// The variables that Lambda gives a function, and without which its runtime panics (Lambda developer guide,
/// "Defined runtime environment variables").
const VARIABLES: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// A program that is no Lambda function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what} runs inside a Lambda function only; the variable `{missing}` is not set, which Lambda sets"
)]
#[non_exhaustive]
pub struct NotAFunctionError {
    /// What needs a function, such as a flag.
    pub what: &'static str,
    /// The variable that a function would have.
    pub missing: &'static str,
}

/// Checks that this process is a Lambda function, or that something like `cargo lambda watch` runs it as one.
/// `what` needs that: a flag, for the error.
///
/// # Errors
///
/// [`NotAFunctionError`] if it is not; [`serve`] would panic.
pub fn check_function(what: &'static str) -> Result<(), NotAFunctionError> {
    match VARIABLES
        .into_iter()
        .find(|name| std::env::var_os(name).is_none())
    {
        Some(missing) => Err(NotAFunctionError { what, missing }),
        None => Ok(()),
    }
}

/// What went wrong between this process and Lambda.
type RuntimeError = Box<dyn std::error::Error + Send + Sync>;

/// Answers events until the function is stopped. `answer` gets each, and how long it may work.
///
/// # Errors
///
/// If Lambda, or what runs in its place, cannot be reached.
pub async fn serve(
    answer: impl AsyncFn(&Value, Duration) -> Result<Value, HandlerError>,
) -> Result<(), RuntimeError> {
    serve_any(answer).await
}

/// Answers events like [`serve`], with answers that are sent while they are read, as a function URL wants
/// them whose invoke mode is `RESPONSE_STREAM`.
///
/// # Errors
///
/// If Lambda, or what runs in its place, cannot be reached.
pub async fn serve_streams<S, E>(
    answer: impl AsyncFn(&Value, Duration) -> Result<StreamResponse<S>, HandlerError>,
) -> Result<(), RuntimeError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin + Send + 'static,
    E: Into<RuntimeError> + Send + std::fmt::Debug,
{
    serve_any(answer).await
}

async fn serve_any<R, B, S, E>(
    answer: impl AsyncFn(&Value, Duration) -> Result<R, HandlerError>,
) -> Result<(), RuntimeError>
where
    R: IntoFunctionResponse<B, S>,
    B: Serialize,
    S: Stream<Item = Result<Bytes, E>> + Unpin + Send + 'static,
    E: Into<RuntimeError> + Send + std::fmt::Debug,
{
    let answer = &answer;
    let handler = async |event: LambdaEvent<Value>| {
        let time = working_time(event.context.deadline);
        let answered = answer(&event.payload, time).await;
        answered.map_err(|error| {
            // Problems are logged one by one, before they are put together.
            if let HandlerError::Event(_) = &error {
                tracing::error!("{error}");
            }
            Diagnostic {
                error_type: error.error_type().to_owned(),
                error_message: error.to_string(),
            }
        })
    };
    lambda_runtime::run(service_fn(handler)).await
}

/// Returns how long a function may work that is stopped at `deadline_ms`, in milliseconds since 1970,
/// the deadline in its context: five seconds less than it has.
///
/// `cargo lambda watch` tells the milliseconds that are left in place of a deadline, and is understood
/// too.
fn working_time(deadline_ms: u64) -> Duration {
    let deadline = Duration::from_millis(deadline_ms);
    let left = if deadline < LONGEST_TIME {
        deadline
    } else {
        let left = (SystemTime::UNIX_EPOCH + deadline).duration_since(SystemTime::now());
        left.unwrap_or_default()
    };
    left.saturating_sub(ANSWER_TIME)
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
}
