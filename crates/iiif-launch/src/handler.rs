//! The function that launches tasks: events in, tasks out.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Arrival, Arrivals, ContainerInput, EventError, Folders, FollowOptions, ObjectFilter, TaskEvent,
    TaskLauncher, TaskRequest, TaskTemplate, batch_item_failures, deliveries, shares,
};

/// Launches tasks for events.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LaunchHandler {
    /// Runs the tasks.
    pub launcher: TaskLauncher,
    /// How they are run.
    pub template: TaskTemplate,
    /// Which objects are processed. Default: all images.
    pub filter: ObjectFilter,
    /// Whether the folders of keys count. Default: they do.
    pub folders: Folders,
    /// The most URIs of a task. Default: 100.
    pub max_uris: NonZeroUsize,
    /// How many tasks there may be, and whether they are followed.
    pub follow: FollowOptions,
}

/// What became of the tasks of an event.
#[derive(Debug, Default)]
struct Launched {
    tasks: Vec<Value>,
    failed_messages: Vec<String>,
    problems: Vec<String>,
}

impl LaunchHandler {
    /// Returns a handler that processes all images, a hundred to a task, and follows none.
    #[must_use]
    pub fn new(launcher: TaskLauncher, template: TaskTemplate) -> Self {
        const MAX_URIS: NonZeroUsize = NonZeroUsize::new(100).unwrap();
        Self {
            launcher,
            template,
            filter: ObjectFilter::default(),
            folders: Folders::default(),
            max_uris: MAX_URIS,
            follow: FollowOptions::default(),
        }
    }

    /// Launches the tasks of an event and returns the answer: `null` where there is nothing to process;
    /// for SQS the messages that failed; else `TaskId`, the first task, `URIs`, and all of both in
    /// `Tasks`.
    ///
    /// With [`FollowOptions::waits`] tasks are followed until `time` is over; those
    /// that are still running then are told with their state.
    ///
    /// # Errors
    ///
    /// If the event is of no known form. What fails otherwise stands in the answer: a function that
    /// fails is called again, and would launch again what it had launched.
    pub async fn handle(&self, event: &Value, time: Duration) -> Result<Value, EventError> {
        let deliveries = deliveries(event)?;
        let is_queue = deliveries.iter().any(|one| one.message_id.is_some());
        let arrivals = Arrivals::of(deliveries, &self.filter, self.folders);
        for skipped in &arrivals.skipped {
            tracing::info!("passed over {skipped}");
        }
        for problem in &arrivals.problems {
            tracing::error!("{problem}");
        }
        let launched = self.launch(&arrivals, time).await;
        for problem in &launched.problems {
            tracing::error!("{problem}");
        }
        if is_queue {
            let mut failed = arrivals.failed_messages;
            failed.extend(launched.failed_messages);
            return Ok(batch_item_failures(failed));
        }
        if arrivals.images.is_empty() && arrivals.problems.is_empty() {
            return Ok(Value::Null);
        }
        let problems: Vec<&String> = arrivals.problems.iter().chain(&launched.problems).collect();
        let first = launched.tasks.iter().find_map(|task| task.get("TaskId"));
        Ok(json!({
            "TaskId": first,
            "URIs": redacted(&arrivals.images),
            "Tasks": launched.tasks,
            "Errors": problems,
        }))
    }

    async fn launch(&self, arrivals: &Arrivals, time: Duration) -> Launched {
        let mut launched = Launched::default();
        let images = &arrivals.images;
        let uris: Vec<String> = images.iter().map(|image| image.uri.to_string()).collect();
        let shares = match shares(&uris, &self.template, self.max_uris) {
            Ok(shares) => shares,
            Err(error) => {
                launched.problems.push(error.to_string());
                launched.failed_messages = messages(images);
                return launched;
            }
        };
        let request = |share: &std::ops::Range<usize>| {
            let uris = &uris[share.clone()];
            self.template.request(ContainerInput::Uris(uris))
        };
        let requests: Vec<TaskRequest> = shares.iter().map(request).collect();
        let follow = self.follow.with_timeout(Some(time));
        let shared = |index: usize| &images[shares[index].clone()];
        let mut tasks: Vec<Option<Value>> = vec![None; requests.len()];
        let on_event = |event| launched.note(event, &mut tasks, &shared);
        self.launcher.run_all(&requests, &follow, on_event).await;
        launched.tasks = tasks.into_iter().flatten().collect();
        launched
    }
}

impl Launched {
    /// Notes what happened to the task of a request, and which images it `shared`.
    fn note<'a>(
        &mut self,
        event: TaskEvent,
        tasks: &mut [Option<Value>],
        shared: &impl Fn(usize) -> &'a [Arrival],
    ) {
        match event {
            TaskEvent::Started { index, arn } => {
                tracing::info!("{arn}");
                let uris = redacted(shared(index));
                tasks[index] = Some(json!({"TaskId": arn, "URIs": uris, "State": "STARTED"}));
            }
            TaskEvent::Stopped { index, outcome } => {
                if let Some(task) = &mut tasks[index] {
                    task["State"] = json!("STOPPED");
                    task["ExitCode"] = json!(outcome.exit_code());
                    task["StoppedReason"] = json!(outcome.stopped_reason);
                }
            }
            TaskEvent::Failed { index, error } => {
                // One that was started is not launched again.
                if let Some(task) = &mut tasks[index] {
                    task["State"] = json!("RUNNING");
                } else {
                    self.problems.push(error.to_string());
                    self.failed_messages.extend(messages(shared(index)));
                }
            }
            TaskEvent::Left { index } => {
                let uris = redacted(shared(index)).join(", ");
                self.problems.push(format!("no time left for {uris}"));
                self.failed_messages.extend(messages(shared(index)));
            }
        }
    }
}

fn redacted(images: &[Arrival]) -> Vec<String> {
    let texts = images.iter().map(|image| image.uri.to_redacted_string());
    texts.collect()
}

fn messages(images: &[Arrival]) -> Vec<String> {
    let ids = images.iter().flat_map(|image| image.messages.clone());
    ids.collect()
}
