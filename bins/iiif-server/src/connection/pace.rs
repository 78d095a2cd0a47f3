//! How fast a client takes what is written.

use std::time::Duration;

use crate::listen::LeastRate;

/// How fast a client takes what is written, while something waits for it. What the server takes its time
/// for does not count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    least: LeastRate,
    waited: Wait,
    bytes: u64,
}

/// A wait for a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) time: Duration,
    /// What of the time was for what waited, where it shared the connection with others.
    pub(super) share: Duration,
}

/// A client that is let go, or an answer that is given up, with the time that it was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TooSlow {
    #[error("the client took nothing for {} s", .time.as_secs())]
    Nothing { time: Duration },
    #[error("the client took next to nothing for {} s", .time.as_secs())]
    NextToNothing { time: Duration },
}

impl Wait {
    /// Returns a wait that nothing else shared.
    pub(super) fn alone(time: Duration) -> Self {
        Self { time, share: time }
    }
}

impl std::ops::AddAssign for Wait {
    fn add_assign(&mut self, other: Self) {
        self.time += other.time;
        self.share += other.share;
    }
}

impl Pace {
    pub(super) fn new(least: LeastRate) -> Self {
        Self {
            least,
            waited: Wait::default(),
            bytes: 0,
        }
    }

    /// Notes that `bytes` were taken after a wait. Fails where that ends a time in which too few were.
    pub(super) fn note(&mut self, wait: Wait, bytes: u64) -> Result<(), TooSlow> {
        if wait.time.is_zero() && self.waited.time.is_zero() {
            // What buffers take at once says nothing of the client. Under TLS, which waits when it flushes,
            // the last of it is what the client takes next; elsewhere it is counted to its favor.
            self.bytes = bytes;
            return Ok(());
        }
        self.waited += wait;
        self.bytes = self.bytes.saturating_add(bytes);
        let Self { waited, bytes, .. } = *self;
        if waited.time < self.least.window {
            return Ok(());
        }
        *self = Self::new(self.least);
        if self.least.bytes_in(waited.share) > bytes {
            return Err(TooSlow::NextToNothing { time: waited.time });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: LeastRate = LeastRate {
        bytes_per_second: 1000,
        window: Duration::from_secs(30),
    };
    const SECOND: Duration = Duration::from_secs(1);

    /// Takes `bytes` after each wait of a second, so many times.
    fn is_let_go(pace: &mut Pace, bytes: u64, times: u64) -> bool {
        (0..times).any(|_| pace.note(Wait::alone(SECOND), bytes).is_err())
    }

    #[test]
    fn a_client_below_the_rate_is_let_go_once_the_window_is_over() {
        let mut pace = Pace::new(LEAST);
        assert!(!is_let_go(&mut pace, 999, 29));
        let error = pace.note(Wait::alone(SECOND), 999).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the client took next to nothing for 30 s"
        );
        assert!(!is_let_go(&mut Pace::new(LEAST), 1000, 1000));
    }

    #[test]
    fn without_a_rate_nobody_is_let_go() {
        let mut pace = Pace::new(LeastRate {
            bytes_per_second: 0,
            ..LEAST
        });
        assert!(!is_let_go(&mut pace, 0, 100));
    }

    #[test]
    fn what_was_fast_once_does_not_count_for_ever() {
        let mut pace = Pace::new(LEAST);
        // Into buffers, before anything waits.
        assert!(pace.note(Wait::default(), 1 << 40).is_ok());
        assert!(!is_let_go(&mut pace, 1, 30));
        assert!(is_let_go(&mut pace, 1, 30));
        // While something waits, in one window.
        let mut pace = Pace::new(LEAST);
        assert!(pace.note(Wait::alone(SECOND), 1 << 40).is_ok());
        assert!(!is_let_go(&mut pace, 1, 29));
        assert!(is_let_go(&mut pace, 1, 30));
    }

    /// As TLS does: what is written waits for nothing, and is waited for when it is flushed.
    #[test]
    fn what_waits_after_it_was_taken_counts() {
        let is_let_go = |seconds: u32| {
            let mut pace = Pace::new(LEAST);
            (0..100).any(|_| {
                let written = pace.note(Wait::default(), 10_000);
                let flushed = pace.note(Wait::alone(SECOND * seconds), 0);
                written.and(flushed).is_err()
            })
        };
        assert!(!is_let_go(9));
        assert!(is_let_go(11));
    }

    #[test]
    fn several_answers_share_a_connection() {
        let is_let_go = |bytes: u64| {
            let mut pace = Pace::new(LEAST);
            let wait = Wait {
                time: SECOND,
                share: SECOND / 4,
            };
            (0..30).any(|_| pace.note(wait, bytes).is_err())
        };
        assert!(!is_let_go(250));
        assert!(is_let_go(249));
    }
}
