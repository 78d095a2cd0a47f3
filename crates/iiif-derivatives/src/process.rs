//! One image: fetched, probed, decoded once, rendered, put, reported.

mod original;
mod puts;
mod reports;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use iiif_config::{ProcessingUri, encode_path};
use iiif_image_api::RenderPlan;
use iiif_pipeline::{Batch, SourceImage};
use tokio::sync::{Semaphore, SemaphorePermit, mpsc};
use tokio::task::spawn_blocking;

use self::original::{FetchFailure, Original};
use self::puts::{Planned, Put, len_bytes, put};
use crate::budget::{MemoryBudget, OverBudgetError, Reservation};
use crate::contact_sheet::Written;
use crate::report::SOURCE;
use crate::settings::Settings;
use crate::{Cancellation, Failure, Job, ProcessReport};

/// What the images of one run share.
///
/// An image waits for room among those that wait, then for a slot, then for memory to work in. What
/// comes later is given back without anything that comes earlier, so nobody waits in a circle.
pub(crate) struct Run<'a> {
    job: &'a Job,
    cancellation: &'a Cancellation,
    settings: Settings,
    budget: MemoryBudget,
    /// One for each image that may be decoded and rendered at the same time.
    slots: Semaphore,
}

/// A worker thread ended without an answer: a defect of this program.
#[derive(Debug, thiserror::Error)]
#[error("the work on this image ended unexpectedly")]
struct WorkerError(#[source] tokio::task::JoinError);

/// The derivatives were made, and the memory does not suffice for the rest.
#[derive(Debug, thiserror::Error)]
#[error("the analyses are left out (palette, blurhash, image hash)")]
struct UnanalyzedError(#[source] OverBudgetError);

impl<'a> Run<'a> {
    pub(crate) fn new(job: &'a Job, cancellation: &'a Cancellation) -> Self {
        let slots = job.options.concurrency.get().min(Semaphore::MAX_PERMITS);
        Self {
            job,
            cancellation,
            settings: Settings::of(&job.config),
            budget: MemoryBudget::new(job.options.memory_limit_bytes),
            slots: Semaphore::new(slots),
        }
    }

    /// Returns the report of one image, and the pixels of its source; none if the run was cancelled
    /// before the image was begun. Of an image that is not there nothing is stored.
    pub(crate) async fn process(&self, uri: &ProcessingUri) -> Option<(ProcessReport, u64)> {
        let fetched = tokio::select! {
            biased;
            () = self.cancellation.cancelled() => return None,
            fetched = self.fetch(uri) => fetched,
        };
        let mut image = Image::new(self, uri);
        let made = match fetched {
            Ok((original, slot)) => image.make(original, slot).await,
            Err(FetchFailure::Failed(failure)) => Err(failure),
            Err(FetchFailure::Missing(failure)) => {
                image.fail(SOURCE, failure);
                return Some((image.report, image.pixels));
            }
        };
        if let Err(failure) = made {
            image.fail(SOURCE, failure);
        }
        if let Some(options) = &self.job.reports {
            image.write_reports(options).await;
        }
        Some((image.report, image.pixels))
    }

    /// Fetches a source and waits for its turn.
    async fn fetch(
        &self,
        uri: &ProcessingUri,
    ) -> Result<(Original, Option<SemaphorePermit<'_>>), FetchFailure> {
        let key = uri.origin().as_str();
        let original = Original::fetch(&self.job.source, key, &self.budget).await?;
        // The semaphore is never closed, so there is always a permit.
        Ok((original, self.slots.acquire().await.ok()))
    }
}

/// One image on its way.
struct Image<'a> {
    run: &'a Run<'a>,
    uri: &'a ProcessingUri,
    report: ProcessReport,
    /// The pixels of the source; 0 until they are known.
    pixels: u64,
    /// The derivatives that were written, by label.
    written: BTreeMap<String, Written>,
}

/// What is to be made of an image, and the memory that was reserved for it.
struct Work {
    batch: Batch,
    planned: Vec<Planned>,
    explained: Explained,
    held: Reservation,
}

/// What turns errors of the pipeline into failures of an image.
struct Explained {
    format: String,
    /// Compressed bytes that are held beside the work.
    source_bytes: u64,
    budget: MemoryBudget,
}

impl Explained {
    fn failure(&self, error: &iiif_pipeline::Error) -> Failure {
        use iiif_pipeline::Error::{AnalysesOverMemoryLimit, OverMemoryLimit};

        let format = Some(self.format.clone());
        let over_budget = |needed_bytes: u64| {
            let needed_bytes = needed_bytes.saturating_add(self.source_bytes);
            self.budget.exceeded_by(needed_bytes)
        };
        match error {
            OverMemoryLimit { needed_bytes, .. } => {
                Failure::new(&over_budget(*needed_bytes), format)
            }
            AnalysesOverMemoryLimit { needed_bytes, .. } => {
                Failure::new(&UnanalyzedError(over_budget(*needed_bytes)), format)
            }
            error => Failure::new(error, format),
        }
    }
}

impl<'a> Image<'a> {
    fn new(run: &'a Run<'a>, uri: &'a ProcessingUri) -> Self {
        let report = ProcessReport {
            origin: uri.origin().as_str().to_owned(),
            origin_uri: uri.to_redacted_string(),
            ..ProcessReport::default()
        };
        Self {
            run,
            uri,
            report,
            pixels: 0,
            written: BTreeMap::new(),
        }
    }

    /// Makes all derivatives, and the fingerprint beside them. An error is one of the whole source.
    async fn make(
        &mut self,
        original: Original,
        slot: Option<SemaphorePermit<'_>>,
    ) -> Result<(), Failure> {
        let original = Arc::new(original);
        let hashed = Arc::clone(&original);
        let fingerprint = spawn_blocking(move || hashed.fingerprint());
        let made = match self.prepare(original).await {
            Ok(work) => self.render(work, slot).await,
            Err(failure) => Err(failure),
        };
        let failure = match fingerprint.await {
            Ok(Ok(fingerprint)) => {
                self.report.origin_fingerprint = Some(fingerprint);
                return made;
            }
            Ok(Err(error)) => Failure::new(&error, None),
            Err(error) => Failure::new(&WorkerError(error), None),
        };
        made.and(Err(failure))
    }

    /// Reads the header, resolves the instructions and reserves memory.
    async fn prepare(&mut self, original: Arc<Original>) -> Result<Work, Failure> {
        let budget = &self.run.budget;
        let over_budget = |error: OverBudgetError| Failure::new(&error, None);
        let (asked, limit_bytes) = (Arc::clone(&original), budget.limit_bytes());
        let read_bytes = blocking(move || asked.read_bytes(limit_bytes)).await?;
        let mut held = budget.reserve_work(read_bytes).await.map_err(over_budget)?;

        let mut source = self.open(&original).await?;
        self.pixels = source.dimensions().area();
        let explained = Explained {
            format: source.format().to_string(),
            source_bytes: source.held_bytes(),
            budget: budget.clone(),
        };
        let planned = self.resolve(&source);
        let batch = self.batch(&source, &planned);
        // Whether a plan keeps the source's data is looked up in the data.
        let planning = move || {
            let bytes = batch.memory_bytes();
            Ok((batch, bytes))
        };
        let (mut batch, planned_bytes) = blocking(planning).await?;
        let needed = planned_bytes.saturating_add(explained.source_bytes);
        let format = Some(explained.format.clone());
        let over_budget = |error: OverBudgetError| Failure::new(&error, format.clone());
        if read_bytes == 0 {
            held = budget.reserve_work(needed).await.map_err(over_budget)?;
        } else if !budget.try_grow(&mut held, needed).map_err(over_budget)? {
            // Two that waited for more while they hold some would wait for each other.
            drop((batch, source, held));
            held = budget.reserve_work(needed).await.map_err(over_budget)?;
            source = self.open(&original).await?;
            batch = self.batch(&source, &planned);
        }
        held.shrink_to(needed);
        Ok(Work {
            batch,
            planned,
            explained,
            held,
        })
    }

    async fn open(&self, original: &Arc<Original>) -> Result<SourceImage, Failure> {
        let limits = self.run.settings.decode_limits;
        let original = Arc::clone(original);
        blocking(move || original.open(&limits)).await
    }

    fn batch(&self, source: &SourceImage, planned: &[Planned]) -> Batch {
        let limit_bytes = self.run.budget.limit_bytes();
        let plans = planned.iter().map(|planned| planned.plan).collect();
        self.run
            .settings
            .batch(source, plans)
            .with_memory_limit(limit_bytes.saturating_sub(source.held_bytes()))
    }

    /// Renders in the blocking pool and puts each derivative as it is ready. Once all are rendered,
    /// the slot is free, and of the memory only what is not yet put stays reserved. Memory that is
    /// in use stays reserved also when this future is dropped before.
    async fn render(
        &mut self,
        work: Work,
        slot: Option<SemaphorePermit<'_>>,
    ) -> Result<(), Failure> {
        let Work {
            batch,
            planned,
            explained,
            held,
        } = work;
        let mut held = Arc::new(held);
        let held_by_worker = Arc::clone(&held);
        let (sender, mut rendered) = mpsc::unbounded_channel();
        let worker = spawn_blocking(move || {
            let made = batch.run(&|index, derivative| {
                let derivative = derivative.map_err(|error| explained.failure(&error));
                // The receiver outlives the worker; were it gone, there would be nobody to tell.
                drop(sender.send((index, derivative)));
            });
            drop(batch);
            drop(held_by_worker);
            made.map_err(|error| explained.failure(&error))
        });
        let mut puts = FuturesUnordered::new();
        let mut unwritten_bytes = 0;
        loop {
            tokio::select! {
                Some(put) = puts.next(), if !puts.is_empty() => unwritten_bytes -= self.note(put),
                next = rendered.recv() => match next {
                    None => break,
                    Some((index, derivative)) => {
                        unwritten_bytes += len_bytes(&derivative);
                        puts.push(put(self.run.job, planned[index].clone(), derivative));
                    }
                },
            }
        }
        let made = worker.await;
        drop(slot);
        if let Some(held) = Arc::get_mut(&mut held) {
            held.shrink_to(unwritten_bytes);
        }
        while let Some(put) = puts.next().await {
            self.note(put);
        }
        self.report.analysis = made.map_err(|error| Failure::new(&WorkerError(error), None))??;
        Ok(())
    }

    /// Resolves the instructions; what cannot be done on this image goes into the report.
    fn resolve(&mut self, source: &SourceImage) -> Vec<Planned> {
        let run = self.run;
        let mut planned = Vec::with_capacity(run.job.instructions.len());
        for (label, instructions) in run.job.instructions.iter() {
            let options = &run.settings.resolve_options;
            match RenderPlan::resolve(&instructions.request, source.geometry(), options) {
                Ok(plan) => planned.push(Planned {
                    label: label.as_str().to_owned(),
                    key: self.uri.derivative_key(label, instructions),
                    plan,
                }),
                Err(error) => {
                    let format = source.format().to_string();
                    self.fail(label.as_str(), Failure::new(&error, Some(format)));
                }
            }
        }
        planned
    }

    /// Notes what became of a derivative, and returns the bytes that are no longer held.
    fn note(&mut self, put: Put) -> u64 {
        let Put {
            label,
            key,
            len_bytes,
            written,
        } = put;
        match written {
            Ok(dimensions) => {
                let uri = format!("file:///{}", encode_path(&key));
                self.report.uris.insert(label.clone(), uri);
                self.report.dimensions.insert(label.clone(), dimensions);
                self.written.insert(label, Written { key, len_bytes });
            }
            Err(mut failure) => {
                // Storage names the key, which holds the secret of an `idsecret` URI.
                failure.reason = self.uri.redact(&failure.reason);
                self.fail(&label, failure);
            }
        }
        len_bytes
    }

    fn fail(&mut self, label: &str, failure: Failure) {
        self.report.errors.insert(label.to_owned(), failure);
    }
}

/// Runs work that blocks, before it is known what the format is.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> iiif_pipeline::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    match spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| Failure::new(&error, None)),
        Err(error) => Err(Failure::new(&WorkerError(error), None)),
    }
}
