//! One budget of memory for all images under way.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bounds the memory of all images that are decoded and rendered at the same time.
///
/// Who asks first is served first, so a large image is not starved by small ones.
#[derive(Clone, Debug)]
pub(crate) struct MemoryBudget {
    free: Arc<Semaphore>,
    limit_bytes: u64,
}

/// An image that needs more memory than the whole budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "needs {} MiB of memory, and the memory limit is {} MiB; raise it with `-memory-limit`",
    mebibytes(*needed_bytes),
    limit_bytes / BYTES_PER_UNIT
)]
pub(crate) struct OverBudgetError {
    needed_bytes: u64,
    limit_bytes: u64,
}

/// The semaphore counts in 32 bits, so a permit stands for a mebibyte.
const BYTES_PER_UNIT: u64 = 1 << 20;

fn mebibytes(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_UNIT)
}

impl MemoryBudget {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        let units = usize::try_from(limit_bytes / BYTES_PER_UNIT).unwrap_or(usize::MAX);
        let free = Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS)));
        Self { free, limit_bytes }
    }

    /// Waits until `bytes` are free and holds them until the permit is dropped.
    pub(crate) async fn reserve(
        &self,
        bytes: u64,
    ) -> Result<Option<OwnedSemaphorePermit>, OverBudgetError> {
        let over = OverBudgetError {
            needed_bytes: bytes,
            limit_bytes: self.limit_bytes,
        };
        if bytes > self.limit_bytes {
            return Err(over);
        }
        let units = u32::try_from(mebibytes(bytes)).map_err(|_units| over)?;
        // Rounding up may ask for one more than there is.
        let units = units.min(u32::try_from(self.limit_bytes / BYTES_PER_UNIT).unwrap_or(u32::MAX));
        // The semaphore is never closed, so there is always a permit.
        Ok(Arc::clone(&self.free).acquire_many_owned(units).await.ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_image_larger_than_the_budget_is_refused_with_both_figures() {
        let budget = MemoryBudget::new(512 << 20);
        let error = budget.reserve((600 << 20) + 1).await.unwrap_err();
        let expected = "needs 601 MiB of memory, and the memory limit is 512 MiB; raise it with `-memory-limit`";
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn what_is_held_is_not_free_until_it_is_dropped() {
        let budget = MemoryBudget::new(10 << 20);
        let held = budget.reserve(6 << 20).await.unwrap();
        assert_eq!(budget.free.available_permits(), 4);
        let waiting = budget.reserve(5 << 20);
        tokio::pin!(waiting);
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        drop(held);
        assert!(waiting.await.unwrap().is_some());
    }
}
