//! One image: fetched, probed, decoded once, rendered, put, reported.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use iiif_config::{ProcessingUri, encode_path};
use iiif_image_api::RenderPlan;
use iiif_pipeline::{AnalysisReport, Batch, Derivative, SourceImage};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::budget::{MemoryBudget, OverBudgetError, Reservation};
use crate::contact_sheet::{ContactSheet, placeholder};
use crate::report::SOURCE;
use crate::settings::Settings;
use crate::{ContactSheets, Failure, Job, ProcessReport, ReportOptions};

/// A derivative that one image asks for.
#[derive(Clone, Debug)]
struct Planned {
    label: String,
    key: String,
    plan: RenderPlan,
}

/// A worker thread ended without an answer: a defect of this program.
#[derive(Debug, thiserror::Error)]
#[error("the work on this image ended unexpectedly")]
struct WorkerError(#[source] tokio::task::JoinError);

/// Returns the report of one image, and the pixels of its source.
pub(crate) async fn process(
    job: &Job,
    budget: &MemoryBudget,
    uri: &ProcessingUri,
) -> (ProcessReport, u64) {
    let mut image = Image::new(job, uri);
    if let Err(failure) = image.make(budget).await {
        image.report.errors.insert(SOURCE.to_owned(), failure);
    }
    if let Some(options) = &job.reports {
        image.write_reports(options).await;
    }
    (image.report, image.pixels)
}

/// One image on its way.
struct Image<'a> {
    job: &'a Job,
    uri: &'a ProcessingUri,
    settings: Settings,
    report: ProcessReport,
    /// The pixels of the source; 0 until they are known.
    pixels: u64,
    /// The keys of the derivatives that were written, by label.
    written: BTreeMap<String, String>,
}

impl<'a> Image<'a> {
    fn new(job: &'a Job, uri: &'a ProcessingUri) -> Self {
        let report = ProcessReport {
            origin: uri.origin().as_str().to_owned(),
            origin_uri: uri.to_redacted_string(),
            ..ProcessReport::default()
        };
        let settings = Settings::of(&job.config);
        Self {
            job,
            uri,
            settings,
            report,
            pixels: 0,
            written: BTreeMap::new(),
        }
    }

    /// Makes all derivatives. An error is one of the whole source.
    async fn make(&mut self, budget: &MemoryBudget) -> Result<(), Failure> {
        let fail = |error: &(dyn std::error::Error + 'static)| Failure::new(error, None);
        let origin = self.uri.origin().as_str();
        let info = self
            .job
            .source
            .head(origin)
            .await
            .map_err(|error| fail(&error))?;
        let size = info.size_bytes;
        let waiting = budget
            .reserve_waiting(size)
            .await
            .map_err(|error| fail(&error))?;
        let source = self.read(size).await?;
        self.pixels = source.dimensions().area();

        let format = source.format().to_string();
        let fail = |error: &OverBudgetError| Failure::new(error, Some(format.clone()));
        let groups = self.groups(budget, &source).map_err(|error| fail(&error))?;
        let mut waiting = Some(waiting);
        for group in groups {
            let needed = self.needed_bytes(&source, &group);
            let held = budget
                .reserve_work(needed)
                .await
                .map_err(|error| fail(&error))?;
            waiting = None;
            self.render(Arc::clone(&source), group, Arc::new(held))
                .await?;
            self.settings = self.settings.without_analyses();
        }
        drop(waiting);
        Ok(())
    }

    /// Returns the bytes that the work on these derivatives holds at its peak.
    fn needed_bytes(&self, source: &SourceImage, group: &[Planned]) -> u64 {
        let plans = group.iter().map(|planned| planned.plan).collect();
        let batch = self.settings.batch(source, plans);
        batch.memory_bytes().saturating_add(source.held_bytes())
    }

    /// Returns the derivatives in groups that fit into the budget: nearly always one, so that the
    /// source is decoded once. A derivative that does not fit alone fails; an error is one of all.
    fn groups(
        &mut self,
        budget: &MemoryBudget,
        source: &SourceImage,
    ) -> Result<Vec<Vec<Planned>>, OverBudgetError> {
        let planned = self.resolve(source);
        budget.check(self.needed_bytes(source, &[]))?;
        if budget.check(self.needed_bytes(source, &planned)).is_ok() {
            return Ok(vec![planned]);
        }
        let mut groups = vec![Vec::new()];
        let mut refused = Vec::new();
        for planned in planned {
            let alone = self.needed_bytes(source, std::slice::from_ref(&planned));
            if let Err(error) = budget.check(alone) {
                refused.push((planned.label, error));
                continue;
            }
            let mut group = groups.pop().unwrap_or_default();
            group.push(planned);
            if budget.check(self.needed_bytes(source, &group)).is_err() {
                let next = group.split_off(group.len() - 1);
                groups.extend([group, next]);
            } else {
                groups.push(group);
            }
        }
        // Not one fits: it is the image that is too large.
        if let [(_, error), ..] = refused.as_slice()
            && groups.iter().all(Vec::is_empty)
        {
            return Err(*error);
        }
        let format = source.format().to_string();
        for (label, error) in refused {
            self.report
                .errors
                .insert(label, Failure::new(&error, Some(format.clone())));
        }
        Ok(groups)
    }

    /// Fetches the source, of at most `size` bytes, and reads its header.
    async fn read(&mut self, size: u64) -> Result<Arc<SourceImage>, Failure> {
        let origin = self.uri.origin().as_str();
        let bytes = self
            .job
            .source
            .get_at_most(origin, size)
            .await
            .map_err(|error| Failure::new(&error, None))?;
        let limits = self.settings.decode_limits;
        let (fingerprint, source) = spawn_blocking(move || {
            let fingerprint = format!("sha256:{}", hex::encode(Sha256::digest(&bytes)));
            (fingerprint, SourceImage::probe(bytes, &limits))
        })
        .await
        .map_err(|error| Failure::new(&WorkerError(error), None))?;
        self.report.origin_fingerprint = Some(fingerprint);
        source
            .map(Arc::new)
            .map_err(|error| Failure::new(&error, None))
    }

    /// Renders in the blocking pool and puts each derivative as it is ready. Memory stays reserved
    /// until both have ended, also when this future is dropped before.
    async fn render(
        &mut self,
        source: Arc<SourceImage>,
        group: Vec<Planned>,
        held: Arc<Reservation>,
    ) -> Result<(), Failure> {
        let plans = group.iter().map(|planned| planned.plan).collect();
        let format = source.format().to_string();
        let (sender, mut rendered) = mpsc::unbounded_channel();
        let (settings, held_by_worker) = (self.settings.clone(), Arc::clone(&held));
        let worker = spawn_blocking(move || -> iiif_pipeline::Result<AnalysisReport> {
            let _held = held_by_worker;
            let batch: Batch = settings.batch(&source, plans);
            // The receiver outlives the worker; were it gone, there would be nobody to tell.
            batch.run(&|index, derivative| drop(sender.send((index, derivative))))
        });
        let mut puts = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(result) = puts.next(), if !puts.is_empty() => self.note(result),
                next = rendered.recv() => match next {
                    None => break,
                    Some((index, derivative)) => {
                        puts.push(put(self.job, group[index].clone(), derivative, format.clone()));
                    }
                },
            }
        }
        while let Some(result) = puts.next().await {
            self.note(result);
        }
        drop(held);
        let fail = |error: &(dyn std::error::Error + 'static)| Failure::new(error, Some(format));
        match worker.await {
            Ok(Ok(analysis)) if self.report.analysis == AnalysisReport::default() => {
                self.report.analysis = analysis;
            }
            Ok(Ok(_none)) => {}
            Ok(Err(error)) => return Err(fail(&error)),
            Err(error) => return Err(fail(&WorkerError(error))),
        }
        Ok(())
    }

