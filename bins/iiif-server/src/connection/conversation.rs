//! What is asked and answered on a connection, and since when nothing is.
//!
//! A client of HTTP/2 that takes nothing blocks no socket: it just opens no window. Its answers are
//! therefore handed out in small parts, each once there is room for it, and an answer that waits too long
//! for the next one is given up. What of it was in memory is free then, whatever the client does.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

use super::pace::{LeastRate, Pace};

/// The bytes of a small part: the most that a frame of HTTP/2 has by default (RFC 9113 §6.5.2).
const PART_BYTES: usize = 16 << 10;

/// In which parts an answer is handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parts {
    /// As it comes.
    Whole,
    /// In small ones, and given up when none is taken.
    Small,
}

/// What is under way on a connection.
#[derive(Debug)]
pub(super) struct Conversation(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests that are not answered, and answers that are not handed out.
    open: usize,
    /// When the last one began or ended.
    changed: Instant,
    /// Those in small parts.
    answers: Vec<Weak<Mutex<Content>>>,
    /// What clients have to take, all answers together.
    least: LeastRate,
}

/// A request that is not yet answered in full.
#[derive(Debug)]
pub(super) struct Asked(Arc<Conversation>);

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Answer {
    content: Arc<Mutex<Content>>,
    parts: Parts,
}

/// What is left of an answer.
#[derive(Debug)]
struct Content {
    /// `None` once it is given up, or at its end.
    body: Option<(Body, Asked)>,
    rest: Bytes,
    is_given_up: bool,
    /// When the last part was taken; `None` while there is nothing to take.
    taken: Option<Instant>,
    /// How long the next part waited for the client.
    waited: Duration,
    pace: Pace,
}

impl Conversation {
    pub(super) fn new(least: LeastRate) -> Self {
        Self(Mutex::new(State {
            open: 0,
            changed: Instant::now(),
            answers: Vec::new(),
            least,
        }))
    }

    pub(super) fn begin(self: &Arc<Self>) -> Asked {
        let mut state = lock(&self.0);
        state.open += 1;
        state.changed = Instant::now();
        Asked(Arc::clone(self))
    }

    /// Returns for how long nothing was under way.
    pub(super) fn idle_for(&self, now: Instant) -> Duration {
        let state = lock(&self.0);
        if state.open > 0 {
            return Duration::ZERO;
        }
        now.saturating_duration_since(state.changed)
    }

    /// Gives up the answers of which nothing was taken for `limit`, and returns how long no other will be.
    pub(super) fn give_up_untaken(&self, now: Instant, limit: Duration) -> Duration {
        let mut state = lock(&self.0);
        state.answers.retain(|answer| answer.strong_count() > 0);
        let answers = state.answers.clone();
        // What is given up changes the state.
        drop(state);
        // One that begins from now on waits as long.
        let mut least = limit;
        for content in answers.iter().filter_map(Weak::upgrade) {
            let mut content = lock(&content);
            let Some(taken) = content.taken else {
                continue;
            };
            let left = limit.saturating_sub(now.saturating_duration_since(taken));
            if left.is_zero() {
                content.give_up();
            } else {
                least = least.min(left);
            }
        }
        least
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let mut state = lock(&self.0.0);
        state.open -= 1;
        state.changed = Instant::now();
    }
}

impl Asked {
    pub(super) fn answer(self, body: Body, parts: Parts) -> Answer {
        let conversation = Arc::clone(&self.0);
        let content = Arc::new(Mutex::new(Content {
            body: Some((body, self)),
            rest: Bytes::new(),
            is_given_up: false,
            taken: Some(Instant::now()),
            waited: Duration::ZERO,
            pace: Pace::new(lock(&conversation.0).least),
        }));
        if parts == Parts::Small {
            let mut state = lock(&conversation.0);
            state.answers.push(Arc::downgrade(&content));
        }
        Answer { content, parts }
    }
}

impl Content {
    /// Notes that a part is taken.
    fn is_too_slow(&mut self, bytes: usize) -> bool {
        let open = |(_, asked): &(Body, Asked)| lock(&asked.0.0).open;
        let others = self.body.as_ref().map_or(1, open).saturating_sub(1);
        let waited = std::mem::take(&mut self.waited);
        self.pace.is_too_slow(waited, bytes as u64, others as u64)
    }

