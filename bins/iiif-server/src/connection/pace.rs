//! How fast a client takes what is written.

use std::time::Duration;

/// How fast a client takes what is written, while something waits for it. What the server takes its time
/// for does not count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    least: LeastRate,
    waited: Duration,
    bytes: u64,
}

/// The least bytes a second that a client has to take, on the average of some time of waiting for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeastRate {
    pub(super) bytes_per_second: u64,
    pub(super) window: Duration,
}

impl Pace {
    pub(super) fn new(least: LeastRate) -> Self {
        Self {
            least,
            waited: Duration::ZERO,
            bytes: 0,
        }
    }

    /// Notes that `bytes` were taken after a wait. Returns whether that is too slow, where `others` take
    /// their share of the connection at the same time.
    pub(super) fn is_too_slow(&mut self, waited: Duration, bytes: u64, others: u64) -> bool {
        if waited.is_zero() && self.waited.is_zero() {
            // What buffers take at once says nothing of the client. The last of it is what it takes next.
            self.bytes = bytes;
            return false;
        }
        self.waited += waited;
        self.bytes = self.bytes.saturating_add(bytes);
        if self.waited < self.least.window {
            return false;
        }
        let seconds = self.waited.as_secs().max(1);
        let least = self.least.bytes_per_second.saturating_mul(seconds) / (others + 1);
        let is_too_slow = self.bytes < least;
        *self = Self::new(self.least);
        is_too_slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: LeastRate = LeastRate {
        bytes_per_second: 1000,
        window: Duration::from_secs(30),
    };

    /// Takes `bytes` after each wait of a second, so many times.
    fn is_let_go(pace: &mut Pace, bytes: u64, times: u64, others: u64) -> bool {
        (0..times).any(|_| pace.is_too_slow(Duration::from_secs(1), bytes, others))
    }

    #[test]
    fn a_client_below_the_rate_is_let_go_once_the_window_is_over() {
        let mut pace = Pace::new(LEAST);
        assert!(!is_let_go(&mut pace, 999, 29, 0));
        assert!(is_let_go(&mut pace, 999, 1, 0));
        assert!(!is_let_go(&mut Pace::new(LEAST), 1000, 1000, 0));
    }

    #[test]
    fn what_was_fast_once_does_not_count_for_ever() {
        let mut pace = Pace::new(LEAST);
        // Into buffers, before anything waits.
        assert!(!pace.is_too_slow(Duration::ZERO, 1 << 40, 0));
        assert!(!is_let_go(&mut pace, 1, 30, 0));
        assert!(is_let_go(&mut pace, 1, 30, 0));
        // While something waits, in one window.
        let mut pace = Pace::new(LEAST);
        assert!(!pace.is_too_slow(Duration::from_secs(1), 1 << 40, 0));
        assert!(!is_let_go(&mut pace, 1, 29, 0));
        assert!(is_let_go(&mut pace, 1, 30, 0));
    }

    /// As TLS does: what is written waits for nothing, and is waited for when it is flushed.
    #[test]
    fn what_waits_after_it_was_taken_counts() {
        let is_let_go = |seconds: u64| {
            let mut pace = Pace::new(LEAST);
            (0..100).any(|_| {
                pace.is_too_slow(Duration::ZERO, 10_000, 0)
                    || pace.is_too_slow(Duration::from_secs(seconds), 0, 0)
            })
        };
        assert!(!is_let_go(9));
        assert!(is_let_go(11));
    }

    #[test]
    fn several_answers_share_a_connection() {
        assert!(!is_let_go(&mut Pace::new(LEAST), 250, 100, 3));
        assert!(is_let_go(&mut Pace::new(LEAST), 249, 30, 3));
    }
}
