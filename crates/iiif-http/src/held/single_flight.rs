//! What several ask for at the same time is made once, for all of them.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt as _, Shared, WeakShared};

/// What is being made.
pub(super) struct SingleFlight<K, T>(Arc<Flights<K, T>>);

/// Something that is being made, for all who wait for it. It goes on until the last of them is gone.
pub(super) type Flight<T> = Shared<BoxFuture<'static, T>>;

/// What is under way for a key.
pub(super) enum Entry<'a, K, T> {
    Flight(Flight<T>),
    Vacant(VacantEntry<'a, K, T>),
}

/// The place of a flight. Nothing else begins or ends as long as this is there: whoever has it must not let go
/// of a flight, which would wait for it to end.
pub(super) struct VacantEntry<'a, K, T> {
    all: &'a Arc<Flights<K, T>>,
    underway: MutexGuard<'a, Underway<K, T>>,
    key: &'a K,
}

type Flights<K, T> = Mutex<Underway<K, T>>;

struct Underway<K, T> {
    /// Each with a number of its own.
    flights: HashMap<K, (u64, WeakShared<BoxFuture<'static, T>>)>,
    next_number: u64,
}

/// Ends a flight when it is over or nobody waits for it.
struct Landing<K: Eq + Hash, T> {
    all: Arc<Flights<K, T>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, T> SingleFlight<K, T> {
    pub(super) fn new() -> Self {
        let underway = Underway {
            flights: HashMap::new(),
            next_number: 0,
        };
        Self(Arc::new(Mutex::new(underway)))
    }

    pub(super) fn entry<'a>(&'a self, key: &'a K) -> Entry<'a, K, T> {
        let underway = lock(&self.0);
        let flight = underway.flights.get(key).and_then(|(_, it)| it.upgrade());
        match flight {
            Some(flight) => Entry::Flight(flight),
            None => Entry::Vacant(VacantEntry {
                all: &self.0,
                underway,
                key,
            }),
        }
    }
}

impl<K, T> VacantEntry<'_, K, T>
where
    K: Clone + Eq + Hash + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    /// Begins what `make` does.
    pub(super) fn begin(mut self, make: impl Future<Output = T> + Send + 'static) -> Flight<T> {
        let number = self.underway.next_number;
        self.underway.next_number += 1;
        let landing = Landing {
            all: Arc::clone(self.all),
            key: self.key.clone(),
            number,
        };
        let flight = async move {
            let made = make.await;
            // Who asks from now on does not get a failure that is over.
            drop(landing);
            made
        };
        let flight = flight.boxed().shared();
        // It is not over before somebody waits for it.
        if let Some(it) = flight.downgrade() {
            let key = self.key.clone();
            self.underway.flights.insert(key, (number, it));
        }
        flight
    }
}

impl<K: Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let mut underway = lock(&self.all);
        let current = underway.flights.get(&self.key);
        // By now, another may have begun.
        if current.is_some_and(|(number, _)| *number == self.number) {
            underway.flights.remove(&self.key);
        }
    }
}

fn lock<K, T>(flights: &Flights<K, T>) -> MutexGuard<'_, Underway<K, T>> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::future::pending;
    use futures::poll;
    use tokio::sync::oneshot;

    use super::*;

    fn begin<T: Clone + Send + Sync + 'static>(
        all: &SingleFlight<u32, T>,
        make: impl Future<Output = T> + Send + 'static,
    ) -> Flight<T> {
        match all.entry(&1) {
            Entry::Vacant(entry) => entry.begin(make),
            Entry::Flight(_) => panic!("another is under way"),
        }
    }

    fn join<T: Clone>(all: &SingleFlight<u32, T>) -> Flight<T> {
        match all.entry(&1) {
            Entry::Flight(flight) => flight,
            Entry::Vacant(_) => panic!("none is under way"),
        }
    }

    fn is_idle<T>(all: &SingleFlight<u32, T>) -> bool {
        lock(&all.0).flights.is_empty()
    }

    #[tokio::test]
    async fn a_flight_goes_on_when_the_one_who_began_it_goes_away() {
        let all = SingleFlight::new();
        let (made, make) = oneshot::channel();
        let mut first = begin(&all, make);
        assert!(poll!(&mut first).is_pending());
        let second = join(&all);
        drop(first);
        made.send("made").unwrap();
        assert_eq!(second.await, Ok("made"));
        assert!(is_idle(&all));
    }

    #[tokio::test]
    async fn a_flight_that_nobody_waits_for_is_given_up() {
        let all = SingleFlight::new();
        let mut first = begin(&all, pending::<()>());
        assert!(poll!(&mut first).is_pending());
        drop(first);
        assert!(is_idle(&all));
    }

    #[tokio::test]
    async fn who_comes_when_it_is_over_begins_another() {
        let all = SingleFlight::new();
        let first = begin(&all, async { 1 });
        let late = join(&all);
        assert_eq!(first.await, 1);
        // The other one has not heard of it yet.
        let next = begin(&all, async { 2 });
        assert_eq!(late.await, 1);
        assert_eq!(next.await, 2);
        assert!(is_idle(&all));
    }
}