    fn give_up(&mut self) {
        self.body = None;
        self.rest = Bytes::new();
        self.is_given_up = true;
        self.taken = None;
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let content = &mut *lock(&self.content);
        if content.is_given_up {
            let problem = "the client took nothing of it";
            return Poll::Ready(Some(Err(axum::Error::new(problem))));
        }
        content.waited += content.taken.map_or(Duration::ZERO, |it| it.elapsed());
        if content.rest.is_empty() {
            let Some((body, _)) = &mut content.body else {
                return Poll::Ready(None);
            };
            let Poll::Ready(frame) = Pin::new(body).poll_frame(context) else {
                // It is the server that is waited for.
                content.taken = None;
                return Poll::Pending;
            };
            content.taken = Some(Instant::now());
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => content.rest = data,
                Some(Ok(Err(frame))) => return Poll::Ready(Some(Ok(frame))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    content.body = None;
                    content.taken = None;
                    return Poll::Ready(None);
                }
            }
        }
        content.taken = Some(Instant::now());
        let most = match self.parts {
            Parts::Whole => content.rest.len(),
            Parts::Small => content.rest.len().min(PART_BYTES),
        };
        let part = content.rest.split_to(most);
        if self.parts == Parts::Small && content.is_too_slow(part.len()) {
            content.give_up();
            let problem = "the client took next to nothing of it";
            return Poll::Ready(Some(Err(axum::Error::new(problem))));
        }
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        let content = lock(&self.content);
        let body = content.body.as_ref();
        content.rest.is_empty()
            && !content.is_given_up
            && body.is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let content = lock(&self.content);
        let mut hint = match &content.body {
            Some((body, _)) => body.size_hint(),
            None => SizeHint::with_exact(0),
        };
        let rest = content.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use http_body::Body as _;
    use tokio::time::sleep;

    use super::*;

    const LEAST: LeastRate = LeastRate {
        bytes_per_second: PART_BYTES as u64 / 4,
        window: Duration::from_secs(30),
    };

    /// Takes answers of 20 parts, one part of each every so many seconds. Returns how many parts that makes.
    async fn taken(answers: usize, seconds: u64) -> usize {
        let conversation = Arc::new(Conversation::new(LEAST));
        let answer = || {
            let body = Body::from(vec![0; 20 * PART_BYTES]);
            conversation.begin().answer(body, Parts::Small)
        };
        let mut answers: Vec<Answer> = (0..answers).map(|_| answer()).collect();
        let mut parts = 0;
        loop {
            sleep(Duration::from_secs(seconds)).await;
            for answer in &mut answers {
                let frame = poll_fn(|context| Pin::new(&mut *answer).poll_frame(context)).await;
                match frame {
                    Some(Ok(_)) => parts += 1,
                    _ => return parts,
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_are_taken_too_slowly_are_given_up() {
        assert_eq!(taken(1, 4).await, 20);
        assert!(taken(1, 5).await < 20);
        // Several share what the connection takes.
        assert_eq!(taken(3, 12).await, 3 * 20);
        assert!(taken(3, 13).await < 3 * 20);
    }

    #[tokio::test(start_paused = true)]
    async fn answers_of_which_nothing_is_taken_are_given_up_when_they_said_so() {
        let conversation = Arc::new(Conversation::new(LEAST));
        let limit = Duration::from_mins(1);
        let answer = conversation.begin().answer(Body::from("a"), Parts::Small);
        sleep(Duration::from_secs(20)).await;
        let left = conversation.give_up_untaken(Instant::now(), limit);
        assert_eq!(left, Duration::from_secs(40));
        assert!(conversation.idle_for(Instant::now()).is_zero());
        sleep(left).await;
        assert_eq!(conversation.give_up_untaken(Instant::now(), limit), limit);
        assert_eq!(answer.size_hint().exact(), Some(0));
        sleep(left).await;
        assert_eq!(conversation.idle_for(Instant::now()), left);
    }
}
