//! Caches that are bounded in bytes together with what they no longer keep and somebody still uses:
//! an answer that a slow client reads, the source of a request that waits.

use std::hash::Hash;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Problem;
use crate::admission::TILE_BYTES;

/// A cache of what is made once however many ask, and the memory of all that came from it.
pub(crate) struct HeldCache<K, V> {
    kept: Cache<K, Held<V>, ByMemory>,
    all: Pool,
    /// The part of it that large values may have, so that small ones find some in any case.
    large: Pool,
    limit_units: u32,
    max_wait: Duration,
}

/// Memory that is handed out, in [`UNIT_BYTES`].
struct Pool {
    free: Arc<Semaphore>,
    /// How many wait for some.
    waiting: AtomicUsize,
}

/// One that waits, counted as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

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

/// What takes more than this share, a divisor, is large, unless it is no more than a tile takes.
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
            all: Pool::new(limit_units),
            large: Pool::new(share),
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
        let free = u64::try_from(self.all.free.available_permits()).unwrap_or(u64::MAX);
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
        let held = self.kept.get_or_insert_async(key, make).await?;
        // Who began to wait before this was kept would not hear of it.
        let is_large = held.0.memory.large.is_some();
        if self.all.is_waited_for() || is_large && self.large.is_waited_for() {
            self.kept.remove(key);
        }
        Ok(held)
    }

    /// Waits for the memory of a value of `bytes`. One that is larger than what large ones may have has
    /// all of that.
    pub(crate) async fn reserve(&self, bytes: u64) -> Result<Reservation, Problem> {
        let (units, most) = (value_units(bytes), share(self.limit_units));
        let small_max = (self.limit_units / LARGE_DIVISOR).max(value_units(TILE_BYTES));
        let is_large = units > small_max.min(self.limit_units - most);
        let units = units.min(most);
        let reserve = async {
            let large = if is_large {
                Some(self.take(&self.large, units).await?)
            } else {
                None
            };
            let all = self.take(&self.all, units).await?;
            Ok(Reservation { all, large })
        };
        let reserved = timeout(self.max_wait, reserve).await;
        reserved.map_err(|_elapsed| Problem::busy())?
    }

    /// Forgets what is kept under keys of which `is_gone` says so.
    pub(crate) fn forget_if(&self, is_gone: impl Fn(&K) -> bool) {
        self.kept.retain(|key, _| !is_gone(key));
    }

    /// Takes memory out of a pool. What is only kept makes way for it.
    async fn take(&self, pool: &Pool, units: u32) -> Result<OwnedSemaphorePermit, Problem> {
        if let Some(permit) = pool.try_take(units) {
            return Ok(permit);
        }
        let most = self.kept.weight().saturating_sub(units.into());
        self.kept.set_capacity(most);
        self.kept.set_capacity(share(self.limit_units).into());
        if let Some(permit) = pool.try_take(units) {
            return Ok(permit);
        }
        // What went is still in use, or had no memory of this pool. Nothing that has some is kept while
        // this waits, so that whoever uses it gives it back.
        let _waiting = Waiting::begin(&pool.waiting);
        let is_all = std::ptr::eq(pool, &raw const self.all);
        self.kept
            .retain(|_, held| !is_all && held.0.memory.large.is_none());
        let permit = Arc::clone(&pool.free).acquire_many_owned(units).await;
        permit.map_err(|_closed| Problem::internal())
    }
}

impl Pool {
    fn new(units: u32) -> Self {
        Self {
            free: Arc::new(Semaphore::new(units as usize)),
            waiting: AtomicUsize::new(0),
        }
    }

    fn try_take(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_many_owned(units).ok()
    }

    fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) > 0
    }
}

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
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

/// Returns what a value of `bytes` takes, with what is held besides.
fn value_units(bytes: u64) -> u32 {
    let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
    units.saturating_add(1)
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
    async fn of_many_that_ask_at_once_each_finds_memory() {
        let cache = cache(Duration::from_secs(10));
        let work = |key: u32| {
            let cache = &cache;
            let make = async move {
                let memory = cache.reserve(20 << 20).await?;
                tokio::task::yield_now().await;
                Ok(memory.hold(Bytes::from(vec![0; 20 << 20])))
            };
            async move { cache.get_or_make(&key, make).await.map(|held| held.len()) }
        };
        let made = futures::future::join_all((0..10).map(work)).await;
        assert_eq!(made, vec![Ok(20 << 20); 10]);
        // The last ones are kept again.
        assert!((0..10).any(|key| cache.get(&key).is_some()));
    }

    #[tokio::test]
    async fn what_nobody_uses_makes_way_even_if_it_is_the_newest() {
        let cache = cache(Duration::ZERO);
        let mut used = Vec::new();
        for key in 0..12 {
            let held = cache.get_or_make(&key, make(&cache, 4 << 20)).await;
            if key < 6 {
                used.extend(held.ok());
            }
        }
        let next = cache.get_or_make(&100, make(&cache, 22 << 20)).await;
        assert!(next.is_ok());
    }

    #[tokio::test]
    async fn small_values_find_memory_whatever_large_ones_have() {
        let cache = cache(Duration::ZERO);
        let huge = make(&cache, LIMIT_BYTES * 2).await.unwrap();
        assert!(make(&cache, 1 << 20).await.is_ok());
        drop(huge);

        // Of little memory too, a tile is small.
        let little: HeldCache<u32, Bytes> = HeldCache::new(24 << 20, Duration::ZERO);
        let large = make(&little, 18 << 20).await.unwrap();
        assert!(make(&little, 2 << 20).await.is_err());
        assert!(little.reserve(1 << 20).await.is_ok());
        drop(large);
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
