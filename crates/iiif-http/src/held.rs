//! Caches that are bounded in bytes together with what they no longer keep and somebody still uses:
//! an answer that a slow client reads, the source of a request that waits.

use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Problem;

/// A cache of what is made once however many ask, and the memory of all that came from it.
pub(crate) struct HeldCache<K, V> {
    kept: Cache<K, Held<V>, ByMemory>,
    /// Memory that is free, in [`UNIT_BYTES`].
    free: Arc<Semaphore>,
    /// The part of it that large values may have, so that small ones find some in any case.
    free_for_large: Arc<Semaphore>,
    limit_units: u32,
    max_wait: Duration,
}

#[derive(Clone, Copy)]
struct ByMemory;

/// A value and its memory, which is free again once the last user lets go of it.
pub(crate) struct Held<V>(Arc<Counted<V>>);

struct Counted<V> {
    value: V,
    memory: Reservation,
}

/// Memory for a value that is not there yet.
pub(crate) struct Reservation {
    all: OwnedSemaphorePermit,
    /// That of a large value.
    large: Option<OwnedSemaphorePermit>,
}

/// Permits are counted in 32 bits; what is held besides the bytes of a small value is less than this.
const UNIT_BYTES: u64 = 1 << 10;

/// The share that is kept at most, and that large values have at most, of four.
const SHARE_QUARTERS: u32 = 3;

/// How many values a cache is made for; more make it grow.
const ESTIMATED_ITEMS: usize = 1000;

/// What takes more than this share, a divisor, is large.
const LARGE_DIVISOR: u32 = 64;

impl<K, V> HeldCache<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    /// `limit_bytes` bounds all that is held. Of it three quarters are kept, and three quarters are for
    /// large values; who waits `max_wait` for memory is turned away.
    pub(crate) fn new(limit_bytes: u64, max_wait: Duration) -> Self {
        let limit_units = units(limit_bytes);
        let share = share(limit_units);
        let permits = |units: u32| Arc::new(Semaphore::new(units as usize));
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
            free: permits(limit_units),
            free_for_large: permits(share),
            limit_units,
            max_wait,
        }
    }

    /// Returns the most bytes of a value that is kept.
    pub(crate) fn max_kept_bytes(&self) -> u64 {
        max_kept_bytes(u64::from(self.limit_units) * UNIT_BYTES)
    }

    /// Returns the bytes that are held, those that are kept among them.
    pub(crate) fn held_bytes(&self) -> u64 {
        let free = u64::try_from(self.free.available_permits()).unwrap_or(u64::MAX);
        u64::from(self.limit_units).saturating_sub(free) * UNIT_BYTES
    }

    pub(crate) fn get(&self, key: &K) -> Option<Held<V>> {
        self.kept.get(key)
    }

    /// Returns what is kept, else what `make` gives; of several that ask at once, one makes it.
    pub(crate) async fn get_or_make(
        &self,
        key: &K,
        make: impl Future<Output = Result<Held<V>, Problem>>,
    ) -> Result<Held<V>, Problem> {
        self.kept.get_or_insert_async(key, make).await
    }

    /// Waits for the memory of a value of `bytes`. One that is larger than the limit has all of it.
    pub(crate) async fn reserve(&self, bytes: u64) -> Result<Reservation, Problem> {
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let units = units.saturating_add(1).min(self.limit_units);
        let is_large = units > self.limit_units / LARGE_DIVISOR;
        let reserve = async {
            let large = if is_large {
                let most = share(self.limit_units);
                Some(self.take(&self.free_for_large, units.min(most)).await?)
            } else {
                None
            };
            let all = self.take(&self.free, units).await?;
            Ok(Reservation { all, large })
        };
        let reserved = timeout(self.max_wait, reserve).await;
        reserved.map_err(|_elapsed| Problem::busy())?
    }

    /// Forgets what is kept under keys of which `is_gone` says so.
    pub(crate) fn forget_if(&self, is_gone: impl Fn(&K) -> bool) {
        self.kept.retain(|key, _| !is_gone(key));
    }

    async fn take(
        &self,
        pool: &Arc<Semaphore>,
        units: u32,
    ) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(permit) = Arc::clone(pool).try_acquire_many_owned(units) {
            return Ok(permit);
        }
        // What is in use leaves too little beside what is only kept: so much of that goes.
        let most = self.kept.weight().saturating_sub(units.into());
        self.kept.set_capacity(most);
        self.kept.set_capacity(share(self.limit_units).into());
        let permit = Arc::clone(pool).acquire_many_owned(units).await;
        permit.map_err(|_closed| Problem::internal())
    }
}

