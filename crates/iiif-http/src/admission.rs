//! Who may work when: small requests never wait behind large ones, and all memory is counted.

use std::sync::Arc;
use std::time::Duration;

use iiif_derivatives::{MemoryBudget, Reservation};
use rayon::ThreadPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::waiters::Waiters;
use crate::{Problem, ServiceOptions};

/// What takes more memory than this is large. A tile of 1024x1024 pixels takes less.
const SMALL_MAX_BYTES: u64 = 32 << 20;

/// Reads of a lane that take place at the same time. They wait more than they compute, of what is far away
/// most of all.
const READS_AT_ONCE: usize = 64;

/// Lets requests work, each in the lane of its size.
pub(crate) struct Admission {
    small: Lane,
    large: Lane,
}

/// Requests that share slots, memory and threads. The threads are the lane's own, so that the
/// system, and no queue, shares the cores between lanes.
struct Lane {
    slots: Arc<Semaphore>,
    slot_count: usize,
    /// Places of those that only read.
    reads: Arc<Semaphore>,
    budget: MemoryBudget,
    threads: Arc<ThreadPool>,
    waiters: Waiters,
    max_waiting: usize,
    max_wait: Duration,
}

/// What goes on in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaneWork {
    pub(crate) lane: &'static str,
    /// Requests that compute.
    pub(crate) running: usize,
    /// Requests that read.
    pub(crate) reading: usize,
    /// Requests that wait.
    pub(crate) waiting: usize,
    /// Memory that work may take, and that of results that are not yet counted elsewhere.
    pub(crate) bytes: u64,
}

impl Admission {
    /// `small_bytes` and `large_bytes` are the memory of the lanes.
    pub(crate) fn new(
        options: &ServiceOptions,
        small_bytes: u64,
        large_bytes: u64,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let cores = options.concurrency.get();
        Ok(Self {
            // Beside one that computes, another may read.
            small: Lane::new(options, 2 * cores, small_bytes)?,
            large: Lane::new(options, cores.div_ceil(2), large_bytes)?,
        })
    }

    /// Returns the most bytes that any work may take.
    pub(crate) fn max_bytes(&self) -> u64 {
        self.large.budget.limit_bytes()
    }

    /// Returns what goes on in the lanes.
    pub(crate) fn work(&self) -> [LaneWork; 2] {
        [("small", &self.small), ("large", &self.large)].map(|(name, lane)| LaneWork {
            lane: name,
            running: lane.slot_count - lane.slots.available_permits(),
            reading: READS_AT_ONCE - lane.reads.available_permits(),
            waiting: lane.waiters.count(),
            bytes: lane.budget.reserved_bytes(),
        })
    }

    /// Reads what takes `bytes` of memory at most, and computes little, once there is room for it. What has
    /// begun goes on when the client goes away; what waits does not.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        bytes: u64,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        let lane = self.lane(bytes);
        let memory = lane.memory(bytes).await?;
        lane.read(memory, read).await
    }

    /// Does the same for work that computes in parallel, on the threads of its lane: that of its request, of
    /// which all parts take `request_bytes` at most.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        bytes: u64,
        request_bytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        let lane = self.lane(bytes.max(request_bytes));
        let memory = lane.memory(bytes).await?;
        lane.compute(memory, work).await
    }

    /// Does the same with what is read before, from far away, in the same memory.
    pub(crate) async fn compute_with<R, T>(
        &self,
        bytes: u64,
        request_bytes: u64,
        read: impl FnOnce() -> R + Send + 'static,
        work: impl FnOnce(R) -> T + Send + 'static,
    ) -> Result<Done<T>, Problem>
    where
        R: Send + 'static,
        T: Send + 'static,
    {
        let lane = self.lane(bytes.max(request_bytes));
        let memory = lane.memory(bytes).await?;
        let (value, memory) = lane.read(memory, read).await?.into_parts();
        lane.compute(memory, || work(value)).await
    }

    /// Returns the lane of a request that takes so much memory.
    fn lane(&self, bytes: u64) -> &Lane {
        if bytes <= SMALL_MAX_BYTES.min(self.small.budget.limit_bytes()) {
            &self.small
        } else {
            &self.large
        }
    }
}

