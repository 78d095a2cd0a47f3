//! Who may work when: small requests never wait behind large ones, and all memory is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iiif_derivatives::{MemoryBudget, Reservation};
use rayon::ThreadPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::{Problem, ServiceOptions};

/// What takes more memory than this is large. A tile of 1024x1024 pixels takes less.
const SMALL_MAX_BYTES: u64 = 32 << 20;

/// What the compressed data of a tile takes, at most by far.
pub(crate) const TILE_BYTES: u64 = 1 << 20;

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
    budget: MemoryBudget,
    threads: Arc<ThreadPool>,
    waiting: AtomicUsize,
    max_waiting: usize,
    max_wait: Duration,
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

    /// Returns how long a request waits at most for its turn.
    pub(crate) fn max_wait(&self) -> Duration {
        self.large.max_wait
    }

    /// Returns the lanes by name, with how many requests work and how many wait.
    pub(crate) fn work(&self) -> [(&'static str, usize, usize); 2] {
        [("small", &self.small), ("large", &self.large)].map(|(name, lane)| {
            let running = lane.slot_count - lane.slots.available_permits();
            (name, running, lane.waiting.load(Ordering::Relaxed))
        })
    }

    /// Runs work that takes `bytes` of memory at most, and reads more than it computes, once there is
    /// room for it. What has begun goes on when the client goes away; what waits does not.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        bytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        self.lane(bytes).run(bytes, work).await
    }

    /// Does the same for work that computes in parallel, on the threads of its lane.
    pub(crate) async fn compute<T: Send + 'static>(
        &self,
        bytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        let lane = self.lane(bytes);
        let threads = Arc::clone(&lane.threads);
        lane.run(bytes, move || threads.install(work)).await
    }

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
            budget: MemoryBudget::new(memory_bytes),
            threads: Arc::new(threads.build()?),
            waiting: AtomicUsize::new(0),
            max_waiting: options.max_waiting,
            max_wait: options.max_wait,
        })
    }

    async fn run<T: Send + 'static>(
        &self,
        bytes: u64,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Done<T>, Problem> {
        let admitted = {
            let _waiting = Waiting::begin(&self.waiting, self.max_waiting)?;
            let admit = async {
                let slot = Arc::clone(&self.slots).acquire_owned().await;
                let slot = slot.map_err(|_closed| Problem::internal())?;
                let memory = self.budget.reserve_work(bytes).await;
                let memory = memory.map_err(|_over_budget| Problem::too_large())?;
                Ok::<_, Problem>((slot, memory))
            };
            let admitted = timeout(self.max_wait, admit).await;
            admitted.map_err(|_elapsed| Problem::busy())??
        };
        let done = spawn_blocking(move || Done {
            value: work(),
            _admitted: admitted,
        });
        done.await.map_err(|error| {
            tracing::error!("the work on an image ended unexpectedly: {error}");
            Problem::internal()
        })
    }
}

/// What work gave. It keeps its place in the lane until its result is where it is counted.
pub(crate) struct Done<T> {
    pub(crate) value: T,
    _admitted: (OwnedSemaphorePermit, Reservation),
}

/// A request that waits, counted as long as it does.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(waiting: &'a AtomicUsize, most: usize) -> Result<Self, Problem> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let counted = Self(waiting);
        if before >= most {
            return Err(Problem::busy());
        }
        Ok(counted)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
