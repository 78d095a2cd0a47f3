//! Mode `task`: tasks for the URIs of the command line.

use std::ops::Range;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use iiif_cli::ExitStatus;
use iiif_config::{ProcessingUri, report_keys};
use iiif_launch::{
    ContainerInput, MAX_OVERRIDES_CHARS, TaskLauncher, TaskOutcome, TaskRequest, manifest_name,
    shares, shares_of_manifests,
};
use iiif_storage::{Environment, MissingFolder, StorageOpener, object_uri};
use serde_json::{Map, Value};

use crate::args::Args;
use crate::left::{LeftManifest, has_tried_all};
use crate::outcomes::Outcomes;
use crate::{connect, reports};

/// A task to be, and what it processes.
struct Planned {
    request: TaskRequest,
    uris: Range<usize>,
    /// The name and the text of the manifest that the task reads.
    manifest: Option<(String, String)>,
}

/// Runs the tasks, follows them where that is asked for, and prints what they report.
pub(crate) async fn run(args: &Args, uris: &[ProcessingUri]) -> anyhow::Result<ExitCode> {
    let texts: Vec<String> = uris.iter().map(ToString::to_string).collect();
    let mut planned = plan(args, &texts)?;
    if args.dry_run {
        for planned in &planned {
            iiif_cli::print_line(&serde_json::to_string(&planned.request)?)?;
        }
        return Ok(ExitStatus::Success.into());
    }
    let left_manifest = LeftManifest::check(&args.left_manifest)?;
    let config = connect::sdk_config(args.ecs_dsn.as_ref(), "-ecs-dsn").await?;
    put_manifests(args, &mut planned).await?;
    let launcher = TaskLauncher::new(&config);
    let requests: Vec<TaskRequest> = planned.iter().map(|one| one.request.clone()).collect();
    let container = args.container.as_deref().unwrap_or_default();
    let images = planned.iter().map(|one| one.uris.len()).collect();
    let mut outcomes = Outcomes::new(container, images, args.wait);
    let mut signal = None;
    let stop = async {
        match iiif_cli::first_signal().await {
            Ok(received) => signal = Some(received),
            Err(_no_signals) => std::future::pending().await,
        }
    };
    let follow = connect::follow(args);
    launcher
        .run_all(&requests, &follow, stop, |event| outcomes.note(event))
        .await;
    outcomes.finish();

    let stopped: Vec<&(usize, TaskOutcome)> = (outcomes.stopped.iter())
        .filter(|(_, outcome)| args.wait || outcome.exit_code(container) != Some(0))
        .collect();
    let tasks = stopped
        .iter()
        .map(|(index, outcome)| (outcome, &uris[planned[*index].uris.clone()]));
    let reports = reports::read(args, &launcher, &config, tasks.collect()).await;
    let mut left: Vec<usize> = (outcomes.left.iter())
        .flat_map(|index| planned[*index].uris.clone())
        .collect();
    let tasks = stopped
        .iter()
        .zip(reports)
        .map(|((index, outcome), report)| {
            let has_ended = has_ended(outcome, container);
            (planned[*index].uris.clone(), has_ended, report)
        });
    let merged = merge(uris, tasks, &mut left);
    left.sort_unstable();
    let left = left.iter().map(|index| &texts[*index][..]);
    // What ran, ran: these are no errors of usage.
    for error in print(args, &left_manifest, left, merged) {
        iiif_cli::tell_error(&error, args.log_format);
        outcomes.worsen(ExitStatus::Failed.code());
    }
    Ok(match signal {
        Some(signal) => ExitStatus::Signaled(signal).into(),
        None => ExitCode::from(outcomes.code),
    })
}

/// Returns the reports by the [`report_keys`] of all URIs: a container knows only its own, and two may have
/// reported the same origin. What a task did not report that has not ended by itself goes to `left`.
fn merge(
    uris: &[ProcessingUri],
    tasks: impl Iterator<Item = (Range<usize>, bool, Map<String, Value>)>,
    left: &mut Vec<usize>,
) -> Map<String, Value> {
    let all_keys = report_keys(uris);
    let mut merged = Map::new();
    for (of_task, has_ended, mut reports) in tasks {
        for (index, key) in of_task.clone().zip(report_keys(&uris[of_task])) {
            match reports.remove(&key) {
                Some(report) => drop(merged.insert(all_keys[index].clone(), report)),
                None if !has_ended => left.push(index),
                None => {}
            }
        }
        merged.extend(reports);
    }
    merged
}

