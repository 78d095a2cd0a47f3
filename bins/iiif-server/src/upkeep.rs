//! What the server does now and then: it follows its config, and clears the bucket of derivatives.

use std::time::{Duration, Instant};

use iiif_http::ImageService;
use iiif_storage::ObjectInfo;

use crate::args::Args;
use crate::load::{self, ConfigFile};

/// How often the bucket of derivatives is looked through.
const SWEEP_TIME: Duration = Duration::from_hours(1);

/// Goes on with the config whenever its file changes. A file that cannot be used is logged and told at
/// `/health`, and the last good config stays.
pub(crate) struct ConfigFollower<'a> {
    args: &'a Args,
    service: &'a ImageService,
    /// The file, and its version that is in effect; `None` if none is followed.
    file: Option<(ConfigFile, ObjectInfo)>,
    looked: Instant,
    /// The same problem is logged once.
    told: Option<String>,
}

impl<'a> ConfigFollower<'a> {
    pub(crate) fn new(
        args: &'a Args,
        file: Option<(ConfigFile, ObjectInfo)>,
        service: &'a ImageService,
    ) -> Self {
        let file = file.filter(|_| args.config_refresh > 0);
        Self {
            args,
            service,
            file,
            looked: Instant::now(),
            told: None,
        }
    }

    /// Follows it for ever.
    pub(crate) async fn run(mut self) {
        if self.file.is_none() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(self.refresh()).await;
            self.look().await;
        }
    }

    /// Looks at the file where that is due. For who cannot wait for it in the background.
    #[cfg(feature = "aws")]
    pub(crate) async fn look_if_due(&mut self) {
        if self.file.is_some() && self.looked.elapsed() >= self.refresh() {
            self.look().await;
        }
    }

    fn refresh(&self) -> Duration {
        Duration::from_secs(self.args.config_refresh)
    }

    async fn look(&mut self) {
        let Some((file, known)) = &mut self.file else {
            return;
        };
        let problem = match go_on(self.args, file, known, self.service).await {
            // What is in effect is what is there: unchanged, or put back.
            Ok(None) => None,
            Ok(Some(info)) => {
                *known = info;
                None
            }
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(problem) = &problem
            && self.told.as_ref() != Some(problem)
        {
            tracing::error!("the config changed and is not in effect: {problem}");
        }
        self.service.note_config(problem.clone());
        self.told = problem;
        self.looked = Instant::now();
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
    let buckets = load::buckets(args, &config)?;
    let source = buckets.source.to_string();
    service.replace(buckets, &config)?;
    tracing::info!("the config changed and is in effect; the images are those of {source}");
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
