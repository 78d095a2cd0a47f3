//! Many tasks: so many at a time, followed to their end.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;

use crate::{LaunchError, TaskLauncher, TaskOutcome, TaskRequest};

/// Tasks are looked up so often in vain, each time with the retries of the SDK, until they are given up.
const MAX_FAILED_LOOKUPS: u32 = 5;

/// When tasks are first looked up. From then on the time doubles up to [`FollowOptions::interval`].
const FIRST_INTERVAL: Duration = Duration::from_secs(1);

/// How many tasks there may be, and how long they are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FollowOptions {
    /// The most tasks at a time. Default: 10.
    pub max_tasks: NonZeroUsize,
    /// How long all is followed, from the start. Default: until all have stopped.
    pub timeout: Option<Duration>,
    /// How often tasks are looked up at least, after the first seconds. Default: 6 seconds, as the waiters
    /// of the AWS tools do.
    pub interval: Duration,
    /// Whether tasks are followed to their end. Default: only as long as others wait for their place.
    pub waits: bool,
}

/// What happened to a task.
#[derive(Debug)]
#[non_exhaustive]
pub enum TaskEvent {
    /// It was started. The index is that of the request.
    Started {
        /// The index of the request.
        index: usize,
        /// The task.
        arn: String,
    },
    /// It stopped.
    Stopped {
        /// The index of the request.
        index: usize,
        /// How it ended.
        outcome: TaskOutcome,
    },
    /// It was not started, or was not followed to its end.
    Failed {
        /// The index of the request.
        index: usize,
        /// Why.
        error: LaunchError,
    },
    /// It was not asked for, since the time was over.
    Left {
        /// The index of the request.
        index: usize,
    },
}

/// Tasks by their ARN, with the index of the request, and how often ECS said that it does not know them:
/// it is not consistent at once.
type Running = BTreeMap<String, (usize, u32)>;

impl Default for FollowOptions {
    fn default() -> Self {
        const MAX_TASKS: NonZeroUsize = NonZeroUsize::new(10).unwrap();
        Self {
            max_tasks: MAX_TASKS,
            timeout: None,
            interval: Duration::from_secs(6),
            waits: false,
        }
    }
}

impl FollowOptions {
    /// Sets [`max_tasks`](Self::max_tasks).
    #[must_use]
    pub fn with_max_tasks(self, max_tasks: NonZeroUsize) -> Self {
        Self { max_tasks, ..self }
    }

    /// Sets [`timeout`](Self::timeout).
    #[must_use]
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// Sets [`interval`](Self::interval).
    #[must_use]
    pub fn with_interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Sets [`waits`](Self::waits).
    #[must_use]
    pub fn with_waits(self, waits: bool) -> Self {
        Self { waits, ..self }
    }
}

impl TaskLauncher {
    /// Runs a task for each request, and tells what happens: each is started, or failed, or left; those
    /// that are followed are then stopped, or failed.
    ///
    /// One that fails does not stop the others.
    pub async fn run_all(
        &self,
        requests: &[TaskRequest],
        options: &FollowOptions,
        mut on_event: impl FnMut(TaskEvent),
    ) {
        let end = options.timeout.map(|timeout| Instant::now() + timeout);
        let mut waiting: VecDeque<usize> = (0..requests.len()).collect();
        let mut starting = FuturesUnordered::new();
        let mut running = Running::new();
        let mut interval = FIRST_INTERVAL.min(options.interval);
        let mut next_lookup = Instant::now() + interval;
        let mut failed_lookups = 0;
        loop {
            while running.len() + starting.len() < options.max_tasks.get()
                && let Some(index) = waiting.pop_front()
            {
                let request = &requests[index];
                starting.push(async move { (index, self.run(request).await) });
            }
            let follows = options.waits || !waiting.is_empty();
            if starting.is_empty() && (running.is_empty() || !follows) {
                return;
            }
            tokio::select! {
                Some((index, started)) = starting.next() => match started {
                    Ok(arn) => {
                        on_event(TaskEvent::Started { index, arn: arn.clone() });
                        running.insert(arn, (index, 0));
                    }
                    Err(error) => on_event(TaskEvent::Failed { index, error }),
                },
                () = tokio::time::sleep_until(next_lookup), if !running.is_empty() => {
                    interval = (interval * 2).min(options.interval);
                    next_lookup = Instant::now() + interval;
                    match self.note_stopped(requests, &mut running, &mut on_event).await {
                        Ok(()) => failed_lookups = 0,
                        // The SDK has tried again already; the tasks run all the same.
                        Err(error) if failed_lookups + 1 < MAX_FAILED_LOOKUPS => {
                            failed_lookups += 1;
                            tracing::warn!("cannot look up tasks, trying again: {error}");
                        }
                        Err(error) => {
                            for (arn, (index, _)) in std::mem::take(&mut running) {
                                let error = LaunchError::NotFollowed { arn, reason: error.to_string() };
                                on_event(TaskEvent::Failed { index, error });
                            }
                        }
                    }
                }
                () = until(end) => {
                    give_up(options, running, &mut waiting, &mut on_event);
                    // What was asked for may have been started; nobody may lose it.
                    while let Some((index, started)) = starting.next().await {
                        on_event(match started {
                            Ok(arn) => TaskEvent::Started { index, arn },
                            Err(error) => TaskEvent::Failed { index, error },
                        });
                    }
                    return;
                }
            }
        }
    }

    /// Looks up the tasks that run, and takes out those that do not any more.
    async fn note_stopped(
        &self,
        requests: &[TaskRequest],
        running: &mut Running,
        on_event: &mut impl FnMut(TaskEvent),
    ) -> Result<(), LaunchError> {
        let Some(cluster) = requests.first().map(|request| &request.cluster) else {
            return Ok(());
        };
        let arns: Vec<String> = running.keys().cloned().collect();
        for outcome in self.stopped(cluster, &arns).await? {
            if !outcome.is_known
                && let Some((_, unknown)) = running.get_mut(&outcome.arn)
                && *unknown + 1 < MAX_FAILED_LOOKUPS
            {
                *unknown += 1;
                continue;
            }
            if let Some((index, _)) = running.remove(&outcome.arn) {
                on_event(TaskEvent::Stopped { index, outcome });
            }
        }
        Ok(())
    }
}

fn give_up(
    options: &FollowOptions,
    running: Running,
    waiting: &mut VecDeque<usize>,
    on_event: &mut impl FnMut(TaskEvent),
) {
    let waited = options.timeout.unwrap_or_default();
    for (arn, (index, _)) in running {
        let error = LaunchError::StillRunning { arn, waited };
        on_event(TaskEvent::Failed { index, error });
    }
    for index in waiting.drain(..) {
        on_event(TaskEvent::Left { index });
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
