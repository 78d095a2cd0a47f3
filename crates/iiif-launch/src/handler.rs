//! The function that launches tasks: events in, tasks out.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    ContainerInput, EventImage, EventImages, Failures, FollowOptions, HandlerError, KeyPath,
    LaunchError, ObjectFilter, TaskEvent, TaskLauncher, TaskRequest, TaskTemplate, shares,
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
    /// How much of keys makes URIs. Default: all.
    pub key_path: KeyPath,
    /// The most URIs of a task. Default: 100.
    pub max_uris: NonZeroUsize,
    /// How many tasks there may be, and whether they are followed.
    pub follow: FollowOptions,
}

/// The tasks of an event, and what became of them.
struct Launched<'a> {
    /// What each task processes.
    images: Vec<&'a [EventImage]>,
    /// As the answer has them; none where no task was started.
    tasks: Vec<Option<Value>>,
    container: &'a str,
    failures: &'a mut Failures,
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
            key_path: KeyPath::default(),
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
        let mut asked = EventImages::read(event, &self.filter, self.key_path)?;
        let uris = redacted(&asked.images);
        let tasks = self.launch(&asked.images, time, &mut asked.failures).await;
        asked.answer(|problems| {
            if tasks.is_empty() {
                return Err(HandlerError::Failed { problems });
            }
            let first = tasks.iter().find_map(|task| task.get("TaskId"));
            Ok(json!({"TaskId": first, "URIs": uris, "Tasks": tasks, "Errors": problems}))
        })
    }

    /// Returns the tasks that were launched.
    async fn launch(
        &self,
        images: &[EventImage],
        time: Duration,
        failures: &mut Failures,
    ) -> Vec<Value> {
        let (images, too_long): (Vec<EventImage>, Vec<EventImage>) =
            images.iter().cloned().partition(|image| {
                let uri = [image.uri.to_string()];
                shares(&uri, &self.template, NonZeroUsize::MIN).is_ok()
            });
        for uri in redacted(&too_long) {
            let problem = format!("`{uri}` does not fit into the command of a task");
            failures.problems.push(problem);
        }
        failures.messages.extend(messages(&too_long));
        let uris: Vec<String> = images.iter().map(|image| image.uri.to_string()).collect();
        // Each of them fits.
        let shares = shares(&uris, &self.template, self.max_uris).unwrap_or_default();
        let request = |share: &std::ops::Range<usize>| {
            let uris = &uris[share.clone()];
            self.template.request(ContainerInput::Uris(uris))
        };
        let requests: Vec<TaskRequest> = shares.iter().map(request).collect();
        let timeout = self.follow.timeout;
        let time = timeout.map_or(time, |timeout| timeout.min(time));
        let follow = self.follow.with_timeout(Some(time));
        let mut launched = Launched {
            images: shares.into_iter().map(|share| &images[share]).collect(),
            tasks: vec![None; requests.len()],
            container: &self.template.container,
            failures,
        };
        let never = std::future::pending();
        let on_event = |event| launched.note(event);
        let running = self.launcher.run_all(&requests, &follow, never, on_event);
        running.await;
        launched.tasks.into_iter().flatten().collect()
    }
}

impl Launched<'_> {
    fn note(&mut self, event: TaskEvent) {
        match event {
            TaskEvent::Started { index, arn } => {
                let uris = redacted(self.images[index]);
                tracing::info!("{arn} started, images: {}", uris.len());
                self.tasks[index] = Some(json!({"TaskId": arn, "URIs": uris, "State": "STARTED"}));
            }
            TaskEvent::Stopped { index, outcome } => {
                if let Some(task) = &mut self.tasks[index] {
                    task["State"] = json!("STOPPED");
                    task["ExitCode"] = json!(outcome.exit_code(self.container));
                    task["StoppedReason"] = json!(outcome.stopped_reason);
                }
                let code = outcome.exit_code(self.container);
                if code != Some(0) {
                    let reason = outcome
                        .stopped_reason
                        .as_deref()
                        .unwrap_or("no reason given");
                    let exit =
                        code.map_or("never ran".to_owned(), |code| format!("exit code {code}"));
                    self.failures
                        .problems
                        .push(format!("{}: {exit}, {reason}", outcome.arn));
                }
                if code.is_none() && outcome.is_known {
                    self.failures.messages.extend(messages(self.images[index]));
                }
            }
            TaskEvent::Failed { index, error } => {
                // One that was started is not launched again.
                let is_known = matches!(error, LaunchError::StillRunning { .. });
                if let Some(task) = &mut self.tasks[index] {
                    task["State"] = json!(if is_known { "RUNNING" } else { "UNKNOWN" });
                } else {
                    self.failures.messages.extend(messages(self.images[index]));
                }
                if !is_known {
                    self.failures.problems.push(error.to_string());
                }
            }
            TaskEvent::Left { index } => {
                let uris = redacted(self.images[index]).join(", ");
                self.failures
                    .problems
                    .push(format!("no time left for {uris}"));
                self.failures.messages.extend(messages(self.images[index]));
            }
        }
    }
}

fn redacted(images: &[EventImage]) -> Vec<String> {
    let texts = images.iter().map(|image| image.uri.to_redacted_string());
    texts.collect()
}

fn messages(images: &[EventImage]) -> Vec<String> {
    let ids = images.iter().flat_map(|image| image.messages.clone());
    ids.collect()
}
