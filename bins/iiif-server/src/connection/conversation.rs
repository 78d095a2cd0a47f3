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
}

impl Default for Conversation {
    fn default() -> Self {
        Self(Mutex::new(State {
            open: 0,
            changed: Instant::now(),
            answers: Vec::new(),
        }))
    }
}

impl Conversation {
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

    /// Gives up the answers of which nothing was taken for longer than `limit`.
    pub(super) fn give_up_untaken(&self, now: Instant, limit: Duration) {
        let mut state = lock(&self.0);
        state.answers.retain(|answer| answer.strong_count() > 0);
        let answers = state.answers.clone();
        // What is given up changes the state.
        drop(state);
        for content in answers.iter().filter_map(Weak::upgrade) {
            let mut content = lock(&content);
            let waited = content
                .taken
                .map(|taken| now.saturating_duration_since(taken));
            if waited.is_some_and(|waited| waited > limit) {
                content.give_up();
            }
        }
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
        }));
        if parts == Parts::Small {
            let mut state = lock(&conversation.0);
            state.answers.push(Arc::downgrade(&content));
        }
        Answer { content, parts }
    }
}

impl Content {
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
