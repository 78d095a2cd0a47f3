//! What becomes of a run.

use std::num::NonZeroUsize;

use iiif_derivatives::{Cancellation, Outcome, ReportOptions};

use crate::studio::{job, put_photo, uris};

const SMALL: &str = r#"{"b": {"size": "!64,64"}}"#;

/// The budget is counted in MiB, so at most three of eight images fit at the same time.
const ROOM_FOR_THREE: u64 = 3 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn many_images_pass_through_a_small_memory_budget() {
    let mut job = job(SMALL);
    job.options.memory_limit_bytes = ROOM_FOR_THREE;
    job.options.concurrency = NonZeroUsize::new(8).unwrap();
    let names: Vec<String> = (0..24).map(|index| format!("{index}.jpg")).collect();
    for name in &names {
        put_photo(&job.source, name, 400, 300).await;
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut origins = Vec::new();
    let outcome = job
        .run(&uris(&names), &Cancellation::default(), |image| {
            assert_eq!(image.pixels, 400 * 300, "{:?}", image.report.errors);
            origins.push(image.report.origin);
        })
        .await
        .unwrap();
    assert_eq!((outcome.complete, outcome.failed, outcome.left), (24, 0, 0));
    origins.sort();
    let mut expected = names.clone();
    expected.sort_unstable();
    assert_eq!(origins, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_finishes_what_it_began_and_counts_the_rest() {
    let mut job = job(SMALL);
    job.options.concurrency = NonZeroUsize::MIN;
    put_photo(&job.source, "a.jpg", 80, 60).await;
    let texts: Vec<String> = (0..5)
        .map(|index| format!("a.jpg?target={index}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let cancellation = Cancellation::default();
    let mut finished = Vec::new();
    let outcome = job
        .run(&uris(&texts), &cancellation, |image| {
            finished.push(image.index);
            if image.index == 1 {
                cancellation.cancel();
            }
        })
        .await
        .unwrap();
    assert_eq!((outcome.complete, outcome.failed, outcome.left), (2, 0, 3));
    assert_eq!(finished, [0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_stored_for_an_image_that_failed() {
    let mut job = job(SMALL);
    job.reports = Some(ReportOptions::default());
    let outcome = job
        .run(&uris(&["missing.jpg"]), &Cancellation::default(), |image| {
            assert_eq!(image.pixels, 0);
        })
        .await
        .unwrap();
    let mut expected = Outcome::default();
    expected.failed = 1;
    assert_eq!(outcome, expected);
    let report = job
        .derivatives
        .get("missing.jpg/process.json")
        .await
        .unwrap();
    let report = String::from_utf8(report.to_vec()).unwrap();
    assert!(
        report.contains(r#""errors":{"source":{"reason":"#),
        "{report}"
    );
    assert!(!report.contains("fingerprint"), "{report}");
}
