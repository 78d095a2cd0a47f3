//! Mode `invoke`: the function does it.

use std::process::ExitCode;

use iiif_cli::ExitStatus;
use iiif_config::ProcessingUri;
use iiif_launch::{FunctionInvoker, Invocation, Invoked, s3_events};
use serde_json::Value;

use crate::args::{Args, LambdaType};
use crate::connect;
use crate::left::LeftManifest;

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
            iiif_cli::print_line(&event.to_string())?;
        }
        return Ok(ExitStatus::Success.into());
    }
    let left_manifest = LeftManifest::check(&args.left_manifest)?;
    let config = connect::sdk_config(args.lambda_dsn.as_ref(), "-lambda-dsn").await?;
    let invoker = FunctionInvoker::new(&config);
    let mut status = ExitStatus::Success;
    let mut left = Vec::new();
    let mut begin = 0;
    for event in &events {
        let end = begin + event["Records"].as_array().map_or(0, Vec::len);
        let is_done = match invoker.invoke(function, invocation, event).await {
            Ok(invoked) => tell(function, &invoked)?,
            Err(error) => {
                tracing::error!("{error}");
                false
            }
        };
        if !is_done {
            status = ExitStatus::Failed;
            left.extend(&texts[begin..end]);
        }
        begin = end;
    }
    left_manifest.write(left.into_iter().map(String::as_str))?;
    Ok(status.into())
}

/// Prints what a function returned and logged; returns whether it did its work.
fn tell(function: &str, invoked: &Invoked) -> anyhow::Result<bool> {
    for line in invoked.log.iter().flat_map(|log| log.lines()) {
        tracing::info!("{function}: {line}");
    }
    let payload = invoked.payload.as_ref();
    if let Some(error) = &invoked.function_error {
        let payload = payload.map(Value::to_string).unwrap_or_default();
        tracing::error!("function `{function}` failed with `{error}`: {payload}");
        return Ok(false);
    }
    if let Some(payload) = payload {
        iiif_cli::print_line(&payload.to_string())?;
    }
    let has_errors = payload.is_some_and(|payload| !is_empty(&payload["Errors"]));
    Ok((200..300).contains(&invoked.status) && !has_errors)
}

fn is_empty(errors: &Value) -> bool {
    errors.as_array().is_none_or(Vec::is_empty)
}
