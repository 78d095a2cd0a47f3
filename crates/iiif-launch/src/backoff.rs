//! How long is waited before something is tried again.

use std::num::NonZeroU32;
use std::time::Duration;

/// How long is waited before something is tried again: twice as long each time, of which a random part
/// is taken, so that many that wait do not come back together ("full jitter" in the Amazon Builders'
/// Library, "Timeouts, retries, and backoff with jitter").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The longest first wait. Default: a second.
    pub first: Duration,
    /// The longest wait of all. Default: 30 seconds.
    pub longest: Duration,
    /// How often it is tried at most. Default: 10 times, in about two minutes.
    pub attempts: NonZeroU32,
}

impl Default for Backoff {
    fn default() -> Self {
        const ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(30),
            attempts: ATTEMPTS,
        }
    }
}

impl Backoff {
    /// Sets [`first`](Self::first).
    #[must_use]
    pub fn with_first(self, first: Duration) -> Self {
        Self { first, ..self }
    }

    /// Sets [`attempts`](Self::attempts).
    #[must_use]
    pub fn with_attempts(self, attempts: NonZeroU32) -> Self {
        Self { attempts, ..self }
    }

    /// Returns how long is waited after an attempt; the first is 0.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        self.longest_wait(attempt).mul_f64(random_share())
    }

    fn longest_wait(&self, attempt: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempt);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// Returns a number from 0 to 1.
fn random_share() -> f64 {
    // Without random numbers the wait is as long as it may be.
    getrandom::u32().map_or(1.0, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let backoff = Backoff::default();
        let seconds = [0, 1, 4, 5, 6, 100].map(|attempt| backoff.longest_wait(attempt).as_secs());
        assert_eq!(seconds, [1, 2, 16, 30, 30, 30]);
    }

    #[test]
    fn shares_are_random_and_at_most_all() {
        let shares: Vec<f64> = std::iter::repeat_with(random_share).take(100).collect();
        assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)));
        assert!(shares.iter().any(|share| (share - shares[0]).abs() > 0.01));
    }
}
