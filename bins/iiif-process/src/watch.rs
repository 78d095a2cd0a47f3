//! Watches the folder of source images and processes what lands in it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use iiif_cli::ExitStatus;
use iiif_config::{FileUri, Origin, ProcessingUri, has_image_extension};
use iiif_derivatives::{Cancellation, Job, ReportStream};
use notify::{EventKind, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::batch::{self, Left};

/// A file that nobody touched for this long is taken to be complete.
const SETTLE: Duration = Duration::from_secs(2);

/// Processes images as they land in the source folder, until a signal comes.
pub(crate) async fn run(job: &Job) -> anyhow::Result<ExitStatus> {
    let folder = job
        .source
        .local_folder()
        .context("-mode fsnotify needs images.source.uri to be a file:// bucket")?
        .to_owned();
    let derivatives = job.derivatives.local_folder();
    if derivatives.is_some_and(|derivatives| folder.starts_with(derivatives)) {
        anyhow::bail!(
            "derivatives would land in the watched folder `{}` and be processed again; expected \
             derivatives.cache.uri to be another folder, or one inside of it",
            folder.display()
        );
    }
    let (sender, mut touched) = unbounded_channel();
    let mut watcher = notify::recommended_watcher(move |event| report_paths(event, &sender))
        .context("cannot watch for files")?;
    watcher
        .watch(&folder, RecursiveMode::Recursive)
        .with_context(|| format!("cannot watch `{}`", folder.display()))?;
    tracing::info!("watching {}", folder.display());

    let cancellation = Arc::new(Cancellation::default());
    let mut signal = tokio::spawn(batch::watch_signals(Arc::clone(&cancellation)));
    let mut waiting = Waiting {
        folder,
        derivatives,
        files: HashMap::new(),
    };
    loop {
        tokio::select! {
            signal = &mut signal => return Ok(ExitStatus::Signaled(signal?)),
            settled = waiting.settled(&mut touched) => process(job, &settled, &cancellation).await?,
        }
    }
}

fn report_paths(event: notify::Result<notify::Event>, sender: &UnboundedSender<PathBuf>) {
    match event {
        Ok(event) if matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_)) => {
            // The receiver is gone only when the program ends.
            event
                .paths
                .into_iter()
                .for_each(|path| drop(sender.send(path)));
        }
        Ok(_event) => {}
        Err(error) => tracing::error!("files may have been missed: {error}"),
    }
}

async fn process(
    job: &Job,
    uris: &[ProcessingUri],
    cancellation: &Cancellation,
) -> anyhow::Result<()> {
    let mut reports = ReportStream::new(std::io::stdout(), uris);
    let mut left = Left::all_of(uris);
    let ended = job
        .run(uris, cancellation, |image| {
            batch::log(&image);
            left.begun(image.index);
            reports.push(image.index, image.report);
        })
        .await;
    match ended {
        Ok(_outcome) => {
            left.tell();
            Ok(reports.finish()?)
        }
        Err(error) => {
            tracing::error!("{error}");
            Ok(())
        }
    }
}

/// Files that were touched and may still be written to.
struct Waiting<'a> {
    folder: PathBuf,
    derivatives: Option<&'a Path>,
    files: HashMap<PathBuf, Instant>,
}

impl Waiting<'_> {
    /// Waits until a file settles, and returns all that have.
    async fn settled(&mut self, touched: &mut UnboundedReceiver<PathBuf>) -> Vec<ProcessingUri> {
        loop {
            let first = self.files.values().min().copied();
            let due = async {
                match first {
                    Some(first) => tokio::time::sleep_until(first + SETTLE).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(path) = touched.recv() => {
                    self.files.insert(path, Instant::now());
                }
                () = due => {
                    let settled = self.take_settled();
                    if !settled.is_empty() {
                        return settled;
                    }
                }
            }
        }
    }

    /// Files that lie in a new folder may have come before it was watched: a settled folder is
    /// searched, and what it holds gets to settle too.
    fn take_settled(&mut self) -> Vec<ProcessingUri> {
        let now = Instant::now();
        let done = |touched: &Instant| *touched + SETTLE <= now;
        let mut settled: Vec<PathBuf> = self
            .files
            .extract_if(|_path, touched| done(touched))
            .map(|(path, _)| path)
            .collect();
        settled.sort();
        let is_folder = |path: &&PathBuf| {
            // A link may lead back to where it lies.
            std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
        };
        for folder in settled.iter().filter(is_folder) {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                self.files.entry(entry.path()).or_insert(now);
            }
        }
        settled
            .iter()
            .filter(|path| self.is_source(path))
            .filter_map(|path| self.uri(path))
            .collect()
    }

    fn is_source(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(OsStr::to_str);
        let is_image = name.is_some_and(has_image_extension);
        let is_derivative = self
            .derivatives
            .is_some_and(|folder| path.starts_with(folder));
        is_image && !is_derivative && path.is_file()
    }

    fn uri(&self, path: &Path) -> Option<ProcessingUri> {
        let origin = path.strip_prefix(&self.folder).ok()?.to_str()?;
        match Origin::new(origin) {
            Ok(origin) => Some(ProcessingUri::File(FileUri::new(origin))),
            Err(error) => {
                tracing::error!("{error}");
                None
            }
        }
    }
}
