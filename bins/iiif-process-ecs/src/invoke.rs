//! Mode `invoke`: the function does it.

use std::process::ExitCode;

use anyhow::Context as _;
use iiif_cli::ExitStatus;
use iiif_config::ProcessingUri;
use iiif_launch::{FunctionInvoker, Invocation, Invoked, s3_events};
use serde_json::Value;

use crate::args::{Args, LambdaType};
use crate::connect;
use crate::left::{LeftManifest, not_started};

/// Invokes the function with events of the URIs, and prints what it returns, a line each.
pub(crate) async fn run(args: &Args, uris: &[ProcessingUri]) -> anyhow::Result<ExitCode> {
    let function = args.lambda_func.as_deref().unwrap_or_default();
    let invocation = match args.lambda_type {
        None | Some(LambdaType::RequestResponse) => Invocation::RequestResponse,
        Some(LambdaType::Event) => Invocation::Event,
        Some(LambdaType::DryRun) => Invocation::DryRun,
    };
    let texts: Vec<String> = uris.iter().map(ToString::to_string).collect();
    let events = s3_events(&texts, invocation.max_payload_bytes());
    if args.dry_run {
        for event in &events {
            iiif_cli::print_line(&invocation.request(function, event).to_string())?;
        }
        return Ok(ExitStatus::Success.into());
    }
    let left_manifest = LeftManifest::check(&args.left_manifest)?;
    let config = connect::sdk_config(args.lambda_dsn.as_ref(), "-lambda-dsn").await?;
    let invoker = FunctionInvoker::new(&config);
    let mut status = ExitStatus::Success;
    let mut printed = Ok(());
    let mut left = Vec::new();
    let mut begin = 0;
    for event in &events {
        let end = begin + event["Records"].as_array().map_or(0, Vec::len);
        let not_done = match invoker.invoke(function, invocation, event).await {
            Ok(invoked) => {
                let is_done = tell(function, &invoked);
                if is_done && !invocation.is_answered() {
                    tell_taken(function, invocation, end - begin);
                }
                let answer = invoked.payload.filter(|_| invoked.function_error.is_none());
                let line =
                    (answer.as_ref()).map(|answer| iiif_cli::print_line(&answer.to_string()));
                // An answer that is lost is no reason not to invoke the function for the others.
                printed = printed.and(line.unwrap_or(Ok(())));
                match answer {
                    _ if is_done => None,
                    Some(answer) => Some(not_started(&answer, &uris[begin..end])),
                    None => Some((0..end - begin).collect()),
                }
            }
            Err(error) => {
                tracing::error!("{error}");
                Some((0..end - begin).collect::<Vec<_>>())
            }
        };
        if let Some(not_done) = not_done {
            status = ExitStatus::Failed;
            left.extend(not_done.iter().map(|index| &texts[begin + index]));
        }
        begin = end;
    }
    let written = left_manifest.write(left.into_iter().map(String::as_str));
    let printed = printed.context("cannot print the answers");
    // What ran, ran: these are no errors of usage.
    for error in [written, printed].into_iter().filter_map(Result::err) {
        iiif_cli::tell_error(&error, args.log_format);
        status = ExitStatus::Failed;
    }
    Ok(status.into())
}

/// Says what became of an event that is not answered.
fn tell_taken(function: &str, invocation: Invocation, images: usize) {
    let taken = match invocation {
        Invocation::DryRun => "may be invoked, and was not",
        _ => "was queued an event",
    };
    tracing::info!("function `{function}` {taken}, images: {images}");
}

/// Says what a function logged, and why it failed; returns whether it did its work.
fn tell(function: &str, invoked: &Invoked) -> bool {
    for line in invoked.log.iter().flat_map(|log| log.lines()) {
        tracing::info!("{function}: {line}");
    }
    let payload = invoked.payload.as_ref();
    if let Some(error) = &invoked.function_error {
        let payload = payload.map(Value::to_string).unwrap_or_default();
        tracing::error!("function `{function}` failed with `{error}`: {payload}");
        return false;
    }
    if let Some(reason) = &invoked.unreadable {
        tracing::error!(
            "function `{function}` answered with no JSON: {reason}; expected one that runs iiif-process or iiif-process-ecs with -mode lambda"
        );
        return false;
    }
    let has_errors = payload.is_some_and(|payload| !is_empty(&payload["Errors"]));
    (200..300).contains(&invoked.status) && !has_errors
}

fn is_empty(errors: &Value) -> bool {
    errors.as_array().is_none_or(Vec::is_empty)
}
