//! Mode `lambda`: events in, tasks out.

use std::process::ExitCode;

use anyhow::anyhow;
use iiif_launch::{KeyPath, LaunchHandler, TaskLauncher, check_function, serve};

use crate::args::Args;
use crate::connect;

/// Answers events until the function is stopped.
pub(crate) async fn run(args: &Args) -> anyhow::Result<ExitCode> {
    check_function("`-mode lambda`")?;
    let config = connect::sdk_config(args.ecs_dsn.as_ref(), "-ecs-dsn").await?;
    let mut handler = LaunchHandler::new(TaskLauncher::new(&config), connect::template(args));
    handler.filter = connect::filter(args)?;
    handler.key_path = if args.strip_paths {
        KeyPath::FileName
    } else {
        KeyPath::Full
    };
    handler.max_uris = args.uris_per_task;
    handler.follow = connect::follow(args);
    let served = serve(async |event, time| handler.handle(event, time).await).await;
    served.map_err(|error| anyhow!("cannot serve events: {error}"))?;
    Ok(ExitCode::SUCCESS)
}
