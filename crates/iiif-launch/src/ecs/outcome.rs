//! How a task ended.

use aws_sdk_ecs::types::Task;
use serde::Serialize;

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskOutcome {
    /// The task.
    pub arn: String,
    /// Why ECS stopped it, in its own words.
    pub stopped_reason: Option<String>,
    /// The kind of reason: `EssentialContainerExited`, `TaskFailedToStart`, `SpotInterruption`.
    pub stop_code: Option<String>,
    /// Its containers.
    pub containers: Vec<ContainerOutcome>,
    /// Whether ECS knows the task. It forgets one an hour after it stopped, and may not know one yet that
    /// was just started.
    pub is_known: bool,
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerOutcome {
    /// The name in the task definition.
    pub name: String,
    /// What the program returned; `None` if it never ran.
    pub exit_code: Option<i32>,
    /// Why it did not run, or was stopped.
    pub reason: Option<String>,
}

impl TaskOutcome {
    pub(super) fn of(task: &Task) -> Self {
        let container = |container: &aws_sdk_ecs::types::Container| ContainerOutcome {
            name: container.name().unwrap_or_default().to_owned(),
            exit_code: container.exit_code(),
            reason: told(container.reason()),
        };
        Self {
            arn: task.task_arn().unwrap_or_default().to_owned(),
            stopped_reason: told(task.stopped_reason()),
            stop_code: task.stop_code().map(|code| code.as_str().to_owned()),
            containers: task.containers().iter().map(container).collect(),
            is_known: true,
        }
    }

    pub(super) fn missing(arn: &str, reason: Option<String>) -> Self {
        Self {
            arn: arn.to_owned(),
            stopped_reason: reason,
            stop_code: None,
            containers: Vec::new(),
            is_known: false,
        }
    }

    /// Returns what the program in a container returned; `None` if it never ran, or nothing is known.
    #[must_use]
    pub fn exit_code(&self, container: &str) -> Option<i32> {
        let mut containers = self.containers.iter();
        containers.find(|one| one.name == container)?.exit_code
    }
}

/// Returns a reason; ECS gives some that are empty.
fn told(reason: Option<&str>) -> Option<String> {
    let reason = reason.filter(|reason| !reason.is_empty());
    reason.map(str::to_owned)
}