impl Lane {
    fn new(
        options: &ServiceOptions,
        slots: usize,
        memory_bytes: u64,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(options.concurrency.get());
        Ok(Self {
            slots: Arc::new(Semaphore::new(slots)),
            slot_count: slots,
            reads: Arc::new(Semaphore::new(READS_AT_ONCE)),
            budget: MemoryBudget::new(memory_bytes),
            threads: Arc::new(threads.build()?),
            waiters: Waiters::default(),
            max_waiting: options.max_waiting,
            max_wait: options.max_wait,
        })
    }

    /// Waits for memory, which comes before a place: who has a place never waits.
    async fn memory(&self, bytes: u64) -> Result<Reservation, Problem> {
        let memory = self.wait(self.budget.reserve_work(bytes)).await?;
        memory.map_err(|_over_budget| Problem::too_large())
    }

    async fn compute<T: Send + 'static>(
        &self,
        memory: Reservation,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        let threads = Arc::clone(&self.threads);
        let work = move || threads.install(work);
        self.run(&self.slots, memory, work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        memory: Reservation,
        read: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        self.run(&self.reads, memory, read).await
    }

    /// Runs work in one of some places, on a thread that may block.
    async fn run<T: Send + 'static>(
        &self,
        places: &Arc<Semaphore>,
        memory: Reservation,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        let place = self.wait(Arc::clone(places).acquire_owned()).await?;
        let place = place.map_err(|_closed| Problem::internal())?;
        let done = spawn_blocking(move || Done {
            value: work(),
            _place: place,
            memory,
        });
        done.await.map_err(|error| {
            tracing::error!("the work on an image ended unexpectedly: {error}");
            Problem::internal()
        })
    }

    /// Waits for what others have, among no more than may wait, and no longer than one may.
    async fn wait<T>(&self, event: impl Future<Output = T>) -> Result<T, Problem> {
        let waiter = self.waiters.enter();
        if waiter.before >= self.max_waiting {
            return Err(Problem::busy());
        }
        let come = timeout(self.max_wait, event).await;
        come.map_err(|_elapsed| Problem::busy())
    }
}

/// What work gave. It keeps its place in the lane until it [leaves](Self::leave) or is dropped.
pub(crate) struct Done<T> {
    pub(crate) value: T,
    _place: OwnedSemaphorePermit,
    memory: Reservation,
}

impl<T> Done<T> {
    /// Makes place for the next in the lane. Of the memory, the `bytes` of the result stay counted in the
    /// lane until what is returned is dropped.
    pub(crate) fn leave(mut self, bytes: u64) -> (T, Reservation) {
        self.memory.shrink_to(bytes);
        self.into_parts()
    }

    fn into_parts(self) -> (T, Reservation) {
        (self.value, self.memory)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;

    #[tokio::test]
    async fn who_waits_elsewhere_leaves_its_place_and_keeps_the_memory_of_its_result() {
        let options = ServiceOptions {
            concurrency: NonZeroUsize::MIN,
            max_wait: Duration::ZERO,
            ..ServiceOptions::default()
        };
        let admission = Admission::new(&options, 32 << 20, 256 << 20).unwrap();
        let large = 200 << 20;
        let done = admission.compute(large, large, || ()).await.ok().unwrap();
        let LaneWork { running, bytes, .. } = admission.work()[1];
        assert_eq!((running, bytes), (1, large));
        assert!(admission.compute(large, large, || ()).await.is_err());

        let ((), left) = done.leave(3 << 20);
        let LaneWork { running, bytes, .. } = admission.work()[1];
        assert_eq!((running, bytes), (0, 3 << 20));
        assert!(admission.compute(large, large, || ()).await.is_ok());
        drop(left);
        assert_eq!(admission.work()[1].bytes, 0);
    }
}
