//! Mode `task`: tasks for the URIs of the command line.

use std::ops::Range;
use std::process::ExitCode;

use anyhow::Context as _;
use aws_dsn::SdkConfig;
use iiif_cli::ExitStatus;
use iiif_config::ProcessingUri;
use iiif_launch::{
    ContainerInput, LogPlace, LogReader, TaskEvent, TaskLauncher, TaskOutcome, TaskRequest, report,
    shares, shares_of_manifests,
};
use iiif_storage::{Bucket, Environment, MissingFolder, StorageOpener, object_uri};
use serde_json::{Map, Value};

use crate::args::Args;
use crate::connect;

/// Lines of a container's log that are shown where it failed.
const MOST_LINES_SHOWN: usize = 20;

/// A task to be, and what it processes.
struct Planned {
    request: TaskRequest,
    uris: Range<usize>,
}

/// Runs the tasks, follows them where that is asked for, and prints what they report.
pub(crate) async fn run(args: &Args, uris: &[ProcessingUri]) -> anyhow::Result<ExitCode> {
    let texts: Vec<String> = uris.iter().map(ToString::to_string).collect();
    let planned = plan(args, &texts).await?;
    if args.dry_run {
        for planned in &planned {
            iiif_cli::print_line(&serde_json::to_string(&planned.request)?)?;
        }
        return Ok(ExitStatus::Success.into());
    }
    let config = connect::sdk_config(args.ecs_dsn.as_ref(), "-ecs-dsn").await?;
    let launcher = TaskLauncher::new(&config);
    let requests: Vec<TaskRequest> = planned.iter().map(|one| one.request.clone()).collect();
    let mut ends = Ends::default();
    launcher
        .run_all(&requests, &connect::follow(args), |event| ends.note(event))
        .await;
    let place = if ends.stopped.is_empty() {
        None
    } else {
        log_place(args, &launcher).await
    };
    let merged = ends.reports(place.as_ref(), &config).await;
    if args.wait {
        iiif_cli::print_line(&Value::Object(merged).to_string())?;
    }
    for index in &ends.left {
        for text in &texts[planned[*index].uris.clone()] {
            iiif_cli::print_line(text)?;
        }
    }
    Ok(ExitCode::from(ends.code))
}

/// Shares the URIs out: as arguments, or in manifests where there is a bucket for them and they would take
/// more tasks as arguments.
async fn plan(args: &Args, uris: &[String]) -> anyhow::Result<Vec<Planned>> {
    let template = connect::template(args);
    let as_arguments = shares(uris, &template, args.uris_per_task);
    let least_tasks = uris.len().div_ceil(args.uris_per_task.get());
    let fits = matches!(&as_arguments, Ok(shares) if shares.len() == least_tasks);
    if let Some(bucket) = args.manifest_bucket.as_ref().filter(|_| !fits) {
        let opener = StorageOpener::new(Environment::from_process());
        let opened = opener.open(bucket, MissingFolder::Create);
        let opened = opened.context("cannot open -manifest-bucket")?;
        let mut planned = Vec::new();
        for share in shares_of_manifests(uris.len(), args.uris_per_task) {
            let name = put_manifest(args, &opened, &uris[share.clone()]).await?;
            let place = object_uri(bucket, &name);
            planned.push(Planned {
                request: template.request(ContainerInput::Manifest(&place)),
                uris: share,
            });
        }
        return Ok(planned);
    }
    let planned = |share: Range<usize>| Planned {
        request: template.request(ContainerInput::Uris(&uris[share.clone()])),
        uris: share,
    };
    Ok(as_arguments?.into_iter().map(planned).collect())
}

/// Puts a list of URIs and returns its name, which its content makes.
async fn put_manifest(args: &Args, bucket: &Bucket, uris: &[String]) -> anyhow::Result<String> {
    let text = uris.join("\n") + "\n";
    let name = iiif_launch::manifest_name(&text);
    if !args.dry_run {
        let put = bucket.put(&name, text.into(), "text/plain").await;
        put.context("cannot put a manifest into -manifest-bucket")?;
    }
    Ok(name)
}

/// Where tasks log; nothing where that cannot be found out, which is no reason to fail.
async fn log_place(args: &Args, launcher: &TaskLauncher) -> Option<LogPlace> {
    let task = args.task.as_deref().unwrap_or_default();
    let container = args.container.as_deref().unwrap_or_default();
    match launcher.log_place(task, container).await {
        Ok(Some(place)) => Some(place),
        Ok(None) => {
            tracing::warn!(
                "container `{container}` of `{task}` does not log to CloudWatch with a stream prefix; its report cannot be read"
            );
            None
        }
        Err(error) => {
            tracing::warn!("cannot find the logs of the tasks: {error}");
            None
        }
    }
}

/// How tasks ended.
#[derive(Default)]
struct Ends {
    stopped: Vec<TaskOutcome>,
    /// The requests that came to nothing.
    left: Vec<usize>,
    /// The worst exit code so far.
    code: u8,
}

impl Ends {
    fn note(&mut self, event: TaskEvent) {
        match event {
            TaskEvent::Started { arn, .. } => tracing::info!("{arn}"),
            TaskEvent::Stopped { outcome, .. } => {
                // One that never ran, or was stopped, failed.
                let code = outcome.exit_code().unwrap_or(1);
                self.worsen(u8::try_from(code).unwrap_or(1));
                tell(&outcome);
                self.stopped.push(outcome);
            }
            TaskEvent::Failed { index, error } => {
                tracing::error!("{error}");
                self.worsen(1);
                if !error.was_started() {
                    self.left.push(index);
                }
            }
            TaskEvent::Left { index } => {
                self.worsen(1);
                self.left.push(index);
            }
            _ => {}
        }
    }

    fn worsen(&mut self, code: u8) {
        self.code = self.code.max(code);
    }

    /// Returns what all containers reported, and shows the end of the logs of those that failed.
    async fn reports(&self, place: Option<&LogPlace>, config: &SdkConfig) -> Map<String, Value> {
        let mut merged = Map::new();
        let Some(place) = place else {
            return merged;
        };
        let reader = LogReader::new(config);
        for outcome in &self.stopped {
            let lines = match reader
                .lines(&place.group, &place.stream(&outcome.arn))
                .await
            {
                Ok(lines) => lines,
                Err(error) => {
                    tracing::warn!("cannot read the log of {}: {error}", outcome.arn);
                    continue;
                }
            };
            if outcome.exit_code() != Some(0) {
                for line in lines.iter().rev().take(MOST_LINES_SHOWN).rev() {
                    tracing::error!("{}: {line}", outcome.arn);
                }
            }
            merged.extend(report(&lines).unwrap_or_default());
        }
        merged
    }
}

/// Says how a task ended.
fn tell(outcome: &TaskOutcome) {
    let reason = outcome
        .stopped_reason
        .as_deref()
        .unwrap_or("no reason given");
    if outcome.exit_code() == Some(0) {
        tracing::info!("{} stopped: {reason}", outcome.arn);
        return;
    }
    let code = outcome.stop_code.as_deref().unwrap_or("no stop code");
    tracing::error!("{} stopped: {reason} ({code})", outcome.arn);
    for container in &outcome.containers {
        let exit = container
            .exit_code
            .map_or("never ran".to_owned(), |code| format!("exit code {code}"));
        let reason = container.reason.as_deref().unwrap_or("no reason given");
        tracing::error!(
            "{}: container `{}`: {exit}, {reason}",
            outcome.arn,
            container.name
        );
    }
}
