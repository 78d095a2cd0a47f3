//! A job over any `object_store`: here sources and derivatives in memory.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::Arc;

use iiif_config::{InstructionSet, ProcessingUri};
use iiif_derivatives::{Cancellation, Job, Outcome};
use iiif_examples::{Result, ZUBER};
use iiif_storage::Bucket;
use object_store::memory::InMemory;

#[tokio::main]
async fn main() -> Result {
    let sources = Bucket::from_store(Arc::new(InMemory::new()));
    sources.put("zuber.jpg", ZUBER.into(), "image/jpeg").await?;
    let derivatives = Bucket::from_store(Arc::new(InMemory::new()));
    let outcome = make(sources, derivatives.clone()).await?;
    println!(
        "{} images complete, {} failed",
        outcome.complete, outcome.failed
    );
    let thumbnail = derivatives.get("zuber/full/!320,240/0/color.jpg").await?;
    println!("the thumbnail has {} bytes", thumbnail.len());
    Ok(())
}

async fn make(sources: Bucket, derivatives: Bucket) -> Result<Outcome> {
    let job = Job::new(sources, derivatives, InstructionSet::default());
    let uris = [ProcessingUri::parse("file:///zuber.jpg?target=zuber")?];
    let outcome = job
        .run(&uris, &Cancellation::default(), |image| {
            println!("{}: {:?}", image.report.origin, image.report.dimensions);
        })
        .await?;
    Ok(outcome)
}

#[test]
fn the_example_runs() {
    main().unwrap();
}
