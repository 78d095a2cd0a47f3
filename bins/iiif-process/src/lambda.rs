//! Mode `lambda`: the images of events, processed inside a Lambda function.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use iiif_cli::ExitStatus;
use iiif_config::{ProcessingUri, report_keys};
use iiif_derivatives::{Cancellation, Job, Outcome};
use iiif_launch::{
    BucketFolder, EventImage, EventImages, Failures, HandlerError, KeyPath, ObjectFilter,
    check_function, serve,
};
use iiif_storage::MissingFolder;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use crate::args::Args;
use crate::{batch, load};

/// Answers events until the function is stopped.
pub(crate) async fn run(args: &Args, job: &Job) -> anyhow::Result<ExitStatus> {
    check_function("`-mode lambda`")?;
    // What this function writes is never read by it, whatever the flags say.
    let mut derivatives = vec![BucketFolder::of_uri(&job.config.derivatives_uri)];
    if let Some(place) = &args.derivatives {
        derivatives.push(place.parse().context("cannot read -derivatives")?);
    }
    let filter = ObjectFilter::new(&args.include, &args.exclude, derivatives)
        .context("cannot read -include and -exclude")?;
    let function = &Function {
        job,
        filter: filter.with_source_bucket(source_bucket(args, job)),
        source_from_event: args.source_from_event,
    };
    let served = serve(async |event, time| function.answer(event, time).await).await;
    served.map_err(|error| anyhow!("cannot serve events: {error}"))?;
    Ok(ExitStatus::Success)
}

/// Returns the bucket of S3 from which all images are read, whatever bucket an event names.
fn source_bucket(args: &Args, job: &Job) -> Option<String> {
    let uri = job.config.source_uri.trim();
    let (scheme, _) = uri.split_once("://")?;
    let is_s3 = ["s3", "s3blob"].contains(&&scheme.to_ascii_lowercase()[..]);
    (is_s3 && !args.source_from_event).then(|| BucketFolder::of_uri(uri).bucket().to_owned())
}

struct Function<'a> {
    job: &'a Job,
    filter: ObjectFilter,
    /// Whether images are read from the bucket that the event names.
    source_from_event: bool,
}

impl Function<'_> {
    /// Returns the reports by their [`report_keys`], `null` where there is nothing to process; for SQS, the messages
    /// that failed. Where an image failed, the function does: all can be made again.
    async fn answer(&self, event: &Value, time: Duration) -> Result<Value, HandlerError> {
        let mut asked = EventImages::read(event, &self.filter, KeyPath::Full)?;
        let uris: Vec<ProcessingUri> = asked.images.iter().map(|one| one.uri.clone()).collect();
        let keys = report_keys(&uris);
        let mut buckets: BTreeMap<&str, Vec<(&EventImage, &str)>> = BTreeMap::new();
        for (image, key) in asked.images.iter().zip(&keys) {
            let bucket = if self.source_from_event {
                &image.bucket
            } else {
                ""
            };
            buckets.entry(bucket).or_default().push((image, key));
        }
        let end = Instant::now() + time;
        let mut reports = Map::new();
        for (bucket, images) in buckets {
            let made = self.process(bucket, &images, end, &mut asked.failures);
            reports.extend(made.await);
        }
        asked.answer(|problems| {
            if problems.is_empty() {
                Ok(Value::Object(reports))
            } else {
                Err(HandlerError::Failed { problems })
            }
        })
    }

    /// Returns the reports of images of one bucket, by the keys that stand beside the images.
    async fn process(
        &self,
        bucket: &str,
        images: &[(&EventImage, &str)],
        end: Instant,
        failures: &mut Failures,
    ) -> Map<String, Value> {
        let mut reports = Map::new();
        let uris: Vec<ProcessingUri> = images.iter().map(|(image, _)| image.uri.clone()).collect();
        let mut left: Vec<bool> = vec![true; images.len()];
        let outcome = self
            .run(bucket, &uris, end, |index, has_failed, report| {
                left[index] = has_failed;
                let origin = &report.origin;
                failures.problems.extend(
                    report
                        .errors
                        .iter()
                        .map(|(label, failure)| format!("`{origin}`, {label}: {}", failure.reason)),
                );
                let report = serde_json::to_value(report).unwrap_or_default();
                reports.insert(images[index].1.to_owned(), report);
            })
            .await;
        match outcome {
            Ok(outcome) if outcome.left > 0 => failures
                .problems
                .push(format!("no time left for {} images", outcome.left)),
            Ok(_) => {}
            Err(error) => failures.problems.push(format!("{error:#}")),
        }
        let failed = images.iter().zip(left).filter(|(_, is_left)| *is_left);
        let messages = failed.flat_map(|((image, _), _)| image.messages.clone());
        failures.messages.extend(messages);
        reports
    }

    async fn run(
        &self,
        bucket: &str,
        uris: &[ProcessingUri],
        end: Instant,
        mut note: impl FnMut(usize, bool, &iiif_derivatives::ProcessReport) + Send,
    ) -> anyhow::Result<Outcome> {
        let mut job = self.job.clone();
        if !bucket.is_empty() {
            // Who may put a message must not choose the endpoint that is asked with our credentials.
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            if !bucket.bytes().all(is_name) {
                return Err(anyhow!(
                    "the event names no bucket; expected letters, digits, `.`, `_` and `-`"
                ));
            }
            let opened = load::opener().open(&format!("s3://{bucket}"), MissingFolder::Refuse);
            job.source = opened.context("cannot open the bucket of the event")?;
        }
        let cancellation = Cancellation::default();
        let running = job.run(uris, &cancellation, |image| {
            // What failed is logged with the answer.
            batch::log_finished(&image);
            note(image.index, !image.report.errors.is_empty(), &image.report);
        });
        tokio::pin!(running);
        let outcome = if let Ok(outcome) = timeout_at(end, &mut running).await {
            outcome
        } else {
            // What is under way is finished, and nothing else begun.
            cancellation.cancel();
            running.await
        };
        Ok(outcome?)
    }
}
