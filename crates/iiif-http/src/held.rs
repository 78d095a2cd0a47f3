//! Caches that are bounded in bytes together with what they no longer keep and somebody still uses:
//! an answer that a slow client reads, the source of a request that waits.

mod pool;
mod room;
mod single_flight;

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use self::pool::{Pool, UNIT_BYTES, limit_units, value_units};
pub(crate) use self::room::{Held, Room};
use self::single_flight::{Entry, SingleFlight};
use crate::Problem;
use crate::metrics::Lookups;
use crate::shares::TILE_BYTES;

/// A cache of what is made once however many ask, and the memory of all that came from it.
pub(crate) struct HeldCache<K, V> {
    kept: Cache<K, Held<V>, ByMemory>,
    making: SingleFlight<K, Made<V>>,
    lookups: Lookups,
    all: Pool,
    /// The part of it that large values may have, so that small ones find some in any case.
    large: Pool,
    max_wait: Duration,
}

type Made<V> = Result<Held<V>, Problem>;

#[derive(Clone, Copy)]
struct ByMemory;

/// The share that is kept at most, and that large values have at most, of four.
const SHARE_QUARTERS: u32 = 3;

/// How many values a cache is made for; more make it grow.
const ESTIMATED_ITEMS: usize = 1000;

/// A value of more than one part in so many of the limit is large, unless a tile may be as large.
const LARGE_DIVISOR: u32 = 64;

impl<K, V> HeldCache<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// `limit_bytes` bounds all that is held. Of it three quarters are kept, and three quarters are for
    /// large values; who waits `max_wait` for memory is turned away.
    pub(crate) fn new(limit_bytes: u64, max_wait: Duration, lookups: Lookups) -> Self {
        let limit_units = limit_units(limit_bytes);
        let share = share(limit_units);
        let one_shard = OptionsBuilder::new()
            .shards(1)
            .weight_capacity(share.into())
            .estimated_items_capacity(ESTIMATED_ITEMS)
            .build();
        let options = one_shard.unwrap_or_else(|_both_are_set| unreachable!("both are set"));
        let kept = Cache::with_options(
            options,
            ByMemory,
            DefaultHashBuilder::default(),
            DefaultLifecycle::default(),
        );
        Self {
            kept,
            making: SingleFlight::new(),
            lookups,
            all: Pool::new(limit_units),
            large: Pool::new(share),
            max_wait,
        }
    }

    /// Returns the bytes that are held, those that are kept among them.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.all.held_bytes()
    }

    pub(crate) fn get(&self, key: &K) -> Option<Held<V>> {
        let held = self.kept.get(key)?;
        self.lookups.kept.inc();
        Some(held)
    }

    /// Returns what is kept, else what `make` gives. Of several that ask at once, one makes it, and all of
    /// them get what comes of it, a failure too. It goes on until the last of them is gone.
    pub(crate) async fn get_or_make<F>(
        self: &Arc<Self>,
        key: &K,
        make: impl FnOnce() -> F,
    ) -> Made<V>
    where
        F: Future<Output = Made<V>> + Send + 'static,
    {
        let making = match self.making.entry(key) {
            Entry::Flight(flight) => {
                self.lookups.underway.inc();
                flight
            }
            Entry::Vacant(entry) => {
                // What is made is kept before its flight ends.
                if let Some(held) = self.get(key) {
                    return Ok(held);
                }
                self.lookups.missing.inc();
                let (cache, key, make) = (Arc::clone(self), key.clone(), make());
                entry.begin(async move {
                    let held = make.await?;
                    cache.keep(&key, &held);
                    Ok(held)
                })
            }
        };
        making.await
    }

    /// Waits for the memory of a value of `bytes`. One that is larger than what large ones may have has
    /// all of that.
    pub(crate) async fn reserve(&self, bytes: u64) -> Result<Room, Problem> {
        let (all, large) = self.units(bytes);
        let reserve = async {
            let large = self.take(&self.large, large).await?;
            let all = self.take(&self.all, all).await?;
            Ok(Room { all, large })
        };
        let reserved = timeout(self.max_wait, reserve).await;
        reserved.map_err(|_elapsed| Problem::busy())?
    }

    /// Makes of some room that of a value of `bytes`, if there is as much without waiting: who holds memory must
    /// not wait for more, because several that do could wait for each other.
    pub(crate) fn try_grow(&self, room: &mut Room, bytes: u64) -> bool {
        let (all, large) = self.units(bytes);
        let parts = [
            (&self.large, &mut room.large, large),
            (&self.all, &mut room.all, all),
        ];
        for (pool, permit, units) in parts {
            let had = u32::try_from(permit.num_permits()).unwrap_or(u32::MAX);
            let Some(more) = self.take_free(pool, units.saturating_sub(had)) else {
                return false;
            };
            permit.merge(more);
        }
        true
    }

    /// Forgets what is kept under a key.
    pub(crate) fn forget(&self, key: &K) {
        self.kept.remove(key);
    }

    /// Forgets what is kept under keys of which `is_gone` says so.
    pub(crate) fn forget_if(&self, is_gone: impl Fn(&K) -> bool) {
        self.kept.retain(|key, _| !is_gone(key));
    }

    /// Returns what a value of `bytes` takes of all memory, and of that for large ones.
    fn units(&self, bytes: u64) -> (u32, u32) {
        let (limit, most) = (self.all.limit_units, self.large.limit_units);
        let units = value_units(bytes);
        let small_max = (limit / LARGE_DIVISOR).max(value_units(TILE_BYTES));
        let is_large = units > small_max.min(limit - most);
        let units = units.min(most);
        (units, if is_large { units } else { 0 })
    }

    fn keep(&self, key: &K, held: &Held<V>) {
        self.kept.insert(key.clone(), held.clone());
        // Who began to wait before this was kept would not hear of it.
        if self.all.is_waited_for() || held.is_large() && self.large.is_waited_for() {
            self.kept.remove(key);
        }
    }

    /// Takes memory out of a pool without waiting. What is only kept makes way for it.
    fn take_free(&self, pool: &Pool, units: u32) -> Option<OwnedSemaphorePermit> {
        pool.try_take(units).or_else(|| {
            let most = self.kept.weight().saturating_sub(units.into());
            self.kept.set_capacity(most);
            self.kept.set_capacity(share(self.all.limit_units).into());
            pool.try_take(units)
        })
    }

    async fn take(&self, pool: &Pool, units: u32) -> Result<OwnedSemaphorePermit, Problem> {
        if let Some(permit) = self.take_free(pool, units) {
            return Ok(permit);
        }
        // What went is still in use, or had no memory of this pool. Nothing that has some is kept while
        // this waits, so that whoever uses it gives it back.
        let _waiter = pool.waiters.enter();
        let is_all = std::ptr::eq(pool, &raw const self.all);
        self.kept.retain(|_, held| !is_all && !held.is_large());
        pool.take(units).await
    }
}

/// Returns the most bytes of a value that a cache keeps whose limit is `limit_bytes`.
pub(crate) fn max_kept_bytes(limit_bytes: u64) -> u64 {
    u64::from(share(limit_units(limit_bytes))) * UNIT_BYTES
}

fn share(units: u32) -> u32 {
    (units / 4 * SHARE_QUARTERS).max(1)
}

impl<K, V> Weighter<K, Held<V>> for ByMemory {
    fn weight(&self, _: &K, held: &Held<V>) -> u64 {
        held.units() as u64
    }
}

#[cfg(test)]
mod tests;
