//! Many derivatives from one decode.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use iiif_examples::{Result, ZUBER};
use iiif_image_api::{DerivativeRequest, RenderPlan, ResolveOptions};
use iiif_pipeline::{Batch, DecodeLimits, SourceImage};

/// The path of a request and the file that it asked for.
type Files = BTreeMap<&'static str, Bytes>;

const REQUESTS: [&str; 4] = [
    "full/!640,480/0/color.jpg",
    "full/!320,240/0/color.webp",
    "-1,-1,160,160/full/0/crisp.jpg",
    "-1,-1,160,160/full/0/dither.png",
];

fn main() -> Result {
    for (request, file) in make()? {
        println!("{request}: {} bytes", file.len());
    }
    Ok(())
}

fn make() -> Result<Files> {
    let source = SourceImage::probe(ZUBER, &DecodeLimits::default())?;
    let plan = |request: &str| -> Result<RenderPlan> {
        let request: DerivativeRequest = request.parse()?;
        Ok(RenderPlan::resolve(
            &request,
            source.geometry(),
            &ResolveOptions::default(),
        )?)
    };
    let plans = REQUESTS
        .iter()
        .map(|request| plan(request))
        .collect::<Result<_>>()?;
    // The sink is called from several threads, for each derivative as it is ready.
    let made = Mutex::new(Vec::new());
    Batch::new(&source)
        .with_plans(plans)
        .run(&|index, derivative| {
            made.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((index, derivative));
        })?;
    let made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.into_iter()
        .map(|(index, derivative)| Ok((REQUESTS[index], derivative?.bytes)))
        .collect()
}

#[test]
fn the_example_runs() {
    main().unwrap();
    assert_eq!(make().unwrap().len(), REQUESTS.len());
}
