//! Memory that several share.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Problem;
use crate::waiters::Waiters;

/// Memory that is handed out, in [`UNIT_BYTES`].
pub(super) struct Pool {
    free: Arc<Semaphore>,
    pub(super) limit_units: u32,
    pub(super) waiters: Waiters,
}

/// Permits are counted in 32 bits; what is held besides the bytes of a small value is less than this.
pub(super) const UNIT_BYTES: u64 = 1 << 10;

impl Pool {
    pub(super) fn new(limit_units: u32) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limit_units as usize)),
            limit_units,
            waiters: Waiters::default(),
        }
    }

    /// Returns the bytes that are handed out.
    pub(super) fn held_bytes(&self) -> u64 {
        let free = u64::try_from(self.free.available_permits()).unwrap_or(u64::MAX);
        u64::from(self.limit_units).saturating_sub(free) * UNIT_BYTES
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.waiters.count() > 0
    }

    pub(super) fn try_take(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_many_owned(units).ok()
    }

    pub(super) async fn take(&self, units: u32) -> Result<OwnedSemaphorePermit, Problem> {
        let permit = Arc::clone(&self.free).acquire_many_owned(units).await;
        permit.map_err(|_closed| Problem::internal())
    }
}

/// Returns the units of a limit.
pub(super) fn limit_units(bytes: u64) -> u32 {
    let units = u32::try_from(bytes / UNIT_BYTES).unwrap_or(u32::MAX);
    units.max(1)
}

/// Returns what a value of `bytes` takes, with what is held besides.
pub(super) fn value_units(bytes: u64) -> u32 {
    let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
    units.saturating_add(1)
}
