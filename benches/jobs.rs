//! Many images as one job: fetched, rendered and put at the same time, between folders and in memory.

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iiif_benches::pictures::{MEDIUM, Picture, measured, pixels};
use iiif_config::{Config, InstructionSet, ProcessingUri};
use iiif_derivatives::{Cancellation, Job};
use iiif_storage::{Bucket, Environment, MissingFolder, StorageOpener};
use tokio::runtime::Runtime;

const IMAGES: usize = 16;

const INSTRUCTIONS: &str = r#"{
    "o": { "size": "full", "format": "", "rotation": "-1" },
    "b": { "size": "!2048,1536", "format": "png" },
    "d": { "size": "full", "quality": "dither", "region": "-1,-1,320,320", "format": "jpg" }
}"#;

#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
fn jobs(c: &mut Criterion) {
    let runtime = Runtime::new().expect("threads");
    let folder = tempfile::tempdir().expect("a folder");
    let image = Bytes::from(Picture::Baseline.encode(&pixels(measured(MEDIUM))));
    let uris = uris();
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let local = [bucket(&path("sources")), bucket(&path("made"))];
    let memory = [bucket("mem://"), bucket("mem://")];
    let mut group = c.benchmark_group("job");
    group.throughput(Throughput::Elements(IMAGES as u64));
    group.sample_size(10);
    for (name, [source, made]) in [("local/4mp", local), ("memory/4mp", memory)] {
        runtime.block_on(fill(&source, &image));
        let job = Job::new(source, made, instructions());
        group.bench_function(format!("{name}-x{IMAGES}"), |b| {
            b.iter(|| runtime.block_on(run(&job, &uris)));
        });
    }
    group.finish();
}

#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
fn bucket(uri: &str) -> Bucket {
    let opener = StorageOpener::new(Environment::empty());
    opener.open(uri, MissingFolder::Create).expect("a bucket")
}

#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
async fn fill(bucket: &Bucket, image: &Bytes) {
    for name in names() {
        let put = bucket.put(&name, image.clone(), "image/jpeg");
        put.await.expect("room for some megabytes");
    }
}

#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
fn instructions() -> InstructionSet {
    let parsed = InstructionSet::parse(INSTRUCTIONS, "instructions", &Config::default());
    parsed.expect("instructions as in the documents").value
}

#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
fn uris() -> Vec<ProcessingUri> {
    let parse = |name: String| ProcessingUri::parse(&name).expect("a plain name");
    names().map(parse).collect()
}

/// A run in which something failed would be measured as a fast one.
#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
async fn run(job: &Job, uris: &[ProcessingUri]) {
    let outcome = job.run(uris, &Cancellation::default(), |_image| ()).await;
    assert_eq!(outcome.expect("keys that differ").complete, uris.len());
}

fn names() -> impl Iterator<Item = String> {
    (0..IMAGES).map(|index| format!("{index}.jpg"))
}

criterion_group!(benches, jobs);
criterion_main!(benches);