/// Returns the most bytes of a value that a cache keeps whose limit is `limit_bytes`.
pub(crate) fn max_kept_bytes(limit_bytes: u64) -> u64 {
    u64::from(share(units(limit_bytes))) * UNIT_BYTES
}

fn units(limit_bytes: u64) -> u32 {
    let units = u32::try_from(limit_bytes / UNIT_BYTES).unwrap_or(u32::MAX);
    units.max(1)
}

fn share(units: u32) -> u32 {
    (units / 4 * SHARE_QUARTERS).max(1)
}

impl Reservation {
    /// Gives back what a value of `bytes` does not need.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let needed = usize::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(usize::MAX);
        let needed = needed.saturating_add(1);
        for permit in [Some(&mut self.all), self.large.as_mut()]
            .into_iter()
            .flatten()
        {
            let surplus = permit.num_permits().saturating_sub(needed);
            drop(permit.split(surplus));
        }
    }

    /// Ties the memory to the value that is in it.
    pub(crate) fn hold<V>(self, value: V) -> Held<V> {
        Held(Arc::new(Counted {
            value,
            memory: self,
        }))
    }
}

impl<K, V> Weighter<K, Held<V>> for ByMemory {
    fn weight(&self, _: &K, held: &Held<V>) -> u64 {
        held.0.memory.all.num_permits() as u64
    }
}

impl<V> Clone for Held<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> Deref for Held<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.value
    }
}

impl Held<Bytes> {
    /// Returns the bytes, which stay counted until the last copy is dropped.
    pub(crate) fn to_bytes(&self) -> Bytes {
        Bytes::from_owner(self.clone())
    }
}

impl AsRef<[u8]> for Held<Bytes> {
    fn as_ref(&self) -> &[u8] {
        &self.0.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT_BYTES: u64 = 64 << 20;

    fn cache(max_wait: Duration) -> HeldCache<u32, Bytes> {
        HeldCache::new(LIMIT_BYTES, max_wait)
    }

    async fn make(cache: &HeldCache<u32, Bytes>, bytes: u64) -> Result<Held<Bytes>, Problem> {
        let memory = cache.reserve(bytes).await?;
        Ok(memory.hold(Bytes::from(vec![0; usize::try_from(bytes).unwrap()])))
    }

    #[tokio::test]
    async fn what_is_kept_makes_way_for_what_is_asked() {
        let cache = cache(Duration::from_mins(1));
        for key in 0..200 {
            let made = cache.get_or_make(&key, make(&cache, 4 << 20)).await;
            assert_eq!(made.unwrap().len(), 4 << 20);
            assert!(cache.held_bytes() <= LIMIT_BYTES);
        }
        let alone = cache
            .get_or_make(&1000, make(&cache, LIMIT_BYTES * 2))
            .await;
        assert!(alone.is_ok());
        assert!(cache.get(&1000).is_none());
    }

    #[tokio::test]
    async fn what_is_in_use_is_counted_until_the_last_copy_is_dropped() {
        let cache = cache(Duration::ZERO);
        let mut used = Vec::new();
        for key in 0.. {
            match cache.get_or_make(&key, make(&cache, 4 << 20)).await {
                Ok(held) => used.push(held.to_bytes()),
                Err(problem) => {
                    assert_eq!(problem, Problem::busy());
                    break;
                }
            }
        }
        // Large values leave a quarter to small ones.
        assert_eq!(used.len(), 11);
        let small = cache.get_or_make(&1000, make(&cache, 1 << 10)).await;
        assert!(small.is_ok());
        drop(used);
        assert!(
            cache
                .get_or_make(&1001, make(&cache, 4 << 20))
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_reservation_shrinks_to_what_came() {
        let cache = cache(Duration::from_mins(1));
        let mut memory = cache.reserve(32 << 20).await.unwrap();
        memory.shrink_to(10_000);
        let held = memory.hold(Bytes::from(vec![0; 10_000]));
        assert_eq!(cache.held_bytes(), 11 << 10);
        drop(held);
        assert_eq!(cache.held_bytes(), 0);
    }
}
