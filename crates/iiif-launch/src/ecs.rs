//! Calls of Amazon ECS.

mod convert;
mod outcome;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::types::{Failure, TaskDefinition};
use tokio::time::Instant;

pub use self::outcome::{ContainerOutcome, TaskOutcome};
use crate::backoff::Backoff;
use crate::client::client;
use crate::error::failed;
use crate::logs::LogPlace;
use crate::{LaunchError, TaskRequest};

/// The most tasks that one `DescribeTasks` may name (ECS API reference).
const MAX_DESCRIBED: usize = 100;

/// A task that was stopped, in `lastStatus` (ECS developer guide, "Task lifecycle").
const STOPPED: &str = "STOPPED";

/// How the reasons of failures begin that pass: the cluster is full, or AWS is (ECS developer guide,
/// "API failure reasons").
const PASSING_REASONS: [&str; 3] = ["RESOURCE:", "Capacity is unavailable", "AGENT"];

/// Runs tasks of a cluster, and looks after them.
#[derive(Clone, Debug)]
pub struct TaskLauncher {
    client: Client,
    backoff: Backoff,
}

impl TaskLauncher {
    /// Returns a launcher that calls ECS with `config`, which also says how often a call is retried
    /// that is throttled.
    #[must_use]
    pub fn new(config: &aws_dsn::SdkConfig) -> Self {
        Self {
            client: client!(aws_sdk_ecs, "ECS", config),
            backoff: Backoff::default(),
        }
    }

    /// Sets how long is waited before a task is asked for again that the cluster had no capacity for.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Runs a task and returns its ARN. Asks again where the cluster has no capacity.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Call`] if ECS refuses the request or cannot be reached, [`LaunchError::Refused`]
    /// if it answers with failures.
    pub async fn run(&self, request: &TaskRequest) -> Result<String, LaunchError> {
        self.run_until(request, None).await
    }

    /// The same, but does not ask again after `end`.
    pub(crate) async fn run_until(
        &self,
        request: &TaskRequest,
        end: Option<Instant>,
    ) -> Result<String, LaunchError> {
        let mut attempt = 0;
        loop {
            let error = match self.run_once(request).await {
                Err(error) if error.is_passing() => error,
                done => return done,
            };
            let again = Instant::now() + self.backoff.pause(attempt);
            attempt += 1;
            let is_last = attempt == self.backoff.attempts.get();
            if is_last || end.is_some_and(|end| again > end) {
                return Err(error);
            }
            tracing::warn!("no capacity for a task yet, asking again: {error}");
            tokio::time::sleep_until(again).await;
        }
    }

    /// The SDK gives every call a client token, the same for all its retries: an answer that was lost
    /// does not start a second task.
    async fn run_once(&self, request: &TaskRequest) -> Result<String, LaunchError> {
        let answer = convert::run_task(&self.client, request)?.send().await;
        let answer = answer.map_err(|error| failed("ecs:RunTask", &error))?;
        let arn = answer.tasks().iter().find_map(|task| task.task_arn());
        match arn {
            Some(arn) => Ok(arn.to_owned()),
            None => Err(LaunchError::Refused {
                is_passing: !answer.failures().is_empty()
                    && answer.failures().iter().all(is_passing),
                failures: answer.failures().iter().map(describe).collect(),
            }),
        }
    }

    /// Returns the outcomes of those tasks that have stopped, and those that ECS
    /// [does not know](TaskOutcome::is_known).
    ///
    /// # Errors
    ///
    /// [`LaunchError::Call`].
    pub async fn stopped(
        &self,
        cluster: &str,
        arns: &[String],
    ) -> Result<Vec<TaskOutcome>, LaunchError> {
        let mut stopped = Vec::new();
        for arns in arns.chunks(MAX_DESCRIBED) {
            let call = self.client.describe_tasks().cluster(cluster);
            let answer = call.set_tasks(Some(arns.to_vec())).send().await;
            let answer = answer.map_err(|error| failed("ecs:DescribeTasks", &error))?;
            let is_stopped = |task: &&aws_sdk_ecs::types::Task| task.last_status() == Some(STOPPED);
            stopped.extend(
                answer
                    .tasks()
                    .iter()
                    .filter(is_stopped)
                    .map(TaskOutcome::of),
            );
            let is_left_out = |arn: &&String| {
                !(answer.tasks().iter()).any(|task| task.task_arn() == Some(&arn[..]))
            };
            for arn in arns.iter().filter(is_left_out) {
                let failures = answer.failures();
                let failure = failures.iter().find(|one| one.arn() == Some(&arn[..]));
                let reason = failure.or(failures.first()).map(describe);
                stopped.push(TaskOutcome::missing(arn, reason));
            }
        }
        Ok(stopped)
    }

    /// Returns where the container of a task definition logs, if that is CloudWatch.
    ///
    /// # Errors
    ///
    /// [`LaunchError::Call`].
    pub async fn log_place(
        &self,
        task_definition: &str,
        container: &str,
    ) -> Result<Option<LogPlace>, LaunchError> {
        let call = self.client.describe_task_definition();
        let answer = call.task_definition(task_definition).send().await;
        let answer = answer.map_err(|error| failed("ecs:DescribeTaskDefinition", &error))?;
        let definitions = answer
            .task_definition()
            .map(TaskDefinition::container_definitions)
            .unwrap_or_default();
        let logging = definitions
            .iter()
            .find(|definition| definition.name() == Some(container))
            .and_then(|definition| definition.log_configuration());
        Ok(logging.and_then(|logging| LogPlace::of(logging, container)))
    }
}

fn is_passing(failure: &Failure) -> bool {
    let reason = failure.reason().unwrap_or_default();
    PASSING_REASONS
        .iter()
        .any(|passing| reason.starts_with(passing))
}

/// Returns a failure by ARN and reason.
fn describe(failure: &Failure) -> String {
    let reason = failure.reason().unwrap_or("no reason given");
    let mut text = match failure.arn() {
        Some(arn) => format!("{arn}: {reason}"),
        None => reason.to_owned(),
    };
    if let Some(detail) = failure.detail() {
        text.push_str(" (");
        text.push_str(detail);
        text.push(')');
    }
    text
}
