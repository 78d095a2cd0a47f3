//! Answers, as they are handed out.
//!
//! A client of HTTP/2 that takes nothing blocks no socket: it just opens no window. Its answers are
//! therefore handed out in small parts, each once there is room for it, and an answer that waits too long
//! for the next one, or gets on too slowly, is given up. What of it was in memory is free then, whatever the
//! client does.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::Instant;

use super::conversation::{Asked, Moment, lock};
use super::pace::{Pace, TooSlow, Wait};
use crate::listen::LeastRate;

/// The bytes of a small part: the most that a frame of HTTP/2 has by default (RFC 9113 §6.5.2).
const PART_BYTES: usize = 16 << 10;

/// A part of an answer, or why there is none.
type Part = Result<Frame<Bytes>, axum::Error>;

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// As it comes.
    Whole { body: Body, _asked: Asked },
    /// In small parts, and given up when they are not taken.
    Small(Arc<Mutex<Content>>),
}

/// What is left of an answer in small parts.
#[derive(Debug)]
pub(super) struct Content {
    /// `None` once it is given up, or at its end.
    body: Option<(Body, Asked)>,
    rest: Bytes,
    given_up: Option<TooSlow>,
    /// When the next part was there for the client; `None` while it is the server that is waited for.
    offered: Option<Moment>,
    /// How long the next part waited for the client.
    waited: Wait,
    pace: Pace,
}

impl Answer {
    pub(super) fn whole(body: Body, asked: Asked) -> Self {
        Self::Whole {
            body,
            _asked: asked,
        }
    }

    /// Returns an answer in small parts. All that are under way on a connection together have to be taken as
    /// fast as `least` says.
    pub(super) fn small(body: Body, asked: Asked, least: LeastRate) -> Self {
        let conversation = Arc::clone(asked.conversation());
        let content = Arc::new(Mutex::new(Content {
            offered: Some(asked.now()),
            body: Some((body, asked)),
            rest: Bytes::new(),
            given_up: None,
            waited: Wait::default(),
            pace: Pace::new(least),
        }));
        conversation.watch(&content);
        Self::Small(content)
    }
}

impl Content {
    fn poll_part(&mut self, context: &mut Context<'_>) -> Poll<Option<Part>> {
        if let Some(problem) = self.given_up {
            return Poll::Ready(Some(Err(axum::Error::new(problem))));
        }
        let Some((body, asked)) = &mut self.body else {
            return Poll::Ready(None);
        };
        if let Some(offered) = self.offered.take() {
            self.waited += asked.now().wait_since(offered);
        }
        if self.rest.is_empty() {
            let frame = ready!(Pin::new(body).poll_frame(context));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                // Nothing comes behind trailers and errors.
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    self.body = None;
                    return Poll::Ready(None);
                }
            }
        }
        self.offered = Some(asked.now());
        let part = self.rest.split_to(self.rest.len().min(PART_BYTES));
        let wait = std::mem::take(&mut self.waited);
        if let Err(problem) = self.pace.note(wait, part.len() as u64) {
            self.give_up(problem);
            return Poll::Ready(Some(Err(axum::Error::new(problem))));
        }
        // hyper keeps a part for which there is no window: a slice would keep the whole answer in memory.
        Poll::Ready(Some(Ok(Frame::data(Bytes::copy_from_slice(&part)))))
    }

    /// Gives it up if nothing was taken for `limit`. Else returns how long it will not be.
    pub(super) fn give_up_untaken(&mut self, now: Instant, limit: Duration) -> Option<Duration> {
        let waited = now.saturating_duration_since(self.offered?.time);
        let left = limit.saturating_sub(waited);
        if left.is_zero() {
            self.give_up(TooSlow::Nothing { time: limit });
            return None;
        }
        Some(left)
    }

    fn give_up(&mut self, problem: TooSlow) {
        self.body = None;
        self.rest = Bytes::new();
        self.given_up = Some(problem);
        self.offered = None;
    }

    fn is_at_its_end(&self) -> bool {
        let body = self.body.as_ref();
        self.rest.is_empty()
            && self.given_up.is_none()
            && body.is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = match &self.body {
            Some((body, _)) => body.size_hint(),
            None => SizeHint::with_exact(0),
        };
        let rest = self.rest.len() as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper + rest);
        }
        hint.set_lower(hint.lower() + rest);
        hint
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut *self {
            Self::Whole { body, .. } => Pin::new(body).poll_frame(context),
            Self::Small(content) => lock(content).poll_part(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole { body, .. } => body.is_end_stream(),
            Self::Small(content) => lock(content).is_at_its_end(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole { body, .. } => body.size_hint(),
            Self::Small(content) => lock(content).size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::time::sleep;

    use super::super::conversation::Conversation;
    use super::*;

    /// Four seconds for a part, and some milliseconds by which timers are late.
    const LEAST: LeastRate = LeastRate {
        bytes_per_second: PART_BYTES as u64 / 4 - 16,
        window: Duration::from_secs(30),
    };

    fn begin(conversation: &Arc<Conversation>, parts: usize) -> Answer {
        let body = Body::from(vec![0; parts * PART_BYTES]);
        Answer::small(body, conversation.begin(), LEAST)
    }

    async fn take(answer: &mut Answer) -> Option<Part> {
        poll_fn(|context| Pin::new(&mut *answer).poll_frame(context)).await
    }

    /// Takes answers of 20 parts, one part of each every so many seconds. Returns how many parts that makes.
    async fn taken(answers: usize, seconds: u64) -> usize {
        let conversation = Arc::new(Conversation::new());
        let mut answers: Vec<Answer> = (0..answers).map(|_| begin(&conversation, 20)).collect();
        let mut parts = 0;
        loop {
            sleep(Duration::from_secs(seconds)).await;
            for answer in &mut answers {
                match take(answer).await {
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

    /// Ten answers get on half as fast again as they have to, each by a part in 25 seconds.
    #[tokio::test(start_paused = true)]
    async fn an_answer_is_not_blamed_for_the_time_in_which_it_had_a_share() {
        let conversation = Arc::new(Conversation::new());
        let mut last = begin(&conversation, 20);
        let others: Vec<Answer> = (0..9).map(|_| begin(&conversation, 20)).collect();
        sleep(Duration::from_secs(25)).await;
        assert!(take(&mut last).await.is_some_and(|part| part.is_ok()));
        sleep(Duration::from_secs(24)).await;
        drop(others);
        sleep(Duration::from_secs(1)).await;
        assert!(take(&mut last).await.is_some_and(|part| part.is_ok()));
        // From then on it has the connection alone.
        sleep(Duration::from_secs(25)).await;
        assert!(take(&mut last).await.is_some_and(|part| part.is_ok()));
        sleep(Duration::from_secs(25)).await;
        let problem = take(&mut last).await.unwrap().unwrap_err();
        assert!(problem.to_string().contains("next to nothing for 50 s"));
    }

    #[tokio::test(start_paused = true)]
    async fn others_that_begin_before_a_part_is_taken_are_no_excuse() {
        let conversation = Arc::new(Conversation::new());
        let mut first = begin(&conversation, 20);
        sleep(Duration::from_secs(29)).await;
        let _others: Vec<Answer> = (0..99).map(|_| begin(&conversation, 20)).collect();
        sleep(Duration::from_secs(1)).await;
        assert!(take(&mut first).await.is_some_and(|part| part.is_err()));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_of_which_nothing_is_taken_are_given_up_when_they_said_so() {
        let conversation = Arc::new(Conversation::new());
        let limit = Duration::from_mins(1);
        let answer = Answer::small(Body::from("a"), conversation.begin(), LEAST);
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
