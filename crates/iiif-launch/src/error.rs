//! Why something could not be launched.

use std::time::Duration;

use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};

/// How the codes begin with which services refuse what they will not do later either (ECS API reference,
/// "Common Errors").
const FINAL_CODES: [&str; 7] = [
    "AccessDenied",
    "ClusterNotFound",
    "ExpiredToken",
    "InvalidClientToken",
    "InvalidParameter",
    "InvalidSignature",
    "UnrecognizedClient",
];

/// Why something could not be launched, followed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaunchError {
    /// A call was refused, or the service could not be reached.
    #[error("`{action}` failed: {reason}")]
    Call {
        /// The action, as policies name it: `ecs:RunTask`.
        action: &'static str,
        /// What the service or the connection says.
        reason: String,
        /// Whether the service will refuse it as often as it is asked.
        is_final: bool,
    },
    /// ECS answered, and ran nothing.
    #[error("ECS ran no task: {}", joined(failures))]
    Refused {
        /// The failures of the answer, by ARN and reason.
        failures: Vec<String>,
        /// Whether all may pass, as a lack of capacity does.
        is_passing: bool,
    },
    /// The request cannot be put into the form of the API.
    #[error("cannot make the request")]
    Request(#[source] aws_sdk_ecs::error::BuildError),
    /// A task was still running when the time was over.
    #[error("task `{arn}` was still running after {}", seconds(*waited))]
    StillRunning {
        /// The task.
        arn: String,
        /// How long was waited.
        waited: Duration,
    },
    /// ECS had not answered when the time was over.
    #[error("`ecs:RunTask` was not answered within {}; whether a task was started is not known", seconds(*waited))]
    Unanswered {
        /// How long was waited.
        waited: Duration,
    },
    /// ECS answered with a task that was started for another request, and runs what that one asks for.
    #[error(
        "`ecs:RunTask` was answered with task `{arn}`, which was started before for others; expected a new task"
    )]
    SameTask {
        /// The task.
        arn: String,
    },
    /// A task was started, and could not be looked up afterwards.
    #[error("task `{arn}` was started, but how it ended is not known: {reason}")]
    NotFollowed {
        /// The task.
        arn: String,
        /// Why.
        reason: String,
    },
}

impl LaunchError {
    /// Returns whether the same request may succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                is_passing: true,
                ..
            }
        )
    }

    /// Returns whether a call was refused that will be refused however often it is made.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Call { is_final: true, .. })
    }

    /// Returns whether a task was started all the same, so that asking again would start another.
    #[must_use]
    pub fn was_started(&self) -> bool {
        matches!(self, Self::StillRunning { .. } | Self::NotFollowed { .. })
    }
}

/// Returns the error of a call, with all that the service or the SDK says.
pub(crate) fn failed<E, R>(action: &'static str, error: &SdkError<E, R>) -> LaunchError
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = error.code().unwrap_or_default();
    LaunchError::Call {
        action,
        reason: match (code, error.message()) {
            // The errors that the SDK has no type for print as Rust.
            ("", _) => with_sources(error),
            (code, None) => code.to_owned(),
            (code, Some(message)) => format!("{code}: {message}"),
        },
        is_final: FINAL_CODES.iter().any(|known| code.starts_with(known)),
    }
}

/// Returns what an error says, and what is below it.
fn with_sources(error: &dyn std::error::Error) -> String {
    let first = error.source();
    let sources = std::iter::successors(first, |error| (*error).source()).map(ToString::to_string);
    let mut reasons = vec![error.to_string()];
    for source in sources {
        // The SDK's errors repeat what is below them.
        if !reasons.iter().any(|reason| reason.contains(&source)) {
            reasons.push(source);
        }
    }
    reasons.join(": ")
}

fn joined(failures: &[String]) -> String {
    if failures.is_empty() {
        return "the answer has neither tasks nor failures".to_owned();
    }
    failures.join("; ")
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs())
}
