//! Mode `lambda`: events in, tasks out.

use std::process::ExitCode;

use anyhow::anyhow;
use iiif_launch::{Folders, LaunchHandler, TaskLauncher, working_time};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;

use crate::args::Args;
use crate::connect;

/// Answers events until the function is stopped.
pub(crate) async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let config = connect::sdk_config(args.ecs_dsn.as_ref(), "-ecs-dsn").await?;
    let folders = if args.strip_paths {
        Folders::Stripped
    } else {
        Folders::Kept
    };
    let mut handler = LaunchHandler::new(TaskLauncher::new(&config), connect::template(args));
    handler.filter = connect::filter(args)?;
    handler.folders = folders;
    handler.max_uris = args.uris_per_task;
    handler.follow = connect::follow(args);
    let handler = &handler;
    let answer = async |event: LambdaEvent<Value>| {
        let answer = handler.handle(&event.payload, working_time(event.context.deadline));
        answer.await.map_err(|error| Diagnostic {
            error_type: error.error_type().to_owned(),
            error_message: error.to_string(),
        })
    };
    let served = lambda_runtime::run(service_fn(answer)).await;
    served.map_err(|error| anyhow!("cannot serve events: {error}"))?;
    Ok(ExitCode::SUCCESS)
}
