//! What containers reported: in their logs, or in the report objects of their images.

use std::time::Duration;

use aws_dsn::SdkConfig;
use futures::StreamExt as _;
use iiif_config::{ProcessingUri, ReportName, report_keys};
use iiif_launch::{LogPlace, LogReader, TaskLauncher, TaskOutcome, report};
use iiif_storage::{Bucket, Environment, MissingFolder, StorageOpener};
use serde_json::{Map, Value};

use crate::args::Args;

/// Lines of a container's log that are shown where it failed.
const MOST_LINES_SHOWN: usize = 20;

/// How many objects or logs are read at the same time.
const READ_AT_ONCE: usize = 8;

/// The exit codes of `iiif-process` with which it has written its reports.
const REPORTING_CODES: [i32; 2] = [0, 1];

/// How often a report is looked for in the log of a container that has written one: what is written
/// last comes a few seconds after the task has stopped.
const LOG_LOOKUPS: usize = 3;

const LOG_INTERVAL: Duration = Duration::from_secs(2);

/// Returns what each container reported, by the [`report_keys`] of its URIs, and shows the end of the logs of
/// those that failed.
pub(crate) async fn read(
    args: &Args,
    launcher: &TaskLauncher,
    config: &SdkConfig,
    tasks: Vec<(&TaskOutcome, &[ProcessingUri])>,
) -> Vec<Map<String, Value>> {
    if tasks.is_empty() {
        return Vec::new();
    }
    let logs = &Logs::of(args, launcher, config).await;
    let objects = &Objects::of(args);
    if logs.is_none() && objects.is_none() {
        tracing::warn!(
            "reports cannot be read: container `{}` of `{}` has no log in CloudWatch with a stream prefix; -report and -derivatives let them be read as objects",
            args.container.as_deref().unwrap_or_default(),
            args.task.as_deref().unwrap_or_default(),
        );
    }
    let read = tasks.into_iter().map(async |(outcome, uris)| {
        let code = outcome.exit_code(args.container.as_deref().unwrap_or_default());
        let has_reported = code.is_some_and(|code| REPORTING_CODES.contains(&code));
        let reported = match logs {
            Some(logs) => logs.report(outcome, code).await,
            None => None,
        };
        match (reported, objects) {
            (Some(reported), _) => reported,
            (None, Some(objects)) if has_reported => objects.reports(uris).await,
            (None, _) => {
                if has_reported && logs.is_some() {
                    tracing::warn!("the log of {} has no report", outcome.arn);
                }
                Map::new()
            }
        }
    });
    let read = futures::stream::iter(read).buffered(READ_AT_ONCE);
    read.collect().await
}

/// The logs of tasks in CloudWatch.
struct Logs {
    reader: LogReader,
    place: LogPlace,
}

impl Logs {
    /// Finds the logs; nothing where that cannot be done, which is no reason to fail.
    async fn of(args: &Args, launcher: &TaskLauncher, config: &SdkConfig) -> Option<Self> {
        let task = args.task.as_deref().unwrap_or_default();
        let container = args.container.as_deref().unwrap_or_default();
        match launcher.log_place(task, container).await {
            Ok(place) => place.map(|place| Self {
                reader: LogReader::new(config, place.region.clone()),
                place,
            }),
            Err(error) => {
                tracing::warn!("cannot find the logs of the tasks: {error}");
                None
            }
        }
    }

    async fn report(&self, outcome: &TaskOutcome, code: Option<i32>) -> Option<Map<String, Value>> {
        let stream = self.place.stream(&outcome.arn);
        let has_reported = code.is_some_and(|code| REPORTING_CODES.contains(&code));
        let lookups = if has_reported { LOG_LOOKUPS } else { 1 };
        let mut lines = Vec::new();
        for lookup in 1..=lookups {
            lines = match self.reader.lines(&self.place.group, &stream).await {
                Ok(lines) => lines,
                Err(error) => {
                    tracing::warn!("cannot read the log of {}: {error}", outcome.arn);
                    return None;
                }
            };
            if lookup == lookups || report(&lines).is_some() {
                break;
            }
            tokio::time::sleep(LOG_INTERVAL).await;
        }
        if code != Some(0) {
            for line in &lines[lines.len().saturating_sub(MOST_LINES_SHOWN)..] {
                tracing::error!("{}: {line}", outcome.arn);
            }
        }
        report(&lines)
    }
}

/// The report objects beside derivatives.
struct Objects {
    bucket: Bucket,
    name: ReportName,
}

impl Objects {
    /// Opens the bucket of derivatives; nothing without, or without reports in it.
    fn of(args: &Args) -> Option<Self> {
        let place = args.derivatives().filter(|_| args.report)?;
        let name = args.report_name.clone();
        let opener = StorageOpener::new(Environment::from_process());
        match opener.open(place.uri(), MissingFolder::Refuse) {
            Ok(bucket) => Some(Self { bucket, name }),
            Err(error) => {
                tracing::warn!("cannot open -derivatives for the reports: {error}");
                None
            }
        }
    }

    async fn reports(&self, uris: &[ProcessingUri]) -> Map<String, Value> {
        let read = uris.iter().zip(report_keys(uris)).map(async |(uri, name)| {
            let origin = uri.origin().as_str();
            let key = uri.key_beside_report(&self.name.expand(origin));
            match self.report(&key).await {
                Ok(report) => Some((name, report)),
                Err(error) => {
                    tracing::warn!(
                        "cannot read the report of `{}`: {error}",
                        uri.to_redacted_string()
                    );
                    None
                }
            }
        });
        let read = futures::stream::iter(read).buffered(READ_AT_ONCE);
        read.filter_map(async |report| report).collect().await
    }

    async fn report(&self, key: &str) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.bucket.get(key).await?)?)
    }
}
