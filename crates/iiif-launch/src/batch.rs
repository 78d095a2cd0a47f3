//! Many tasks: so many at a time, followed to their end.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, timeout_at};

use crate::{LaunchError, TaskLauncher, TaskOutcome, TaskRequest};

/// Tasks are looked up so often in vain, each time with the retries of the SDK, until they are given up.
const MAX_FAILED_LOOKUPS: u32 = 5;

/// How long answers to requests are waited for that are under way when the time is over.
const ANSWER_TIME: Duration = Duration::from_secs(3);

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
    /// When following ends by itself. Default: when all are started.
    pub until: FollowUntil,
}

/// When the following of tasks ends by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FollowUntil {
    /// When all are started: tasks are followed only as long as others wait for their place.
    #[default]
    AllStarted,
    /// When all have stopped.
    AllStopped,
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
            until: FollowUntil::default(),
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

    /// Sets [`until`](Self::until).
    #[must_use]
    pub fn with_until(self, until: FollowUntil) -> Self {
        Self { until, ..self }
    }
}

impl TaskLauncher {
    /// Runs a task for each request, and tells what happens: each is started, or failed, or left; those
    /// that are followed are then stopped, or failed.
    ///
    /// One that fails does not stop the others. When `stop` is ready, or the time is over, nothing more is
    /// asked for, and after three seconds at most all is told.
    pub async fn run_all(
        &self,
        requests: &[TaskRequest],
        options: &FollowOptions,
        stop: impl Future<Output = ()>,
        on_event: impl FnMut(TaskEvent),
    ) {
        let begin = Instant::now();
        let end = options
            .timeout
            .and_then(|timeout| begin.checked_add(timeout));
        let mut stop = std::pin::pin!(stop);
        let mut starting = FuturesUnordered::new();
        let mut under_way = UnderWay::new(requests.len(), on_event);
        let mut interval = FIRST_INTERVAL.min(options.interval);
        let mut next_lookup = begin + interval;
        let mut is_waiting = false;
        loop {
            let is_over = end.is_some_and(|end| Instant::now() >= end);
            while !is_over
                && under_way.running.len() + starting.len() < options.max_tasks.get()
                && let Some(index) = under_way.next()
            {
                let request = &requests[index];
                starting.push(async move { (index, self.run_until(request, end).await) });
            }
            let most = options.max_tasks;
            if !is_over && !under_way.waiting.is_empty() && !is_waiting {
                tracing::info!("waiting for one of {most} tasks to end before others are started");
                is_waiting = true;
            }
            let is_followed =
                options.until == FollowUntil::AllStopped && !under_way.running.is_empty();
            if starting.is_empty() && under_way.waiting.is_empty() && !is_followed {
                return;
            }
            // Who does not follow tasks may not be allowed to look them up, and waits for no place.
            let needs_lookup = is_followed || !under_way.waiting.is_empty();
            let arns: Vec<String> = under_way.running.keys().cloned().collect();
            let look_up = async {
                tokio::time::sleep_until(next_lookup).await;
                self.stopped(&requests[0].cluster, &arns).await
            };
            tokio::select! {
                Some((index, started)) = starting.next() => under_way.note_started(index, started),
                looked_up = look_up, if needs_lookup && !arns.is_empty() => {
                    under_way.note_stopped(looked_up);
                    interval = (interval * 2).min(options.interval);
                    next_lookup = Instant::now() + interval;
                }
                () = until(end) => break,
                () = &mut stop => break,
            }
        }
        // What was asked for may have been started; nobody may lose it.
        let last_answer = Instant::now() + ANSWER_TIME;
        while let Ok(Some((index, started))) = timeout_at(last_answer, starting.next()).await {
            under_way.note_started(index, started);
        }
        under_way.give_up(options, begin.elapsed());
    }
}

/// The requests of a run, and where each is.
struct UnderWay<F> {
    waiting: VecDeque<usize>,
    /// Asked for, and not answered yet.
    asked: BTreeSet<usize>,
    running: Running,
    /// The tasks that were started, whether they run or not.
    started: BTreeSet<String>,
    /// How often in a row tasks were looked up in vain.
    failed_lookups: u32,
    on_event: F,
}

impl<F: FnMut(TaskEvent)> UnderWay<F> {
    fn new(requests: usize, on_event: F) -> Self {
        Self {
            waiting: (0..requests).collect(),
            asked: BTreeSet::new(),
            running: Running::new(),
            started: BTreeSet::new(),
            failed_lookups: 0,
            on_event,
        }
    }

    /// Returns the next request to ask for.
    fn next(&mut self) -> Option<usize> {
        let index = self.waiting.pop_front()?;
        self.asked.insert(index);
        Some(index)
    }

    fn note_started(&mut self, index: usize, started: Result<String, LaunchError>) {
        self.asked.remove(&index);
        match started {
            Ok(arn) if !self.started.insert(arn.clone()) => {
                let error = LaunchError::SameTask { arn };
                (self.on_event)(TaskEvent::Failed { index, error });
            }
            Ok(arn) => {
                self.running.insert(arn.clone(), (index, 0));
                (self.on_event)(TaskEvent::Started { index, arn });
            }
            Err(error) => (self.on_event)(TaskEvent::Failed { index, error }),
        }
    }

    /// Takes out the tasks that do not run any more.
    fn note_stopped(&mut self, looked_up: Result<Vec<TaskOutcome>, LaunchError>) {
        let outcomes = match looked_up {
            Ok(outcomes) => outcomes,
            // The SDK has tried again already; the tasks run all the same.
            Err(error) if !error.is_final() && self.failed_lookups + 1 < MAX_FAILED_LOOKUPS => {
                self.failed_lookups += 1;
                tracing::warn!("cannot look up tasks, trying again: {error}");
                return;
            }
            Err(error) => {
                for (arn, (index, _)) in std::mem::take(&mut self.running) {
                    let reason = error.to_string();
                    let error = LaunchError::NotFollowed { arn, reason };
                    (self.on_event)(TaskEvent::Failed { index, error });
                }
                return;
            }
        };
        self.failed_lookups = 0;
        for outcome in outcomes {
            if !outcome.is_known
                && let Some((_, unknown)) = self.running.get_mut(&outcome.arn)
                && *unknown + 1 < MAX_FAILED_LOOKUPS
            {
                *unknown += 1;
                continue;
            }
            if let Some((index, _)) = self.running.remove(&outcome.arn) {
                (self.on_event)(TaskEvent::Stopped { index, outcome });
            }
        }
    }

    /// Tells what is not done.
    fn give_up(mut self, options: &FollowOptions, waited: Duration) {
        for index in self.asked {
            let error = LaunchError::Unanswered { waited };
            (self.on_event)(TaskEvent::Failed { index, error });
        }
        for (arn, (index, _)) in self.running {
            if options.until == FollowUntil::AllStopped {
                let error = LaunchError::StillRunning { arn, waited };
                (self.on_event)(TaskEvent::Failed { index, error });
            }
        }
        for index in self.waiting {
            (self.on_event)(TaskEvent::Left { index });
        }
    }
}

async fn until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
