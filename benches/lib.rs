//! What the benchmarks share: their inputs, with photographic detail, made anew by each run.

use criterion::Throughput;
use iiif_image_api::{DerivativeRequest, Dimensions, RenderPlan, ResolveOptions, SourceGeometry};
use iiif_pipeline::{DecodeLimits, SourceImage};
use iiif_testkit::encode::{JpegOptions, jpeg};
use iiif_testkit::pattern::photo;
use image::DynamicImage;

/// Width and height of the photograph: 14.7 megapixels.
pub const PHOTO: (u32, u32) = (5120, 2880);

/// The documented example: the original, a reduction, a dithered thumbnail.
pub const DOCUMENTED: [&str; 3] = [
    "full/full/-1/color.jpg",
    "full/!2048,1536/0/color.png",
    "-1,-1,320,320/full/0/dither.jpg",
];

/// Returns the photograph as pixels.
#[must_use]
pub fn pixels() -> DynamicImage {
    DynamicImage::ImageRgb8(photo(PHOTO.0, PHOTO.1))
}

/// Returns the photograph as cameras write it: a baseline JPEG at quality 92, 4:2:0.
///
/// # Panics
///
/// If the project cannot read its own JPEG.
#[must_use]
#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
pub fn source() -> SourceImage {
    let bytes = jpeg(
        &pixels(),
        &JpegOptions {
            quality: 92,
            ..JpegOptions::default()
        },
    );
    SourceImage::probe(bytes, &DecodeLimits::default()).expect("a JPEG of our own")
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
    let request: DerivativeRequest = request.parse().expect("a well-formed request");
    RenderPlan::resolve(&request, geometry, &ResolveOptions::default()).expect("it fits")
}

/// Returns the throughput of work on every pixel of an image.
#[must_use]
pub fn pixels_of(image: &DynamicImage) -> Throughput {
    Throughput::Elements(u64::from(image.width()) * u64::from(image.height()))
}
