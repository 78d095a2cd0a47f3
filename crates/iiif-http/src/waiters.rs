//! Who waits for something.

use std::sync::atomic::{AtomicUsize, Ordering};

/// How many wait for something.
#[derive(Default)]
pub(crate) struct Waiters(AtomicUsize);

/// One that waits, counted as long as it does.
pub(crate) struct Waiter<'a> {
    all: &'a Waiters,
    /// How many waited before it.
    pub(crate) before: usize,
}

impl Waiters {
    pub(crate) fn enter(&self) -> Waiter<'_> {
        Waiter {
            all: self,
            before: self.0.fetch_add(1, Ordering::SeqCst),
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.all.0.fetch_sub(1, Ordering::SeqCst);
    }
}
