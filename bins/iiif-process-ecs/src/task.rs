//! Mode `task`: tasks for the URIs of the command line.

use std::ops::Range;
use std::process::ExitCode;

use anyhow::Context as _;
use iiif_cli::ExitStatus;
use iiif_config::ProcessingUri;
use iiif_launch::{ContainerInput, TaskLauncher, TaskRequest, shares, shares_of_manifests};
use iiif_storage::{Bucket, Environment, MissingFolder, StorageOpener, object_uri};
use serde_json::Value;

use crate::args::Args;
use crate::ends::Ends;
use crate::left::Left;
use crate::{connect, reports};

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
    let left = Left::open(&args.left_manifest)?;
    let config = connect::sdk_config(args.ecs_dsn.as_ref(), "-ecs-dsn").await?;
    let launcher = TaskLauncher::new(&config);
    let requests: Vec<TaskRequest> = planned.iter().map(|one| one.request.clone()).collect();
    let mut ends = Ends::new(args.wait.then_some(requests.len()));
    launcher
        .run_all(&requests, &connect::follow(args), |event| ends.note(event))
        .await;
    ends.finish();
    let read = ends
        .stopped
        .iter()
        .filter(|(_, outcome)| args.wait || outcome.exit_code() != Some(0))
        .map(|(index, outcome)| (outcome, &uris[planned[*index].uris.clone()]));
    let reports = reports::read(args, &launcher, &config, read.collect()).await;
    if args.wait {
        iiif_cli::print_line(&Value::Object(reports).to_string())?;
    }
    let left_uris = ends.left.iter().map(|index| planned[*index].uris.clone());
    left.write(left_uris.flatten().map(|index| &texts[index][..]))?;
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