/// Prints the reports, and writes what is left, first where it goes elsewhere: reports that are lost can be
/// made again. Returns what of both fails.
fn print<'a>(
    args: &Args,
    left_manifest: &LeftManifest<'_>,
    left: impl Iterator<Item = &'a str>,
    reports: Map<String, Value>,
) -> Vec<anyhow::Error> {
    let print_reports = || {
        if !args.wait {
            return Ok(());
        }
        let printed = iiif_cli::print_line(&Value::Object(reports).to_string());
        printed.context("cannot print the reports")
    };
    let results = if left_manifest.is_stdout() {
        let printed = print_reports();
        [printed, left_manifest.write(left)]
    } else {
        let written = left_manifest.write(left);
        [written, print_reports()]
    };
    results.into_iter().filter_map(Result::err).collect()
}

/// Returns whether a task has done, or tried, all that it was asked for. One that never ran has not; of one that ECS does not know any more nobody can tell.
fn has_ended(outcome: &TaskOutcome, container: &str) -> bool {
    match outcome.exit_code(container) {
        Some(code) => has_tried_all(code),
        None => !outcome.is_known,
    }
}

/// Shares the URIs out: as arguments, or in manifests where there is a bucket for them and they would take
/// more tasks as arguments.
fn plan(args: &Args, uris: &[String]) -> anyhow::Result<Vec<Planned>> {
    let template = connect::template(args);
    let as_arguments = shares(uris, &template, args.uris_per_task);
    let least_tasks = uris.len().div_ceil(args.uris_per_task.get());
    let fits = matches!(&as_arguments, Ok(shares) if shares.len() == least_tasks);
    if let Some(bucket) = args.manifest_bucket.as_ref().filter(|_| !fits) {
        let mut planned = Vec::new();
        for share in shares_of_manifests(uris.len(), args.uris_per_task) {
            let text = uris[share.clone()].join("\n") + "\n";
            let name = manifest_name(&text);
            // The container has its own.
            let place = object_uri(&without_credentials(bucket), &name);
            let request = template.request(ContainerInput::Manifest(&place));
            check_fits(&request)?;
            planned.push(Planned {
                request,
                uris: share,
                manifest: Some((name, text)),
            });
        }
        return Ok(planned);
    }
    let planned = |share: Range<usize>| Planned {
        request: template.request(ContainerInput::Uris(&uris[share.clone()])),
        uris: share,
        manifest: None,
    };
    Ok(as_arguments?.into_iter().map(planned).collect())
}

/// Puts the manifests where the tasks read them.
async fn put_manifests(args: &Args, planned: &mut [Planned]) -> anyhow::Result<()> {
    let mut manifests = planned.iter_mut().filter_map(|one| one.manifest.take());
    let (Some(first), Some(bucket)) = (manifests.next(), &args.manifest_bucket) else {
        return Ok(());
    };
    let opener = StorageOpener::new(Environment::from_process());
    let bucket = opener.open(bucket, MissingFolder::Create);
    let bucket = bucket.context("cannot open -manifest-bucket")?;
    for (name, text) in std::iter::once(first).chain(manifests) {
        let put = bucket.put(&name, text.into(), "text/plain").await;
        put.context("cannot put a manifest into -manifest-bucket")?;
    }
    Ok(())
}

/// Checks that ECS takes a request with a manifest, which other flags can make too long.
fn check_fits(request: &TaskRequest) -> anyhow::Result<()> {
    let chars = request.overrides.chars();
    ensure!(
        chars <= MAX_OVERRIDES_CHARS,
        "the overrides of a task that reads a manifest have {chars} characters, and may have \
         {MAX_OVERRIDES_CHARS}; expected shorter -manifest-bucket, -config, -instructions or -report-name"
    );
    Ok(())
}

/// Returns the URI of a bucket without what is secret, and only true on this machine.
fn without_credentials(bucket: &str) -> String {
    let Some((location, parameters)) = bucket.split_once('?') else {
        return bucket.to_owned();
    };
    let kept = parameters
        .split('&')
        .filter(|one| !one.starts_with("credentials="));
    let kept = kept.collect::<Vec<_>>().join("&");
    if kept.is_empty() {
        location.to_owned()
    } else {
        format!("{location}?{kept}")
    }
}
