//! The usual mode: the URIs of the command line and the manifest, then the end.

use std::io::{self, BufWriter};
use std::sync::Arc;

use anyhow::Context as _;
use iiif_cli::{ExitStatus, Progress, Signal};
use iiif_config::ProcessingUri;
use iiif_derivatives::{Cancellation, Error, ErrorKind, Finished, Job, ReportStream};

use crate::args::Args;
use crate::load;
use crate::source_folder::SourceFolder;

/// How many images that were not begun are named.
const MOST_LEFT_NAMED: usize = 20;

/// Makes the derivatives of all images and prints the reports, one line of JSON, to stdout.
pub(crate) async fn run(args: &Args, job: &Job) -> anyhow::Result<ExitStatus> {
    let source = SourceFolder::of(&job.source);
    let uris = load::uris(args, source).await?;
    // The budget does not count what is free; who sets one wants no more to be held.
    if uris.len() > 1 && args.memory_limit.is_none() {
        iiif_cli::reuse_freed();
    }
    let cancellation = Arc::new(Cancellation::default());
    let signal = tokio::spawn(watch_signals(Arc::clone(&cancellation)));
    let progress = if args.shows_progress() {
        Progress::visible(uris.len(), "images")
    } else {
        Progress::hidden()
    };
    let mut megapixels = 0.0;
    let mut reports = ReportStream::new(BufWriter::new(io::stdout()), &uris);
    let mut left = Left::all_of(&uris);
    let outcome = job
        .run(&uris, &cancellation, |mut image| {
            source.explain(&mut image.report);
            log(&image);
            left.begun(image.index);
            megapixels += image.pixels as f64 / 1e6;
            let seconds = progress.elapsed().as_secs_f64().max(f64::EPSILON);
            progress.say(format!("{:.1} MP/s", megapixels / seconds));
            progress.advance();
            reports.push(image.index, image.report);
        })
        .await;
    progress.finish();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => return refused(args, error),
    };
    left.tell();
    if let Err(error) = reports
        .finish()
        .context("cannot write the reports to stdout")
    {
        iiif_cli::tell_error(&error, args.log_format);
        return Ok(ExitStatus::Failed);
    }
    if cancellation.is_cancelled() {
        return Ok(ExitStatus::Signaled(signal.await?));
    }
    Ok(if outcome.failed > 0 {
        ExitStatus::Failed
    } else {
        ExitStatus::Success
    })
}

fn refused(args: &Args, error: Error) -> anyhow::Result<ExitStatus> {
    if error.kind() == ErrorKind::NothingToDo {
        iiif_cli::tell_error(&error.into(), args.log_format);
        return Ok(ExitStatus::NothingToDo);
    }
    Err(error.into())
}

/// Waits for a signal, and asks for the stop.
pub(crate) async fn watch_signals(cancellation: Arc<Cancellation>) -> Signal {
    let signal = match iiif_cli::first_signal().await {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!("signals will end this run at once: {error}");
            return std::future::pending().await;
        }
    };
    tracing::warn!("finishing the images under way; a second signal ends the program at once");
    cancellation.cancel();
    tokio::spawn(end_at_second_signal());
    signal
}

/// Puts are atomic, so that ending at once leaves nothing half-written.
#[expect(
    clippy::exit,
    reason = "pixels are worked on in threads that cannot be stopped"
)]
async fn end_at_second_signal() {
    if let Ok(signal) = iiif_cli::first_signal().await {
        std::process::exit(ExitStatus::Signaled(signal).code().into());
    }
}

/// Logs an image that is finished, and what failed of it.
pub(crate) fn log(image: &Finished<'_>) {
    for (label, failure) in &image.report.errors {
        tracing::error!(origin = image.report.origin, label, "{}", failure.reason);
    }
    log_finished(image);
}

/// Logs an image that is finished, and not what failed of it.
pub(crate) fn log_finished(image: &Finished<'_>) {
    let (origin, made) = (&image.report.origin, image.report.uris.len());
    for (label, uri) in &image.report.uris {
        let dimensions = image.report.dimensions.get(label);
        tracing::debug!(origin, label, ?dimensions, uri, "derivative written");
    }
    tracing::info!(
        origin,
        made,
        failed = image.report.errors.len(),
        "image finished"
    );
}

/// The images that were not begun.
pub(crate) struct Left<'a> {
    uris: &'a [ProcessingUri],
    is_left: Vec<bool>,
}

impl<'a> Left<'a> {
    pub(crate) fn all_of(uris: &'a [ProcessingUri]) -> Self {
        let is_left = vec![true; uris.len()];
        Self { uris, is_left }
    }

    pub(crate) fn begun(&mut self, index: usize) {
        self.is_left[index] = false;
    }

    /// Says which they are, in the order of the list.
    pub(crate) fn tell(&self) {
        let left = self.is_left.iter().filter(|is_left| **is_left).count();
        if left == 0 {
            return;
        }
        tracing::warn!("{left} images were not begun:");
        let uris = self.uris.iter().zip(&self.is_left);
        let uris = uris.filter(|(_, is_left)| **is_left).map(|(uri, _)| uri);
        for uri in uris.take(MOST_LEFT_NAMED) {
            tracing::warn!("left: {}", uri.to_redacted_string());
        }
        if left > MOST_LEFT_NAMED {
            tracing::warn!("left: {} more", left - MOST_LEFT_NAMED);
        }
    }
}