    /// Resolves the instructions; what cannot be done on this image goes into the report.
    fn resolve(&mut self, source: &SourceImage) -> Vec<Planned> {
        let mut planned = Vec::with_capacity(self.job.instructions.len());
        for (label, instructions) in self.job.instructions.iter() {
            let options = &self.settings.resolve_options;
            match RenderPlan::resolve(&instructions.request, source.geometry(), options) {
                Ok(plan) => planned.push(Planned {
                    label: label.as_str().to_owned(),
                    key: self.uri.derivative_key(label, instructions),
                    plan,
                }),
                Err(error) => {
                    let failure = Failure::new(&error, Some(source.format().to_string()));
                    self.report
                        .errors
                        .insert(label.as_str().to_owned(), failure);
                }
            }
        }
        planned
    }

    fn note(&mut self, (label, result): (String, Result<Put, Failure>)) {
        match result {
            Ok(Put { key, dimensions }) => {
                self.report
                    .uris
                    .insert(label.clone(), format!("file:///{}", encode_path(&key)));
                self.report.dimensions.insert(label.clone(), dimensions);
                self.written.insert(label, key);
            }
            Err(mut failure) => {
                // Storage names the key, which holds the secret of an `idsecret` URI.
                failure.reason = self.uri.redact(&failure.reason);
                self.report.errors.insert(label, failure);
            }
        }
    }

    /// Writes the report last, so that whoever sees it finds the derivatives.
    async fn write_reports(&mut self, options: &ReportOptions) {
        if options.contact_sheet == ContactSheets::Written {
            let key = crate::contact_sheet_key(self.uri);
            let folder = self.uri.report_folder();
            let sheet = ContactSheet {
                report: &self.report,
                keys: &self.written,
                folder: &folder,
                placeholder: self
                    .report
                    .analysis
                    .blurhash
                    .as_deref()
                    .and_then(placeholder),
            };
            let page = Bytes::from(sheet.to_html());
            if let Err(error) = self.job.derivatives.put(&key, page, "text/html").await {
                self.report
                    .errors
                    .insert("index.html".to_owned(), Failure::new(&error, None));
            }
        }
        let key = crate::report_key(options, self.uri);
        let bucket = options.bucket.as_ref().unwrap_or(&self.job.derivatives);
        let json = match serde_json::to_vec(&self.report) {
            Ok(json) => json,
            Err(error) => {
                self.report
                    .errors
                    .insert("report".to_owned(), Failure::new(&error, None));
                return;
            }
        };
        let put = bucket.put(&key, json.into(), "application/json").await;
        if let Err(error) = put {
            self.report
                .errors
                .insert("report".to_owned(), Failure::new(&error, None));
        }
    }
}

/// A derivative that was written.
struct Put {
    key: String,
    dimensions: [u32; 2],
}

async fn put(
    job: &Job,
    Planned { label, key, .. }: Planned,
    derivative: iiif_pipeline::Result<Derivative>,
    format: String,
) -> (String, Result<Put, Failure>) {
    let result = match derivative {
        Err(error) => Err(Failure::new(&error, Some(format))),
        Ok(derivative) => {
            let media_type = derivative.format.media_type();
            let dimensions = [
                derivative.dimensions.width(),
                derivative.dimensions.height(),
            ];
            match job
                .derivatives
                .put(&key, derivative.bytes, media_type)
                .await
            {
                Ok(()) => Ok(Put { key, dimensions }),
                Err(error) => Err(Failure::new(&error, None)),
            }
        }
    };
    (label, result)
}
