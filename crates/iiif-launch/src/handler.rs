//! The function that launches tasks: events in, tasks out.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    Arrival, Arrivals, ContainerInput, Folders, FollowOptions, HandlerError, LaunchError,
    ObjectFilter, TaskEvent, TaskLauncher, TaskRequest, TaskTemplate, batch_item_failures,
    deliveries, shares,
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
    /// `Tasks`, with `Errors` for what was not launched, and what failed while it was followed.
    ///
    /// With [`FollowUntil::AllStopped`](crate::FollowUntil::AllStopped) tasks are followed until `time`, or the time of
    /// [`FollowOptions::timeout`], is over; those that are still running then are told with their state.
    ///
    /// # Errors
    ///
    /// If the event is of no known form, or nothing was launched of what it asks for. A function that
    /// fails is called again: where some tasks were launched, what failed stands in the answer only.
    pub async fn handle(&self, event: &Value, time: Duration) -> Result<Value, HandlerError> {
        let deliveries = deliveries(event)?;
        let is_queue = deliveries.iter().any(|one| one.message_id.is_some());
        let arrivals = Arrivals::of(deliveries, &self.filter, self.folders);
        for skipped in &arrivals.skipped {
            tracing::info!("passed over {skipped}");
        }
        let launched = self.launch(&arrivals.images, time).await;
        let problems = [arrivals.problems, launched.problems].concat();
        for problem in &problems {
            tracing::error!("{problem}");
        }
        if is_queue {
            let mut failed = arrivals.failed_messages;
            failed.extend(launched.failed_messages);
            return Ok(batch_item_failures(failed));
        }
        if arrivals.images.is_empty() && problems.is_empty() {
            return Ok(Value::Null);
        }
        if launched.tasks.is_empty() {
            return Err(HandlerError::Failed { problems });
        }
        let first = launched.tasks.iter().find_map(|task| task.get("TaskId"));
        Ok(json!({
            "TaskId": first,
            "URIs": redacted(&arrivals.images),
            "Tasks": launched.tasks,
            "Errors": problems,
        }))
    }

    async fn launch(&self, images: &[Arrival], time: Duration) -> Launched {
        let mut launched = Launched::default();
        let (images, too_long): (Vec<Arrival>, Vec<Arrival>) =
            images.iter().cloned().partition(|image| {
                let uri = [image.uri.to_string()];
                shares(&uri, &self.template, NonZeroUsize::MIN).is_ok()
            });
        for image in &too_long {
            let uri = image.uri.to_redacted_string();
            let problem = format!("`{uri}` does not fit into the command of a task");
            launched.problems.push(problem);
        }
        launched.failed_messages = messages(&too_long);
        let uris: Vec<String> = images.iter().map(|image| image.uri.to_string()).collect();
        // Each of them fits.
        let shares = shares(&uris, &self.template, self.max_uris).unwrap_or_default();
        let request = |share: &std::ops::Range<usize>| {
            let uris = &uris[share.clone()];
            self.template.request(ContainerInput::Uris(uris))
        };
        let requests: Vec<TaskRequest> = shares.iter().map(request).collect();
        let time = self
            .follow
            .timeout
            .map_or(time, |timeout| timeout.min(time));
        let follow = self.follow.with_timeout(Some(time));
        let container = &self.template.container;
        let shared = |index: usize| &images[shares[index].clone()];
        let mut tasks: Vec<Option<Value>> = vec![None; requests.len()];
        let on_event = |event| launched.note(event, &mut tasks, container, &shared);
        let never = std::future::pending();
        let running = self.launcher.run_all(&requests, &follow, never, on_event);
        running.await;
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
        container: &str,
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
                    task["ExitCode"] = json!(outcome.exit_code(container));
                    task["StoppedReason"] = json!(outcome.stopped_reason);
                }
                let code = outcome.exit_code(container);
                if code != Some(0) {
                    let reason = outcome
                        .stopped_reason
                        .as_deref()
                        .unwrap_or("no reason given");
                    let exit =
                        code.map_or("never ran".to_owned(), |code| format!("exit code {code}"));
                    self.problems
                        .push(format!("{}: {exit}, {reason}", outcome.arn));
                }
                if code.is_none() && outcome.is_known {
                    self.failed_messages.extend(messages(shared(index)));
                }
            }
            TaskEvent::Failed { index, error } => {
                // One that was started is not launched again.
                let is_known = matches!(error, LaunchError::StillRunning { .. });
                if let Some(task) = &mut tasks[index] {
                    task["State"] = json!(if is_known { "RUNNING" } else { "UNKNOWN" });
                } else {
                    self.failed_messages.extend(messages(shared(index)));
                }
                if !is_known {
                    self.problems.push(error.to_string());
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
