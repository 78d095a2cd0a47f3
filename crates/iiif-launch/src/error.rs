//! Why something could not be launched.

use std::time::Duration;

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

    /// Returns whether a task was started all the same, so that asking again would start another.
    #[must_use]
    pub fn was_started(&self) -> bool {
        matches!(self, Self::StillRunning { .. } | Self::NotFollowed { .. })
    }
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
