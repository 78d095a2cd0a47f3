//! Mode `lambda`: the images of events, processed inside a Lambda function.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, anyhow};
use iiif_cli::ExitStatus;
use iiif_config::ProcessingUri;
use iiif_derivatives::{Cancellation, Error, ErrorKind, Job, Outcome};
use iiif_launch::{Arrival, Arrivals, EventError, Folders, ObjectFilter, deliveries};
use iiif_storage::MissingFolder;
use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, timeout_at};

use crate::args::Args;
use crate::{batch, load};

/// What is kept of a function's time to write what is rendered, and to answer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Answers events until the function is stopped.
pub(crate) async fn run(args: &Args, job: &Job) -> anyhow::Result<ExitStatus> {
    let function = &Function {
        job,
        filter: filter(args)?,
        source_from_event: args.source_from_event,
    };
    let answer = async |event: LambdaEvent<Value>| {
        let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(event.context.deadline);
        let remaining = deadline.duration_since(SystemTime::now());
        let answer = function.answer(&event.payload, remaining.unwrap_or_default());
        answer.await.map_err(lambda_runtime::Error::from)
    };
    let served = lambda_runtime::run(service_fn(answer)).await;
    served.map_err(|error| anyhow!("cannot serve events: {error}"))?;
    Ok(ExitStatus::Success)
}

fn filter(args: &Args) -> anyhow::Result<ObjectFilter> {
    let mut filter = ObjectFilter::default();
    for glob in &args.include {
        filter = filter.include(glob).context("cannot read -include")?;
    }
    for glob in &args.exclude {
        filter = filter.exclude(glob).context("cannot read -exclude")?;
    }
    if let Some(place) = &args.derivatives {
        filter = filter.with_derivatives(place);
    }
    Ok(filter)
}

struct Function<'a> {
    job: &'a Job,
    filter: ObjectFilter,
    /// Whether images are read from the bucket that the event names.
    source_from_event: bool,
}

/// What became of the images of an event.
#[derive(Default)]
struct Made {
    reports: Map<String, Value>,
    failed_messages: Vec<String>,
    problems: Vec<String>,
}

impl Function<'_> {
    /// Returns the reports by origin, `null` where there is nothing to process; for SQS, the messages
    /// that failed.
    async fn answer(&self, event: &Value, remaining: Duration) -> Result<Value, EventError> {
        let deliveries = deliveries(event)?;
        let is_queue = deliveries.iter().any(|one| one.message_id.is_some());
        let arrivals = Arrivals::of(deliveries, &self.filter, Folders::Kept);
        for skipped in &arrivals.skipped {
            tracing::info!("passed over {skipped}");
        }
        let is_nothing = arrivals.images.is_empty() && arrivals.problems.is_empty();
        let mut made = Made {
            failed_messages: arrivals.failed_messages,
            problems: arrivals.problems,
            ..Made::default()
        };
        let mut buckets: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
        for image in arrivals.images {
            let bucket = if self.source_from_event {
                image.bucket.clone()
            } else {
                String::new()
            };
            buckets.entry(bucket).or_default().push(image);
        }
        let end = Instant::now() + remaining.saturating_sub(ANSWER_TIME);
        for (bucket, images) in &buckets {
            self.process(bucket, images, end, &mut made).await;
        }
        for problem in &made.problems {
            tracing::error!("{problem}");
        }
        if is_queue {
            made.failed_messages.sort_unstable();
            made.failed_messages.dedup();
            let failed = made.failed_messages.iter();
            let failed = failed.map(|id| json!({ "itemIdentifier": id }));
            return Ok(json!({ "batchItemFailures": failed.collect::<Vec<_>>() }));
        }
        if is_nothing {
            return Ok(Value::Null);
        }
        if !made.problems.is_empty() {
            made.reports
                .insert("errors".to_owned(), json!(made.problems));
        }
        Ok(Value::Object(made.reports))
    }

    async fn process(&self, bucket: &str, images: &[Arrival], end: Instant, made: &mut Made) {
        let uris: Vec<ProcessingUri> = images.iter().map(|image| image.uri.clone()).collect();
        let mut left: Vec<bool> = vec![true; images.len()];
        let outcome = self
            .run(bucket, &uris, end, |index, has_failed, report| {
                left[index] = has_failed;
                let report = serde_json::to_value(report).unwrap_or_default();
                made.reports
                    .insert(uris[index].origin().as_str().to_owned(), report);
            })
            .await;
        match outcome {
            Ok(outcome) if outcome.left > 0 => made
                .problems
                .push(format!("no time left for {} images", outcome.left)),
            Ok(_) => {}
            Err(error) => made.problems.push(format!("{error:#}")),
        }
        let failed = images.iter().zip(left).filter(|(_, is_left)| *is_left);
        let messages = failed.flat_map(|(image, _)| image.messages.clone());
        made.failed_messages.extend(messages);
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
            let opened = load::opener().open(&format!("s3://{bucket}"), MissingFolder::Refuse);
            job.source = opened.context("cannot open the bucket of the event")?;
        }
        let cancellation = Cancellation::default();
        let running = job.run(uris, &cancellation, |image| {
            batch::log(&image);
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
        match outcome {
            Err(error) if is_nothing(&error) => Ok(Outcome::default()),
            outcome => Ok(outcome?),
        }
    }
}

fn is_nothing(error: &Error) -> bool {
    error.kind() == ErrorKind::NothingToDo
}
