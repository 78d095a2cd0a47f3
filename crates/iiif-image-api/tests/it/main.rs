//! Tests of the public interface.

mod canonical;
mod features;
mod grammar;
mod identifiers;
mod info;
mod limits;
mod properties;
mod resolving;
mod tiles;

use iiif_image_api::{
    ApiVersion, DerivativeRequest, Dimensions, RenderPlan, ResolveError, ResolveOptions,
    SourceGeometry,
};

fn dimensions(width: u32, height: u32) -> Dimensions {
    Dimensions::new(width, height).expect("sides are at least 1")
}

fn options(version: ApiVersion) -> ResolveOptions {
    ResolveOptions::default().with_version(version)
}

/// Resolves a request for an image that is stored upright.
fn resolve(
    request: &str,
    image: Dimensions,
    options: &ResolveOptions,
) -> Result<RenderPlan, ResolveError> {
    let request: DerivativeRequest = request.parse().expect("a request");
    RenderPlan::resolve(&request, SourceGeometry::upright(image), options)
}
