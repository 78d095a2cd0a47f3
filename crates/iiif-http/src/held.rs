//! Caches that are bounded in bytes together with what they no longer keep and somebody still uses:
//! an answer that a slow client reads, the source of a request that waits.

use std::collections::HashMap;
use std::hash::Hash;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Problem;
use crate::metrics::Lookups;
use crate::shares::TILE_BYTES;
use crate::waiters::Waiters;

/// A cache of what is made once however many ask, and the memory of all that came from it.
pub(crate) struct HeldCache<K, V> {
    kept: Cache<K, Held<V>, ByMemory>,
    /// What is being made, each by a number of its own.
    making: Mutex<AllMaking<K, V>>,
    numbers: AtomicU64,
    lookups: Lookups,
    all: Pool,
    /// The part of it that large values may have, so that small ones find some in any case.
    large: Pool,
    limit_units: u32,
    max_wait: Duration,
}

type Made<V> = Result<Held<V>, Problem>;
type Making<V> = BoxFuture<'static, Made<V>>;
type AllMaking<K, V> = HashMap<K, (u64, WeakShared<Making<V>>)>;

/// The place of what is being made, as long as it is.
struct MakingEntry<K: Eq + Hash, V> {
    cache: Arc<HeldCache<K, V>>,
    key: K,
    number: u64,
}

/// Memory that is handed out, in [`UNIT_BYTES`].
struct Pool {
    free: Arc<Semaphore>,
    waiters: Waiters,
}

#[derive(Clone, Copy)]
struct ByMemory;

/// A value and its memory, which is free again once the last user lets go of it.
pub(crate) struct Held<V>(Arc<Counted<V>>);

struct Counted<V> {
    value: V,
    room: Room,
}

/// Memory for a value that is not there yet.
pub(crate) struct Room {
    all: OwnedSemaphorePermit,
    /// As much if the value is large, and nothing otherwise.
    large: OwnedSemaphorePermit,
}

/// Permits are counted in 32 bits; what is held besides the bytes of a small value is less than this.
const UNIT_BYTES: u64 = 1 << 10;

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
            making: Mutex::default(),
            numbers: AtomicU64::new(0),
            lookups,
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
        let making = {
            let mut making = self.making();
            // What is made is kept before it is no longer being made.
            if let Some(held) = self.get(key) {
                return Ok(held);
            }
            let underway = making.get(key).and_then(|(_, it)| it.upgrade());
            if let Some(underway) = underway {
                self.lookups.underway.inc();
                underway
            } else {
                self.lookups.missing.inc();
                let entry = MakingEntry {
                    cache: Arc::clone(self),
                    key: key.clone(),
                    number: self.numbers.fetch_add(1, Ordering::Relaxed),
                };
                let number = entry.number;
                let begun = entry.make(make());
                let others = begun.downgrade().into_iter();
                making.extend(others.map(|it| (key.clone(), (number, it))));
                begun
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
        let (units, most) = (value_units(bytes), share(self.limit_units));
        let small_max = (self.limit_units / LARGE_DIVISOR).max(value_units(TILE_BYTES));
        let is_large = units > small_max.min(self.limit_units - most);
        let units = units.min(most);
        (units, if is_large { units } else { 0 })
    }

    fn making(&self) -> MutexGuard<'_, AllMaking<K, V>> {
        self.making.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, key: &K, held: &Held<V>) {
        self.kept.insert(key.clone(), held.clone());
        // Who began to wait before this was kept would not hear of it.
        if self.all.is_waited_for() || held.0.room.is_large() && self.large.is_waited_for() {
            self.kept.remove(key);
        }
    }

    /// Takes memory out of a pool without waiting. What is only kept makes way for it.
    fn take_free(&self, pool: &Pool, units: u32) -> Option<OwnedSemaphorePermit> {
        pool.try_take(units).or_else(|| {
            let most = self.kept.weight().saturating_sub(units.into());
            self.kept.set_capacity(most);
            self.kept.set_capacity(share(self.limit_units).into());
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
        self.kept
            .retain(|_, held| !is_all && !held.0.room.is_large());
        let permit = Arc::clone(&pool.free).acquire_many_owned(units).await;
        permit.map_err(|_closed| Problem::internal())
    }
}

impl<K, V> MakingEntry<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Send + Sync + 'static,
{
    fn make(self, make: impl Future<Output = Made<V>> + Send + 'static) -> Shared<Making<V>> {
        let making = async move {
            let made = make.await;
            if let Ok(held) = &made {
                self.cache.keep(&self.key, held);
            }
            // Who asks from now on does not get a failure that is over.
            drop(self);
            made
        };
        making.boxed().shared()
    }
}

impl<K: Eq + Hash, V> Drop for MakingEntry<K, V> {
    fn drop(&mut self) {
        let making = &self.cache.making;
        let mut making = making.lock().unwrap_or_else(PoisonError::into_inner);
        // By now, another may have begun to make it.
        if making
            .get(&self.key)
            .is_some_and(|(number, _)| *number == self.number)
        {
            making.remove(&self.key);
        }
    }
}

impl Pool {
    fn new(units: u32) -> Self {
        Self {
            free: Arc::new(Semaphore::new(units as usize)),
            waiters: Waiters::default(),
        }
    }

    fn try_take(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_many_owned(units).ok()
    }

    fn is_waited_for(&self) -> bool {
        self.waiters.count() > 0
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

impl Room {
    fn is_large(&self) -> bool {
        self.large.num_permits() > 0
    }

    /// Gives back what a value of `bytes` does not need.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let needed = usize::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(usize::MAX);
        let needed = needed.saturating_add(1);
        for permit in [&mut self.all, &mut self.large] {
            let surplus = permit.num_permits().saturating_sub(needed);
            drop(permit.split(surplus));
        }
    }

    /// Ties it to the value that is in it.
    pub(crate) fn hold<V>(self, value: V) -> Held<V> {
        Held(Arc::new(Counted { value, room: self }))
    }
}

impl<K, V> Weighter<K, Held<V>> for ByMemory {
    fn weight(&self, _: &K, held: &Held<V>) -> u64 {
        held.0.room.all.num_permits() as u64
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
mod tests;
