//! What the server does now and then: it follows its config, and clears the bucket of derivatives.

use std::time::Duration;

use iiif_http::ImageService;
use iiif_storage::ObjectInfo;

use crate::args::Args;
use crate::load::{self, ConfigFile};

/// How often the bucket of derivatives is looked through.
const SWEEP_TIME: Duration = Duration::from_hours(1);

/// Goes on with the config whenever its file changes. A file that cannot be used is logged and told at
/// `/health`, and the last good config stays.
pub(crate) async fn follow_config(
    args: &Args,
    file: Option<(ConfigFile, ObjectInfo)>,
    service: &ImageService,
) {
    let refresh = Duration::from_secs(args.config_refresh);
    let Some((file, mut known)) = file.filter(|_| !refresh.is_zero()) else {
        return std::future::pending().await;
    };
    // The same problem is logged once.
    let mut told: Option<String> = None;
    loop {
        tokio::time::sleep(refresh).await;
        let problem = match go_on(args, &file, &known, service).await {
            // What is in effect is what is there: unchanged, or put back.
            Ok(None) => None,
            Ok(Some(info)) => {
                known = info;
                tracing::info!("the config changed and is in effect");
                None
            }
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(problem) = &problem
            && told.as_ref() != Some(problem)
        {
            tracing::error!("the config changed and is not in effect: {problem}");
        }
        service.note_config(problem.clone());
        told = problem;
    }
}

/// Goes on with the config, if it is another than the `known` one, and returns its version.
async fn go_on(
    args: &Args,
    file: &ConfigFile,
    known: &ObjectInfo,
    service: &ImageService,
) -> anyhow::Result<Option<ObjectInfo>> {
    let Some((info, config)) = file.read(Some(known)).await? else {
        return Ok(None);
    };
    let config = load::with_flags(config, args);
    service.replace(load::buckets(args, &config)?, &config)?;
    Ok(Some(info))
}

/// Deletes the oldest derivatives in their bucket whenever there are too many.
pub(crate) async fn sweep(service: &ImageService) {
    loop {
        match service.sweep().await {
            Ok(0) => {}
            Ok(bytes) => tracing::info!("deleted {bytes} bytes of old derivatives"),
            Err(error) => tracing::warn!("cannot clear the bucket of derivatives: {error}"),
        }
        tokio::time::sleep(SWEEP_TIME).await;
    }
}
