//! One budget of memory for all images under way.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds the memory of all images that are decoded and rendered at the same time.
///
/// Who asks first is served first, so a large image is not starved by small ones. Fetched images
/// that wait for their turn have a share of their own: were it the same, images that wait for each
/// other could fill it.
#[derive(Clone, Debug)]
pub struct MemoryBudget {
    work: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    limit_bytes: u64,
}

/// Memory that is held until it is dropped.
#[derive(Debug)]
pub struct Reservation(Option<OwnedSemaphorePermit>);

/// The share of the limit, as a divisor, that compressed images that wait may take beside the work.
const WAITING_DIVISOR: u64 = 4;

/// A compressed image that is larger than this share of the limit, a divisor, waits in a file.
const IN_MEMORY_DIVISOR: u64 = 16;

/// An image that needs more memory than the whole budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "needs {} MiB of memory, and the memory limit is {}; raise it with `-memory-limit`",
    mebibytes(*needed_bytes),
    shown_limit(*limit_bytes)
)]
pub struct OverBudgetError {
    needed_bytes: u64,
    limit_bytes: u64,
}

/// The semaphore counts in 32 bits, so a permit stands for a mebibyte.
const BYTES_PER_UNIT: u64 = 1 << 20;

/// Returns a memory limit in whole MiB, or in bytes where it is below one.
fn shown_limit(bytes: u64) -> String {
    match bytes / BYTES_PER_UNIT {
        0 => format!("{bytes} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_UNIT)
}

impl MemoryBudget {
    /// Returns a budget of `limit_bytes` for work, counted in MiB, and a quarter of it besides for what
    /// waits.
    #[must_use]
    pub fn new(limit_bytes: u64) -> Self {
        let pool = |bytes: u64| Arc::new(Semaphore::new(pool_units(bytes)));
        let (work, waiting) = (pool(limit_bytes), pool(limit_bytes / WAITING_DIVISOR));
        Self {
            work,
            waiting,
            limit_bytes,
        }
    }

    /// Returns the most bytes that a compressed image may have to wait in memory.
    pub(crate) fn in_memory_max_bytes(&self) -> u64 {
        self.limit_bytes / IN_MEMORY_DIVISOR
    }

    /// Returns the most bytes that all work together may take.
    #[must_use]
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// Returns the bytes that are reserved for work, in whole MiB.
    #[must_use]
    pub fn reserved_bytes(&self) -> u64 {
        let free = self.work.available_permits();
        pool_units(self.limit_bytes).saturating_sub(free) as u64 * BYTES_PER_UNIT
    }

    /// Returns the error of an image that needs more than there is.
    pub(crate) fn exceeded_by(&self, needed_bytes: u64) -> OverBudgetError {
        OverBudgetError {
            needed_bytes,
            limit_bytes: self.limit_bytes,
        }
    }

    /// Waits until an image may be fetched whose compressed data has `bytes`. One that is larger
    /// than the share is fetched alone.
    pub(crate) async fn reserve_waiting(&self, bytes: u64) -> Result<Reservation, OverBudgetError> {
        self.reserve(&self.waiting, self.limit_bytes / WAITING_DIVISOR, bytes)
            .await
    }

    /// Waits until `bytes` are free for the work on an image.
    ///
    /// # Errors
    ///
    /// If it needs more than the whole budget.
    pub async fn reserve_work(&self, bytes: u64) -> Result<Reservation, OverBudgetError> {
        self.reserve(&self.work, self.limit_bytes, bytes).await
    }

    /// Makes a reservation for work one of `bytes`, if so many are free at once.
    pub(crate) fn try_grow(
        &self,
        held: &mut Reservation,
        bytes: u64,
    ) -> Result<bool, OverBudgetError> {
        self.check(bytes)?;
        let Some(permit) = &mut held.0 else {
            return Ok(true);
        };
        let more = units(self.limit_bytes, bytes) as usize;
        let more = more.saturating_sub(permit.num_permits());
        let pool = Arc::clone(permit.semaphore());
        match pool.try_acquire_many_owned(more as u32) {
            Ok(more) => permit.merge(more),
            Err(_none) => return Ok(false),
        }
        Ok(true)
    }

    /// Checks that `bytes` can be reserved at all.
    fn check(&self, bytes: u64) -> Result<(), OverBudgetError> {
        if bytes > self.limit_bytes {
            return Err(self.exceeded_by(bytes));
        }
        Ok(())
    }

    async fn reserve(
        &self,
        pool: &Arc<Semaphore>,
        pool_bytes: u64,
        bytes: u64,
    ) -> Result<Reservation, OverBudgetError> {
        self.check(bytes)?;
        let units = units(pool_bytes, bytes);
        // The semaphores are never closed, so there is always a permit.
        Ok(Reservation(
            Arc::clone(pool).acquire_many_owned(units).await.ok(),
        ))
    }
}

impl Reservation {
    /// Gives back what is more than `bytes`, counted in MiB.
    pub fn shrink_to(&mut self, bytes: u64) {
        if let Some(permit) = &mut self.0 {
            let units = usize::try_from(mebibytes(bytes)).unwrap_or(usize::MAX);
            drop(permit.split(permit.num_permits().saturating_sub(units)));
        }
    }
}

/// Returns the permits of a pool of `bytes`.
fn pool_units(bytes: u64) -> usize {
    let units = usize::try_from(bytes / BYTES_PER_UNIT).unwrap_or(usize::MAX);
    units.clamp(1, Semaphore::MAX_PERMITS)
}

/// Returns the permits for `bytes`. Rounding up may ask for one more than there is.
fn units(pool_bytes: u64, bytes: u64) -> u32 {
    let units = mebibytes(bytes).min((pool_bytes / BYTES_PER_UNIT).max(1));
    u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_image_larger_than_the_budget_is_refused_with_both_figures() {
        let budget = MemoryBudget::new(512 << 20);
        let error = budget.reserve_work((600 << 20) + 1).await.unwrap_err();
        let expected = "needs 601 MiB of memory, and the memory limit is 512 MiB; raise it with `-memory-limit`";
        assert_eq!(error.to_string(), expected);
        let budget = MemoryBudget::new(1_000_000);
        let error = budget.reserve_work(2 << 20).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains("the memory limit is 1000000 bytes"), "{text}");
    }

    #[tokio::test]
    async fn what_is_held_is_not_free_until_it_is_dropped() {
        let budget = MemoryBudget::new(10 << 20);
        let held = budget.reserve_work(6 << 20).await.unwrap();
        let second = budget.reserve_work(5 << 20);
        tokio::pin!(second);
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(held);
        second.await.unwrap();
    }

    #[tokio::test]
    async fn a_source_larger_than_the_share_of_those_that_wait_is_fetched_alone() {
        let budget = MemoryBudget::new(40 << 20);
        let large = budget.reserve_waiting(30 << 20).await.unwrap();
        let small = budget.reserve_waiting(1);
        tokio::pin!(small);
        assert!(futures::poll!(small.as_mut()).is_pending());
        budget.reserve_work(40 << 20).await.unwrap();
        drop(large);
        small.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_no_longer_needed_is_free_again() {
        let budget = MemoryBudget::new(10 << 20);
        let mut held = budget.reserve_work(9 << 20).await.unwrap();
        held.shrink_to((2 << 20) + 1);
        let second = budget.reserve_work(7 << 20).await.unwrap();
        let third = budget.reserve_work(1 << 20);
        tokio::pin!(third);
        assert!(futures::poll!(third.as_mut()).is_pending());
        held.shrink_to(20 << 20);
        assert!(futures::poll!(third.as_mut()).is_pending());
        held.shrink_to(0);
        third.await.unwrap();
        drop(second);
    }

    #[tokio::test]
    async fn a_reservation_grows_only_where_it_need_not_wait() {
        let budget = MemoryBudget::new(10 << 20);
        let mut held = budget.reserve_work(4 << 20).await.unwrap();
        let second = budget.reserve_work(2 << 20).await.unwrap();
        assert!(!budget.try_grow(&mut held, 9 << 20).unwrap());
        assert!(budget.try_grow(&mut held, 8 << 20).unwrap());
        assert!(budget.try_grow(&mut held, 1 << 20).unwrap(), "it is larger");
        assert!(budget.try_grow(&mut held, 11 << 20).is_err());
        let third = budget.reserve_work(1 << 20);
        tokio::pin!(third);
        assert!(futures::poll!(third.as_mut()).is_pending());
        drop(second);
        third.await.unwrap();
        drop(held);
        budget.reserve_work(10 << 20).await.unwrap();
    }
}
