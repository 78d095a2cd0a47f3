//! The job: what is read, what is made of it, and where it goes.

use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use iiif_config::{Config, InstructionSet, ProcessingUri, ReportName};
use iiif_storage::Bucket;
use tokio::sync::Notify;

use crate::process::Run;
use crate::{Error, ProcessReport, check};

/// Images that are under way for each that is decoded at the same time: the others are fetched, or
/// wait with what was fetched, or are put. Four round trips of 50 ms take as long as the decoding
/// of some ten images of 4 megapixels on two cores.
const IMAGES_PER_SLOT: usize = 8;

/// The most images under way, so that the files and sockets of a process suffice.
const MAX_UNDER_WAY: usize = 128;

/// What is read, what is made of it, and where it goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Job {
    /// Where source images are read.
    pub source: Bucket,
    /// Where derivatives are written.
    pub derivatives: Bucket,
    /// What is made of each image.
    pub instructions: InstructionSet,
    /// Analyses, encoding, limits.
    pub config: Config,
    /// How many images at once, and in how much memory.
    pub options: JobOptions,
    /// Where reports are written. Default: nowhere. An image that is not in the source gets none.
    pub reports: Option<ReportOptions>,
}

/// How many images at once, and in how much memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobOptions {
    /// Images that are decoded and rendered at the same time. Default: the number of cores.
    ///
    /// Others are fetched meanwhile, or put: up to eight times as many images are under way, 128 at
    /// most unless this is more.
    pub concurrency: NonZeroUsize,
    /// Bytes that all images under way may take together. Default: 4 GiB.
    pub memory_limit_bytes: u64,
}

/// Where reports are written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReportOptions {
    /// The name of a report. Default: `process.json`.
    pub name: ReportName,
    /// A bucket for reports, which then lie in its root. Default: beside the derivatives.
    pub bucket: Option<Bucket>,
    /// Whether a contact sheet, `index.html`, is written beside the derivatives.
    pub contact_sheet: ContactSheets,
}

/// Whether contact sheets are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactSheets {
    /// They are.
    Written,
    /// They are not.
    #[default]
    None,
}

/// Asks a run to stop after the images that are begun.
#[derive(Debug, Default)]
pub struct Cancellation {
    is_cancelled: AtomicBool,
    cancelled: Notify,
}

/// One image that is finished, well or not.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished<'a> {
    /// Where its URI stands in the list.
    pub index: usize,
    /// Its URI.
    pub uri: &'a ProcessingUri,
    /// What became of it.
    pub report: ProcessReport,
    /// The pixels of the source, 0 where it could not be read.
    pub pixels: u64,
}

/// What became of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Images whose derivatives were all written.
    pub complete: usize,
    /// Images of which something failed.
    pub failed: usize,
    /// Images that were not begun, whether or not they were fetched.
    pub left: usize,
}

impl Default for JobOptions {
    fn default() -> Self {
        let concurrency = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            concurrency,
            memory_limit_bytes: 4 << 30,
        }
    }
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            name: ReportName::fixed(),
            bucket: None,
            contact_sheet: ContactSheets::None,
        }
    }
}

impl Cancellation {
    /// Asks for the stop.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::SeqCst);
        self.cancelled.notify_waiters();
    }

    /// Returns whether the stop was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::SeqCst)
    }

    /// Waits until the stop was asked for.
    pub async fn cancelled(&self) {
        let mut cancelled = pin!(self.cancelled.notified());
        // Listens from here on, so that nothing said between the two is missed.
        cancelled.as_mut().enable();
        if !self.is_cancelled() {
            cancelled.await;
        }
    }
}

impl Job {
    /// Returns a job with default options and no reports.
    #[must_use]
    pub fn new(source: Bucket, derivatives: Bucket, instructions: InstructionSet) -> Self {
        Self {
            source,
            derivatives,
            instructions,
            config: Config::default(),
            options: JobOptions::default(),
            reports: None,
        }
    }

    /// Checks that the run would not overwrite its own objects or its sources.
    ///
    /// # Errors
    ///
    /// [`Error`] for an empty list, a collision of keys, a derivative that would replace a source,
    /// or a bucket of derivatives that is read-only.
    pub fn check(&self, uris: &[ProcessingUri]) -> Result<(), Error> {
        check::check(self, uris)
    }

    /// Makes the derivatives of every image, several images at a time.
    ///
    /// While some images are decoded and rendered, the next ones are fetched and the ones before are
    /// put. They are fetched in the order of `uris`, and begun as they arrive. `finished` is called
    /// for each image as it ends, in no certain order. A failed derivative or image stops no other.
    ///
    /// After [`Cancellation::cancel`] no further image is begun: images that are decoded by then,
    /// or were, are finished; of the others, fetched or not, nothing is written and `finished` is
    /// not called.
    ///
    /// Must run on a tokio runtime; pixels are worked on in its blocking pool and in rayon's.
    ///
    /// # Errors
    ///
    /// Those of [`check`](Self::check), before any work.
    pub async fn run(
        &self,
        uris: &[ProcessingUri],
        cancellation: &Cancellation,
        mut finished: impl FnMut(Finished<'_>),
    ) -> Result<Outcome, Error> {
        self.check(uris)?;
        let run = &Run::new(self, cancellation);
        let images = uris.iter().enumerate().map(|(index, uri)| async move {
            let (report, pixels) = run.process(uri).await?;
            Some(Finished {
                index,
                uri,
                report,
                pixels,
            })
        });
        let mut ended = futures::stream::iter(images).buffer_unordered(self.most_under_way());
        let mut outcome = Outcome::default();
        while let Some(ended) = ended.next().await {
            match ended {
                None => outcome.left += 1,
                Some(image) => {
                    if image.report.is_complete() {
                        outcome.complete += 1;
                    } else {
                        outcome.failed += 1;
                    }
                    finished(image);
                }
            }
        }
        Ok(outcome)
    }

    fn most_under_way(&self) -> usize {
        let slots = self.options.concurrency.get();
        let images = slots.saturating_mul(IMAGES_PER_SLOT);
        images.min(MAX_UNDER_WAY).max(slots)
    }
}
