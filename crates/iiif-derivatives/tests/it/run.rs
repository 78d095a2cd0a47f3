//! What becomes of a run.

use std::num::NonZeroUsize;

use bytes::Bytes;
use futures::StreamExt as _;
use iiif_derivatives::{Cancellation, ContactSheets, Outcome, ProcessReport, ReportOptions};
use iiif_storage::Bucket;
use iiif_testkit::encode::{TiffOptions, bmp, tiff};
use iiif_testkit::pattern::photo;
use image::DynamicImage;

use crate::studio::{bucket, job, put_photo, uris};

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

/// Files of formats that are read from files in parts, and of others that are not, a little larger
/// than 2 MiB each: the share of those that wait in [`ROOM_FOR_ONE_LARGE`].
async fn put_large_images(bucket: &Bucket) -> Vec<String> {
    let picture = DynamicImage::ImageRgb8(photo(860, 850));
    let files = [
        ("bmp", bmp(&picture)),
        ("tif", tiff(&picture, &TiffOptions::default())),
    ];
    let mut names = Vec::new();
    for index in 0..6 {
        for (extension, file) in &files {
            assert!(file.len() > 2 << 20);
            let name = format!("{index}.{extension}");
            let put = bucket.put(&name, file.clone().into(), "image/any");
            put.await.unwrap();
            names.push(name);
        }
    }
    names
}

const ROOM_FOR_ONE_LARGE: u64 = 8 << 20;

/// Returns the reports and derivatives of the large images, by name.
async fn process_large_images(memory_limit_bytes: u64) -> Vec<(String, ProcessReport, Bytes)> {
    let mut job = job(SMALL);
    job.options.memory_limit_bytes = memory_limit_bytes;
    job.options.concurrency = NonZeroUsize::new(4).unwrap();
    let names = put_large_images(&job.source).await;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut reports = Vec::new();
    let outcome = job
        .run(&uris(&names), &Cancellation::default(), |image| {
            reports.push(image.report);
        })
        .await
        .unwrap();
    assert_eq!((outcome.complete, outcome.failed), (12, 0), "{reports:?}");
    let mut made = Vec::new();
    for report in reports {
        let key = report.uris["b"].strip_prefix("file:///").unwrap();
        let derivative = job.derivatives.get(key).await.unwrap();
        made.push((report.origin.clone(), report, derivative));
    }
    made.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn images_larger_than_the_share_of_those_that_wait_become_the_same_derivatives() {
    let (in_files, in_memory) = (
        process_large_images(ROOM_FOR_ONE_LARGE).await,
        process_large_images(1 << 30).await,
    );
    for (in_file, in_memory) in in_files.iter().zip(&in_memory) {
        assert!(in_file.1.origin_fingerprint.is_some());
        assert_eq!(in_file, in_memory);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_finishes_what_it_began_and_counts_the_rest() {
    let mut job = job(SMALL);
    job.options.concurrency = NonZeroUsize::MIN;
    put_photo(&job.source, "a.jpg", 80, 60).await;
    let texts: Vec<String> = (0..40)
        .map(|index| format!("a.jpg?target={index}"))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let cancellation = Cancellation::default();
    let mut finished = 0;
    let outcome = job
        .run(&uris(&texts), &cancellation, |image| {
            finished += 1;
            assert!(image.report.is_complete(), "{:?}", image.report.errors);
            cancellation.cancel();
        })
        .await
        .unwrap();
    assert_eq!((outcome.complete, outcome.failed), (finished, 0));
    assert_eq!(outcome.complete + outcome.left, 40);
    // Eight images are under way for each that is decoded.
    assert!((1..=8).contains(&outcome.complete), "{outcome:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_begun_in_a_run_that_was_cancelled_before() {
    let job = job(SMALL);
    put_photo(&job.source, "a.jpg", 80, 60).await;
    let cancellation = Cancellation::default();
    cancellation.cancel();
    let outcome = job
        .run(&uris(&["a.jpg"]), &cancellation, |image| {
            panic!("image {} finished", image.index);
        })
        .await
        .unwrap();
    assert_eq!((outcome.complete, outcome.failed, outcome.left), (0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_stored_for_an_image_that_failed() {
    let mut job = job(SMALL);
    job.reports = Some(ReportOptions::default());
    let text = Bytes::from_static(b"this is no image");
    job.source
        .put("text.jpg", text, "image/jpeg")
        .await
        .unwrap();
    let outcome = job
        .run(&uris(&["text.jpg"]), &Cancellation::default(), |image| {
            assert_eq!(image.pixels, 0);
        })
        .await
        .unwrap();
    let mut expected = Outcome::default();
    expected.failed = 1;
    assert_eq!(outcome, expected);
    let report = job.derivatives.get("text.jpg/process.json").await.unwrap();
    let report = String::from_utf8(report.to_vec()).unwrap();
    assert!(
        report.contains(r#""errors":{"source":{"reason":"#),
        "{report}"
    );
    assert!(report.contains("fingerprint"), "{report}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_stored_for_an_image_that_is_not_there() {
    let reports = bucket();
    let mut options = ReportOptions::default();
    options.contact_sheet = ContactSheets::Written;
    let mut beside = job(SMALL);
    beside.reports = Some(options.clone());
    options.bucket = Some(reports.clone());
    let mut apart = job(SMALL);
    apart.reports = Some(options);
    for job in [beside, apart] {
        let outcome = job
            .run(&uris(&["missing.jpg"]), &Cancellation::default(), |image| {
                let report = image.report;
                assert!(report.errors["source"].reason.contains("missing.jpg"));
                assert_eq!(report.origin_fingerprint, None);
            })
            .await
            .unwrap();
        let mut expected = Outcome::default();
        expected.failed = 1;
        assert_eq!(outcome, expected);
        for bucket in [&job.derivatives, &reports] {
            assert!(bucket.list("").next().await.is_none());
        }
    }
}
