//! What becomes of tasks.

use std::io::{IsTerminal as _, stderr};

use iiif_cli::Progress;
use iiif_launch::{TaskEvent, TaskOutcome};

/// How tasks end, told as it happens.
pub(crate) struct Outcomes<'a> {
    /// The tasks that stopped, with the index of the request.
    pub(crate) stopped: Vec<(usize, TaskOutcome)>,
    /// The requests that came to nothing.
    pub(crate) left: Vec<usize>,
    /// The worst exit code so far.
    pub(crate) code: u8,
    container: &'a str,
    /// How many images each request has.
    images: Vec<usize>,
    running: usize,
    progress: Progress,
}

impl<'a> Outcomes<'a> {
    /// Begins, for requests with so many images each, with a bar on a terminal where they are waited for.
    /// What `container` returns counts; others of the task, such as agents, do not.
    pub(crate) fn new(container: &'a str, images: Vec<usize>, is_waited_for: bool) -> Self {
        let progress = if is_waited_for && stderr().is_terminal() {
            Progress::visible(images.len(), "tasks")
        } else {
            Progress::hidden()
        };
        Self {
            stopped: Vec::new(),
            left: Vec::new(),
            code: 0,
            container,
            images,
            running: 0,
            progress,
        }
    }

    pub(crate) fn note(&mut self, event: TaskEvent) {
        match event {
            TaskEvent::Started { index, arn } => {
                self.running += 1;
                let images = self.images[index];
                let started = || tracing::info!("{arn} started, images: {images}");
                self.progress.aside(started);
            }
            TaskEvent::Stopped { index, outcome } => {
                self.running -= 1;
                self.progress.advance();
                let code = outcome.exit_code(self.container);
                self.progress.aside(|| tell(&outcome, code));
                // One that never ran, or was stopped, failed.
                self.worsen(u8::try_from(code.unwrap_or(1)).unwrap_or(1));
                self.stopped.push((index, outcome));
            }
            TaskEvent::Failed { index, error } => {
                self.progress.aside(|| tracing::error!("{error}"));
                self.worsen(1);
                if error.was_started() {
                    self.running -= 1;
                } else {
                    self.left.push(index);
                }
            }
            TaskEvent::Left { index } => {
                self.worsen(1);
                self.left.push(index);
            }
            _ => {}
        }
        self.progress.say(format!("{} running", self.running));
    }

    pub(crate) fn finish(&self) {
        self.progress.finish();
    }

    /// Notes an exit code, which counts if it is worse than those before.
    pub(crate) fn worsen(&mut self, code: u8) {
        // That there was nothing to do is better than that something failed.
        let severity = |code: u8| match code {
            0 => 0,
            3 => 1,
            1 => 2,
            code => u16::from(code) + 3,
        };
        if severity(code) > severity(self.code) {
            self.code = code;
        }
    }
}

/// Says how a task ended.
fn tell(outcome: &TaskOutcome, code: Option<i32>) {
    let reason = outcome
        .stopped_reason
        .as_deref()
        .unwrap_or("no reason given");
    if code == Some(0) {
        tracing::info!("{} stopped: {reason}", outcome.arn);
        return;
    }
    let code = outcome.stop_code.as_deref().unwrap_or("no stop code");
    tracing::error!("{} stopped: {reason} ({code})", outcome.arn);
    for container in &outcome.containers {
        let exit = container
            .exit_code
            .map_or("never ran".to_owned(), |code| format!("exit code {code}"));
        let reason = container.reason.as_deref().unwrap_or("no reason given");
        tracing::error!(
            "{}: container `{}`: {exit}, {reason}",
            outcome.arn,
            container.name
        );
    }
}
