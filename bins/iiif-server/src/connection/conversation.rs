//! What is asked and answered on a connection, and since when nothing is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::answer::Content;
use super::pace::Wait;

/// What is under way on a connection.
#[derive(Debug)]
pub(super) struct Conversation {
    state: Mutex<State>,
}

/// Who locks this and the content of an answer locks the content first: what gives an answer up has it locked,
/// and ends what was asked here.
#[derive(Debug)]
struct State {
    /// Requests that are not answered, and answers that are not handed out.
    open: u32,
    /// When the last one began or ended.
    changed: Instant,
    /// What fell to one of them of the time until then, each moment of it shared by all that were open.
    share: Duration,
    /// Answers in small parts.
    answers: Vec<Weak<Mutex<Content>>>,
}

/// A request that is not yet answered in full.
#[derive(Debug)]
pub(super) struct Asked {
    conversation: Arc<Conversation>,
}

/// A moment of a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) time: Instant,
    /// On a clock of which what is under way together shares the time.
    share: Duration,
}

impl Conversation {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                open: 0,
                changed: Instant::now(),
                share: Duration::ZERO,
                answers: Vec::new(),
            }),
        }
    }

    pub(super) fn begin(self: &Arc<Self>) -> Asked {
        let mut state = lock(&self.state);
        state.change_now();
        state.open += 1;
        Asked {
            conversation: Arc::clone(self),
        }
    }

    /// Returns for how long nothing was under way.
    pub(super) fn idle_for(&self, now: Instant) -> Duration {
        let state = lock(&self.state);
        if state.open > 0 {
            return Duration::ZERO;
        }
        now.saturating_duration_since(state.changed)
    }

    /// Notes an answer that may have to be given up.
    pub(super) fn watch(&self, answer: &Arc<Mutex<Content>>) {
        let mut state = lock(&self.state);
        state.answers.push(Arc::downgrade(answer));
    }

    /// Gives up the answers of which nothing was taken for `limit`, and returns how long no other will be.
    pub(super) fn give_up_untaken(&self, now: Instant, limit: Duration) -> Duration {
        let mut state = lock(&self.state);
        state.answers.retain(|answer| answer.strong_count() > 0);
        let answers = state.answers.clone();
        drop(state);
        // One that begins from now on waits as long.
        let mut least = limit;
        for content in answers.iter().filter_map(Weak::upgrade) {
            if let Some(left) = lock(&content).give_up_untaken(now, limit) {
                least = least.min(left);
            }
        }
        least
    }
}

impl State {
    /// Notes that what is open is about to change.
    fn change_now(&mut self) {
        let now = Instant::now();
        self.share = self.share(now);
        self.changed = now;
    }

    /// Returns the `share` of a later moment, if nothing changes until then.
    fn share(&self, now: Instant) -> Duration {
        let since = now.saturating_duration_since(self.changed);
        self.share + since / self.open.max(1)
    }
}

impl Asked {
    pub(super) fn conversation(&self) -> &Arc<Conversation> {
        &self.conversation
    }

    pub(super) fn now(&self) -> Moment {
        let time = Instant::now();
        let share = lock(&self.conversation.state).share(time);
        Moment { time, share }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut state = lock(&self.conversation.state);
        state.change_now();
        state.open -= 1;
    }
}

impl Moment {
    /// Returns the wait that began at an earlier moment, of what was under way all the time.
    pub(super) fn wait_since(self, earlier: Self) -> Wait {
        Wait {
            time: self.time.saturating_duration_since(earlier.time),
            share: self.share.saturating_sub(earlier.share),
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
