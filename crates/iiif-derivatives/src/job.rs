//! The job: what is read, what is made of it, and where it goes.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt as _;
use iiif_config::{Config, InstructionSet, ProcessingUri};
use iiif_storage::Bucket;

use crate::budget::MemoryBudget;
use crate::{Error, ProcessReport, ReportName, check, process};

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
    /// Where reports are written. Default: nowhere.
    pub reports: Option<ReportOptions>,
}

/// How many images at once, and in how much memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobOptions {
    /// Images under way at the same time. Default: the number of cores.
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

/// Asks a run to stop after the images that are under way.
#[derive(Debug, Default)]
pub struct Cancellation(AtomicBool);

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
    /// Images that were not begun.
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
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the stop was asked for.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
    /// `finished` is called for each image as it ends, in no certain order. A failed derivative or
    /// image stops no other. After [`Cancellation::cancel`] no further image is begun. Must run on
    /// a tokio runtime; pixels are worked on in its blocking pool and in rayon's.
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
        let budget = MemoryBudget::new(self.options.memory_limit_bytes);
        let budget = &budget;
        let under_way = uris.iter().enumerate().map(|(index, uri)| async move {
            if cancellation.is_cancelled() {
                return None;
            }
            let (report, pixels) = process::process(self, budget, uri).await;
            Some(Finished {
                index,
                uri,
                report,
                pixels,
            })
        });
        let mut ended =
            futures::stream::iter(under_way).buffer_unordered(self.options.concurrency.get());
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
}
