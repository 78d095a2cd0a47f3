//! What the benchmarks share: their inputs, with photographic detail, made anew by each run.

pub mod huge_tiff;
pub mod pictures;

use criterion::Throughput;
use iiif_config::{Config, InstructionSet};
use iiif_image_api::{DerivativeRequest, Dimensions, RenderPlan, ResolveOptions, SourceGeometry};
use iiif_pipeline::{DecodeLimits, SourceImage};
use image::DynamicImage;

use crate::pictures::{LARGE, Picture, measured, pixels};

/// The documented example: the original, a reduction, a dithered thumbnail.
pub const DOCUMENTED: [&str; 3] = [
    "full/full/-1/color.jpg",
    "full/!2048,1536/0/color.png",
    "-1,-1,320,320/full/0/dither.jpg",
];

/// Returns the large photograph in a format.
///
/// # Panics
///
/// If the project cannot read its own file.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
pub fn source(picture: Picture) -> SourceImage {
    let bytes = picture.encode(&pixels(measured(LARGE)));
    SourceImage::probe(bytes, &DecodeLimits::default()).expect("a file of our own")
}

/// Returns the geometry of an upright image.
///
/// # Panics
///
/// If a side is zero.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
pub fn geometry_of((width, height): (u32, u32)) -> SourceGeometry {
    SourceGeometry::upright(Dimensions::new(width, height).expect("a picture has pixels"))
}

/// Returns the plan of a request for an upright image.
///
/// # Panics
///
/// If the request is malformed or does not fit the image.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
pub fn plan(request: &str, geometry: SourceGeometry) -> RenderPlan {
    resolved(&request.parse().expect("a well-formed request"), geometry)
}

/// Returns the plans of the documented example.
#[must_use]
pub fn documented_plans(geometry: SourceGeometry) -> Vec<RenderPlan> {
    DOCUMENTED.map(|request| plan(request, geometry)).to_vec()
}

/// Returns the plans of the nine built-in labels.
///
/// # Panics
///
/// If the default instructions do not go with the default config.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
pub fn default_plans(geometry: SourceGeometry) -> Vec<RenderPlan> {
    let instructions = InstructionSet::defaults(&Config::default()).expect("defaults that agree");
    let requests = instructions
        .iter()
        .map(|(_label, instruction)| &instruction.request);
    requests
        .map(|request| resolved(request, geometry))
        .collect()
}

/// Returns the throughput of work on every pixel of an image.
#[must_use]
pub fn pixels_of(image: &DynamicImage) -> Throughput {
    Throughput::Elements(u64::from(image.width()) * u64::from(image.height()))
}

#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
fn resolved(request: &DerivativeRequest, geometry: SourceGeometry) -> RenderPlan {
    RenderPlan::resolve(request, geometry, &ResolveOptions::default()).expect("it fits")
}
