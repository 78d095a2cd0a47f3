//! Derivatives of one JPEG as a whole: bytes in, files out, by the plans that decide about the decode.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iiif_benches::pictures::Picture;
use iiif_benches::{default_plans, documented_plans, plan, source};
use iiif_pipeline::{
    Analyses, Batch, BlurHashOptions, EncodeOptions, ImageHashOptions, PaletteOptions, Passthrough,
};

fn derivatives(c: &mut Criterion) {
    let source = source(Picture::Baseline);
    let geometry = source.geometry();
    let documented = || Batch::new(&source).with_plans(documented_plans(geometry));
    let reencode = EncodeOptions::default().with_passthrough(Passthrough::Never);
    let all = Analyses::default()
        .with_palette(PaletteOptions::default())
        .with_blurhash(BlurHashOptions::default())
        .with_image_hash(ImageHashOptions::default());
    let thumbnail = plan("full/!512,512/0/color.jpg", geometry);
    let batches = [
        ("documented/15mp", documented()),
        (
            "documented-reencoded/15mp",
            documented().with_encoding(reencode),
        ),
        (
            "defaults-with-analyses/15mp",
            Batch::new(&source)
                .with_plans(default_plans(geometry))
                .with_analyses(all),
        ),
        (
            "thumbnail-512/15mp",
            Batch::new(&source).with_plans(vec![thumbnail]),
        ),
    ];
    let mut group = c.benchmark_group("derivatives");
    group.throughput(Throughput::Elements(source.dimensions().area()));
    group.sample_size(10);
    for (name, batch) in batches {
        group.bench_function(name, |b| {
            b.iter(|| batch.run(&|_index, derivative| drop(derivative)));
        });
    }
    group.finish();
}

criterion_group!(benches, derivatives);
criterion_main!(benches);
