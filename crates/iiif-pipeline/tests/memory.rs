//! That what a batch says it needs is what it takes: the peak of the Rust allocator, in a process of its
//! own. Memory of C libraries is not seen.

#![cfg(all(
    feature = "gif",
    feature = "jpeg",
    feature = "jpeg2000",
    feature = "png",
    feature = "tiff",
    feature = "webp"
))]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Mutex;

use iiif_image_api::{RenderPlan, ResolveOptions};
use iiif_pipeline::{Analyses, Batch, DecodeLimits, EncodeOptions, Passthrough, SourceImage};
use iiif_testkit::encode::{
    Compression, Jpeg2000Options, JpegOptions, Layout, PngOptions, TiffOptions, bmp, jpeg,
    jpeg2000, png, tiff,
};
use iiif_testkit::pattern::photo;
use image::{DynamicImage, RgbImage};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Held by the test that measures: the allocator counts for all threads.
static MEASURING: Mutex<()> = Mutex::new(());

/// What is allocated besides: plans, threads, tables of coders.
const SMALL_BYTES: u64 = 1 << 20;

/// What the LZW encoder of a TIFF reserves; it touches no more than a strip of it.
const UNTOUCHED_BYTES: u64 = 1 << 24;

const WIDTH: u32 = 1400;
const HEIGHT: u32 = 1100;

/// What is asked alone.
const ALONE: [&str; 11] = [
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

/// Tiles and code blocks so small that what is kept of them counts.
fn jpeg2000_tiles() -> Jpeg2000Options {
    Jpeg2000Options {
        tile: Some((300, 200)),
        precinct: Some((128, 64)),
        block: (8, 4),
        ..Jpeg2000Options::default()
    }
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
    let _measuring = MEASURING.lock();
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
    let mut wrong = Vec::new();
    for (name, picture) in [
        ("photo", photo(WIDTH, HEIGHT).into()),
        ("noise", noise()),
        ("gray noise", noise().to_luma8().into()),
    ] {
        for (format, file) in [
            ("jpg", jpeg(&picture, &JpegOptions::default())),
            ("jp2", jpeg2000(&picture, &Jpeg2000Options::default())),
            ("tiled jp2", jpeg2000(&picture, &jpeg2000_tiles())),
            ("png", png(&picture, &PngOptions::default())),
            ("tif", tiff(&picture, &tiles)),
        ] {
            let source = SourceImage::probe(file, &DecodeLimits::default()).unwrap();
            let batches = ALONE.iter().map(std::slice::from_ref).chain([&all[..]]);
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

/// Checks a decode for the first of the requests, from which all are made, and tells what takes more
/// than it should.
fn kept(source: &SourceImage, requests: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |what: String, taken: usize, said: u64| {
        if taken as u64 > said + SMALL_BYTES {
            wrong.push(format!("{what}: took {taken}, said {said}"));
        }
    };
    let choice = source.decode_choice(&plan(source, requests[0]), u64::MAX);
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    let decoded = source.decode_chosen(&choice).unwrap();
    let taken = ALLOCATOR.peak_usage() - before;
    check(
        format!("decoding for {}", requests[0]),
        taken,
        choice.decoding_bytes(),
    );
    for request in requests {
        let plan = plan(source, request);
        ALLOCATOR.reset_peak_usage();
        let encoding = EncodeOptions::default();
        let made = decoded.derive(&plan, &encoding);
        let taken = ALLOCATOR.peak_usage() - before;
        let file_bytes = made.unwrap().bytes.len() as u64;
        let mut said = choice.kept_bytes() + choice.rendering_bytes(&plan);
        // A short file is copied, and as much of what was reserved for it never touched.
        let sample_bytes = plan.output().area() * source.pixel_layout().bytes_per_pixel();
        if file_bytes < sample_bytes / 2 {
            said += file_bytes;
        }
        if *request == "full/full/0/default.tif" {
            said += UNTOUCHED_BYTES;
        }
        check(format!("rendering {request}"), taken, said);
        let held = ALLOCATOR.current_usage() - before;
        check(format!("keeping after {request}"), held, decoded.bytes());
    }
    wrong
}

#[test]
fn a_kept_decode_takes_no_more_memory_than_it_says() {
    let _measuring = MEASURING.lock();
    let strips = TiffOptions {
        compression: Compression::Lzw,
        ..TiffOptions::default()
    };
    let smart = "-1,-1,500,300/full/0/default.jpg";
    let mut wrong = Vec::new();
    for (name, picture) in [("photo", photo(WIDTH, HEIGHT).into()), ("noise", noise())] {
        for (format, file) in [
            ("jpg", jpeg(&picture, &JpegOptions::default())),
            ("jp2", jpeg2000(&picture, &Jpeg2000Options::default())),
            ("tiled jp2", jpeg2000(&picture, &jpeg2000_tiles())),
            ("png", png(&picture, &PngOptions::default())),
            ("tif", tiff(&picture, &strips)),
            ("bmp", bmp(&picture)),
        ] {
            let source = SourceImage::probe(file, &DecodeLimits::default()).unwrap();
            let all_with = |request| {
                let choice = source.decode_choice(&plan(&source, request), u64::MAX);
                let served = [&ALONE[..], &[smart]].concat().into_iter().filter(|other| {
                    source.decode_choice(&plan(&source, other), u64::MAX) == choice
                });
                [request].into_iter().chain(served).collect::<Vec<_>>()
            };
            for request in [ALONE[0], ALONE[9], ALONE[10], smart] {
                let found = kept(&source, &all_with(request));
                wrong.extend(found.iter().map(|what| format!("{name}.{format} {what}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
