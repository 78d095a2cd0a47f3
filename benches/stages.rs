//! The stages of a derivative, one at a time, on a photograph of 14.7 megapixels.

use criterion::{Criterion, criterion_group, criterion_main};
use iiif_benches::pictures::{LARGE, Picture, measured, pixels};
use iiif_benches::{geometry_of, pixels_of, plan, source};
use iiif_image_api::Format;
use iiif_pipeline::{
    Analyses, BlurHashOptions, EncodeOptions, ImageHashOptions, PaletteOptions, analyze, encode,
    render,
};
use image::DynamicImage;

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode");
    group.sample_size(10);
    for picture in [Picture::Baseline, Picture::Progressive] {
        let source = source(picture);
        group.throughput(criterion::Throughput::Elements(source.dimensions().area()));
        group.bench_function(format!("{}/15mp", picture.name()), |b| {
            b.iter(|| source.decode());
        });
    }
    group.finish();
}

fn render_stages(c: &mut Criterion) {
    let image = pixels(measured(LARGE));
    let geometry = geometry_of(measured(LARGE));
    let stages = [
        (
            "resize/lanczos3/15mp-to-2048",
            "full/!2048,1536/0/color.png",
        ),
        ("resize/lanczos3/15mp-to-320", "full/!320,240/0/color.png"),
        ("smart-crop/15mp-to-320", "-1,-1,320,320/full/0/color.png"),
        ("rotate/30-degrees/1024", "full/1024,/30/color.png"),
        ("dither/1024", "full/1024,/0/dither.png"),
        ("crisp/1024", "full/1024,/0/crisp.png"),
    ];
    let mut group = c.benchmark_group("render");
    group.throughput(pixels_of(&image));
    group.sample_size(10);
    for (name, request) in stages {
        let plan = plan(request, geometry);
        group.bench_function(name, |b| b.iter(|| render(&image, &plan)));
    }
    group.finish();
}

fn encode_formats(c: &mut Criterion) {
    let image = pixels(measured(LARGE));
    let small = reduced(&image, "full/2048,/0/color.png");
    let mut group = c.benchmark_group("encode");
    group.throughput(pixels_of(&small));
    group.sample_size(10);
    for format in [
        Format::Jpg,
        Format::Png,
        Format::Gif,
        Format::Tif,
        Format::Webp,
    ] {
        group.bench_function(format!("{format}/2048"), |b| {
            b.iter(|| encode(&small, format, &EncodeOptions::default()));
        });
    }
    group.throughput(pixels_of(&image));
    group.bench_function("jpg/15mp", |b| {
        b.iter(|| encode(&image, Format::Jpg, &EncodeOptions::default()));
    });
    group.finish();
}

fn analyses(c: &mut Criterion) {
    let image = pixels(measured(LARGE));
    let small = reduced(&image, "full/448,/0/color.png");
    let all = [
        (
            "palette",
            Analyses::default().with_palette(PaletteOptions::default()),
        ),
        (
            "blurhash",
            Analyses::default().with_blurhash(BlurHashOptions::default()),
        ),
        (
            "image-hash",
            Analyses::default().with_image_hash(ImageHashOptions::default()),
        ),
    ];
    let mut group = c.benchmark_group("analyze");
    group.throughput(pixels_of(&small));
    for (name, analyses) in all {
        group.bench_function(format!("{name}/448"), |b| {
            b.iter(|| analyze(&small, &analyses));
        });
    }
    group.finish();
}

#[expect(clippy::expect_used, reason = "a benchmark without its input is over")]
fn reduced(image: &DynamicImage, request: &str) -> DynamicImage {
    render(image, &plan(request, geometry_of(measured(LARGE)))).expect("it fits")
}

criterion_group!(benches, decode, render_stages, encode_formats, analyses);
criterion_main!(benches);
