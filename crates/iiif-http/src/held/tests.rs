use bytes::Bytes;

use super::*;

const LIMIT_BYTES: u64 = 64 << 20;

type TestCache = Arc<HeldCache<u32, Bytes>>;

fn cache(max_wait: Duration) -> TestCache {
    HeldCache::new(LIMIT_BYTES, max_wait, Lookups::default()).into()
}

async fn get(cache: &TestCache, key: u32, bytes: u64) -> Made<Bytes> {
    let making = Arc::clone(cache);
    let make = || async move { make(&making, bytes).await };
    cache.get_or_make(&key, make).await
}

async fn make(cache: &TestCache, bytes: u64) -> Made<Bytes> {
    let room = cache.reserve(bytes).await?;
    Ok(room.hold(Bytes::from(vec![0; usize::try_from(bytes).unwrap()])))
}

#[tokio::test]
async fn what_is_kept_makes_way_for_what_is_asked() {
    let cache = cache(Duration::from_mins(1));
    for key in 0..200 {
        let made = get(&cache, key, 4 << 20).await;
        assert_eq!(made.unwrap().len(), 4 << 20);
        assert!(cache.held_bytes() <= LIMIT_BYTES);
    }
    let alone = get(&cache, 1000, LIMIT_BYTES * 2).await;
    assert!(alone.is_ok());
    assert!(cache.get(&1000).is_none());
}

#[tokio::test]
async fn what_is_in_use_is_counted_until_the_last_copy_is_dropped() {
    let cache = cache(Duration::ZERO);
    let mut used = Vec::new();
    for key in 0.. {
        match get(&cache, key, 4 << 20).await {
            Ok(held) => used.push(held.to_bytes()),
            Err(problem) => {
                assert_eq!(problem, Problem::busy());
                break;
            }
        }
    }
    // Large values leave a quarter to small ones.
    assert_eq!(used.len(), 11);
    let small = get(&cache, 1000, 1 << 10).await;
    assert!(small.is_ok());
    drop(used);
    assert!(get(&cache, 1001, 4 << 20).await.is_ok());
}

#[tokio::test]
async fn of_many_that_ask_at_once_each_finds_memory() {
    let cache = cache(Duration::from_secs(10));
    let work = |key: u32| {
        let (cache, making) = (&cache, Arc::clone(&cache));
        let make = || async move {
            let room = making.reserve(20 << 20).await?;
            tokio::task::yield_now().await;
            Ok(room.hold(Bytes::from(vec![0; 20 << 20])))
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
        let held = get(&cache, key, 4 << 20).await;
        if key < 6 {
            used.extend(held.ok());
        }
    }
    let next = get(&cache, 100, 22 << 20).await;
    assert!(next.is_ok());
}

#[tokio::test]
async fn small_values_find_memory_whatever_large_ones_have() {
    let cache = cache(Duration::ZERO);
    let huge = make(&cache, LIMIT_BYTES * 2).await.unwrap();
    assert!(make(&cache, 1 << 20).await.is_ok());
    drop(huge);

    // Of little memory too, a tile is small.
    let little = HeldCache::new(24 << 20, Duration::ZERO, Lookups::default());
    let little = TestCache::from(little);
    let large = make(&little, 18 << 20).await.unwrap();
    assert!(make(&little, 2 << 20).await.is_err());
    assert!(little.reserve(1 << 20).await.is_ok());
    drop(large);
}

#[tokio::test]
async fn a_reservation_shrinks_to_what_came() {
    let cache = cache(Duration::from_mins(1));
    let mut room = cache.reserve(32 << 20).await.unwrap();
    room.shrink_to(10_000);
    let held = room.hold(Bytes::from(vec![0; 10_000]));
    assert_eq!(cache.held_bytes(), 11 << 10);
    drop(held);
    assert_eq!(cache.held_bytes(), 0);
}

#[tokio::test]
async fn who_holds_memory_gets_more_at_once_or_not_at_all() {
    let cache = cache(Duration::from_mins(1));
    get(&cache, 1, 40 << 20).await.unwrap();
    let mut room = cache.reserve(1 << 10).await.unwrap();
    // What is only kept makes way.
    assert!(cache.try_grow(&mut room, 30 << 20));
    assert!(cache.get(&1).is_none());
    assert_eq!(cache.held_bytes(), (30 << 20) + UNIT_BYTES);
    let mut other = cache.reserve(1 << 10).await.unwrap();
    assert!(!cache.try_grow(&mut other, 30 << 20));
    drop(room);
    assert!(cache.try_grow(&mut other, 30 << 20));
}

#[tokio::test]
async fn who_waits_for_memory_and_goes_away_is_not_waited_for() {
    let cache = cache(Duration::from_hours(1));
    let used = make(&cache, LIMIT_BYTES).await.unwrap();
    let mut waits = Box::pin(get(&cache, 1, 20 << 20));
    assert!(futures::poll!(&mut waits).is_pending());
    assert!(cache.large.is_waited_for());
    drop(waits);
    assert!(!cache.large.is_waited_for());
    drop(used);
    assert_eq!(cache.held_bytes(), 0);
}
