//! That what a batch says it needs is what it takes: the peak of the Rust allocator, in a process of its
//! own. Memory of C libraries is not seen.

#![cfg(all(
    feature = "gif",
    feature = "jpeg",
    feature = "png",
    feature = "tiff",
    feature = "webp"
))]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Mutex;

use iiif_image_api::{RenderPlan, ResolveOptions};
use iiif_pipeline::{Analyses, Batch, DecodeLimits, EncodeOptions, Passthrough, SourceImage};
use iiif_testkit::encode::{JpegOptions, Layout, PngOptions, TiffOptions, jpeg, png, tiff};
use iiif_testkit::pattern::photo;
use image::{DynamicImage, RgbImage};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What is allocated besides: plans, threads, tables of coders.
const SMALL_BYTES: u64 = 1 << 20;

/// What the LZW encoder of a TIFF reserves; it touches no more than a strip of it.
const UNTOUCHED_BYTES: u64 = 1 << 24;

const WIDTH: u32 = 1400;
const HEIGHT: u32 = 1100;

/// Returns pixels that no encoder makes smaller.
fn noise() -> DynamicImage {
    let mut state = 1_u32;
    let mut next = || {
        // The generator of Numerical Recipes; its upper bits are random enough.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    RgbImage::from_fn(WIDTH, HEIGHT, |_, _| image::Rgb([next(), next(), next()])).into()
}

fn plan(source: &SourceImage, request: &str) -> RenderPlan {
    let request = request.parse().unwrap();
    RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default()).unwrap()
}

/// Returns what a batch said that it needs, and what it took.
fn said_and_taken(source: &SourceImage, requests: &[&str]) -> (u64, u64) {
    let plans = requests
        .iter()
        .map(|request| plan(source, request))
        .collect();
    let batch = Batch::new(source)
        .with_plans(plans)
        .with_encoding(EncodeOptions::default().with_passthrough(Passthrough::Never))
        .with_analyses(Analyses::default());
    let said = batch.memory_bytes();
    let kept = Mutex::new(Vec::with_capacity(requests.len()));
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    batch
        .run(&|_, derivative| kept.lock().unwrap().push(derivative.unwrap()))
        .unwrap();
    (said, (ALLOCATOR.peak_usage() - before) as u64)
}

#[test]
fn a_batch_takes_no_more_memory_than_it_says() {
    let tiles = TiffOptions {
        layout: Layout::Tiles {
            width: 256,
            height: 256,
        },
        ..TiffOptions::default()
    };
    let all = [
        "full/full/0/default.jpg",
        "full/!900,900/0/default.png",
        "full/300,/0/gray.webp",
        "-1,-1,500,500/full/0/dither.gif",
    ];
    let alone = [
        "full/full/0/default.jpg",
        "full/full/90/default.jpg",
        "full/full/0/default.png",
        "full/full/0/gray.png",
        "full/full/0/default.tif",
        "full/full/0/default.gif",
        "full/full/0/default.webp",
        "full/700,/0/default.png",
        "full/full/12/default.png",
        "full/90,/0/default.jpg",
        "200,200,600,600/!300,300/0/default.jpg",
    ];
    let mut wrong = Vec::new();
    for (name, picture) in [("photo", photo(WIDTH, HEIGHT).into()), ("noise", noise())] {
        for (format, file) in [
            ("jpg", jpeg(&picture, &JpegOptions::default())),
            ("png", png(&picture, &PngOptions::default())),
            ("tif", tiff(&picture, &tiles)),
        ] {
            let source = SourceImage::probe(file, &DecodeLimits::default()).unwrap();
            let batches = alone.iter().map(std::slice::from_ref).chain([&all[..]]);
            for requests in batches {
                let (said, taken) = said_and_taken(&source, requests);
                let is_tiff = requests.contains(&"full/full/0/default.tif");
                let untouched = if is_tiff { UNTOUCHED_BYTES } else { 0 };
                if taken > said + SMALL_BYTES + untouched {
                    wrong.push(format!(
                        "{name}.{format} {requests:?}: took {taken}, said {said}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
