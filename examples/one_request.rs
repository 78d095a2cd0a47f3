//! One request of the Image API on a slice of bytes.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use bytes::Bytes;
use iiif_examples::{Result, ZUBER};
use iiif_image_api::{ImageRequest, RenderPlan, ResolveOptions};
use iiif_pipeline::{DecodeLimits, EncodeOptions, SourceImage};

fn main() -> Result {
    let thumbnail = answer(ZUBER, "square/!200,200/0/gray.png")?;
    println!("{} bytes of PNG", thumbnail.len());
    Ok(())
}

/// Returns the file that `request` asks for.
fn answer(bytes: &'static [u8], request: &str) -> Result<Bytes> {
    let request: ImageRequest = request.parse()?;
    let source = SourceImage::probe(bytes, &DecodeLimits::default())?;
    let plan = RenderPlan::resolve(
        &request.into(),
        source.geometry(),
        &ResolveOptions::default(),
    )?;
    Ok(source.derive(plan, &EncodeOptions::default())?.bytes)
}

#[test]
fn the_example_runs() {
    main().unwrap();
    assert!(
        answer(ZUBER, "square/!200,200/0/gray.png")
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    assert!(answer(ZUBER, "square/!0,200/0/gray.png").is_err());
}
