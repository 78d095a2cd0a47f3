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

/// Reads of small work that take place at the same time, at most, and how many times fewer of large work: they
/// wait more than they compute, of what is far away most of all.
const MAX_READS: usize = 64;
const LARGE_READS_DIVISOR: usize = 4;

/// The share of them among the sources that may be open: each may ask a bucket for four parts at once, over
/// connections that are files too.
const READS_EIGHTHS: usize = 3;

/// What work takes of memory, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// The work itself.
    pub(crate) work_bytes: u64,
    /// All parts of its request, of which this work may be one: that makes it small or large.
    pub(crate) request_bytes: u64,
}

impl Cost {
    /// Returns the cost of work that is all of its request.
    pub(crate) fn of_request(bytes: u64) -> Self {
        Self {
            work_bytes: bytes,
            request_bytes: bytes,
        }
    }
}

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
    read_count: usize,
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
        let reads = options.max_sources.get() / 8 * READS_EIGHTHS;
        let reads = reads.clamp(1, MAX_READS);
        let large_reads = reads.div_ceil(LARGE_READS_DIVISOR);
        Ok(Self {
            // Beside one that computes, another may read what was not fetched before: of local files.
            small: Lane::new(options, 2 * cores, reads, small_bytes)?,
            large: Lane::new(options, cores.div_ceil(2), large_reads, large_bytes)?,
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
            reading: lane.read_count - lane.reads.available_permits(),
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

    /// Runs work that computes in parallel, on the threads of its lane, once there is room for it.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        cost: Cost,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        let lane = self.lane_of(cost);
        let memory = lane.memory(cost.work_bytes).await?;
        lane.compute(memory, work).await
    }

    /// Reads, as [`read`](Self::read) does, and then computes with what was read, as [`compute`](Self::compute)
    /// does, in the same memory. What cannot be read is told at once.
    pub(crate) async fn read_then_compute<R, T, E>(
        &self,
        cost: Cost,
        read: impl FnOnce() -> Result<R, E> + Send + 'static,
        work: impl FnOnce(R) -> Result<T, E> + Send + 'static,
    ) -> Result<Done<Result<T, E>>, Problem>
    where
        R: Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        let lane = self.lane_of(cost);
        let memory = lane.memory(cost.work_bytes).await?;
        let read = lane.read(memory, read).await?;
        match read.value {
            Ok(value) => {
                drop(read.place);
                lane.compute(read.memory, || work(value)).await
            }
            Err(error) => Ok(Done {
                value: Err(error),
                place: read.place,
                memory: read.memory,
            }),
        }
    }

    fn lane_of(&self, cost: Cost) -> &Lane {
        self.lane(cost.work_bytes.max(cost.request_bytes))
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
        reads: usize,
        memory_bytes: u64,
    ) -> Result<Self, rayon::ThreadPoolBuildError> {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(options.concurrency.get());
        Ok(Self {
            slots: Arc::new(Semaphore::new(slots)),
            slot_count: slots,
            reads: Arc::new(Semaphore::new(reads)),
            read_count: reads,
            budget: MemoryBudget::new(memory_bytes),
            threads: Arc::new(threads.build()?),
            waiters: Waiters::default(),
            max_waiting: options.max_waiting,
            max_wait: options.max_wait,
        })
    }

    /// Waits for memory, which comes before a place, so that who has a place never waits. Only so many may.
    async fn memory(&self, bytes: u64) -> Result<Reservation, Problem> {
        let waiter = self.waiters.enter();
        if waiter.before >= self.max_waiting {
            return Err(Problem::busy());
        }
        let memory = timeout(self.max_wait, self.budget.reserve_work(bytes)).await;
        let memory = memory.map_err(|_elapsed| Problem::busy())?;
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
        let place = {
            let _waiter = self.waiters.enter();
            timeout(self.max_wait, Arc::clone(places).acquire_owned()).await
        };
        let place = place.map_err(|_elapsed| Problem::busy())?;
        let place = place.map_err(|_closed| Problem::internal())?;
        let done = spawn_blocking(move || Done {
            value: work(),
            place,
            memory,
        });
        done.await.map_err(|error| {
            tracing::error!("the work on an image ended unexpectedly: {error}");
            Problem::internal()
        })
    }
}

/// What work gave. It keeps its place in the lane until it [leaves](Self::leave) or is dropped.
pub(crate) struct Done<T> {
    pub(crate) value: T,
    place: OwnedSemaphorePermit,
    memory: Reservation,
}

impl<T> Done<T> {
    /// Makes place for the next in the lane. Of the memory, the `bytes` of the result stay counted in the
    /// lane until what is returned is dropped.
    pub(crate) fn leave(mut self, bytes: u64) -> (T, Reservation) {
        self.memory.shrink_to(bytes);
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
        let bytes = 200 << 20;
        let large = Cost::of_request(bytes);
        let done = admission.compute(large, || ()).await.ok().unwrap();
        let LaneWork {
            running,
            bytes: reserved,
            ..
        } = admission.work()[1];
        assert_eq!((running, reserved), (1, bytes));
        assert!(admission.compute(large, || ()).await.is_err());

        let ((), left) = done.leave(3 << 20);
        let LaneWork { running, bytes, .. } = admission.work()[1];
        assert_eq!((running, bytes), (0, 3 << 20));
        assert!(admission.compute(large, || ()).await.is_ok());
        drop(left);
        assert_eq!(admission.work()[1].bytes, 0);
    }

    #[tokio::test]
    async fn what_was_read_is_computed_however_many_wait() {
        let options = ServiceOptions {
            max_waiting: 1,
            ..ServiceOptions::default()
        };
        let admission = Arc::new(Admission::new(&options, 32 << 20, 256 << 20).unwrap());
        let large = Cost::of_request(200 << 20);
        let (end, is_ended) = std::sync::mpsc::channel();
        let first = tokio::spawn({
            let admission = Arc::clone(&admission);
            let read = move || is_ended.recv();
            async move { admission.read_then_compute(large, read, Ok).await.is_ok() }
        });
        until(|| admission.work()[1].reading == 1).await;
        let second = tokio::spawn({
            let admission = Arc::clone(&admission);
            async move { admission.compute(large, || ()).await.is_ok() }
        });
        until(|| admission.work()[1].waiting == 1).await;
        assert!(admission.compute(large, || ()).await.is_err());
        end.send(()).unwrap();
        assert!(first.await.unwrap() && second.await.unwrap());
    }

    #[tokio::test]
    async fn what_cannot_be_read_takes_no_place_to_compute() {
        let options = ServiceOptions::default();
        let admission = Admission::new(&options, 32 << 20, 256 << 20).unwrap();
        let large = Cost::of_request(100 << 20);
        let slots = Arc::clone(&admission.large.slots);
        let _all = slots
            .acquire_many_owned(admission.large.slot_count as u32)
            .await;
        let failed = admission.read_then_compute(large, || Err::<(), _>("gone"), Ok);
        let failed = failed.await.ok().unwrap();
        assert_eq!(failed.value, Err("gone"));
    }

    async fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            tokio::task::yield_now().await;
        }
    }
}
