//! The documented example as a whole: bytes in, three derivatives out.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iiif_benches::{DOCUMENTED, plan, source};
use iiif_pipeline::{Analyses, Batch, EncodeOptions, PaletteOptions, Passthrough};

fn documented(c: &mut Criterion) {
    let source = source();
    let plans = DOCUMENTED
        .map(|request| plan(request, source.geometry()))
        .to_vec();
    let reencode = EncodeOptions::default().with_passthrough(Passthrough::Never);
    let palette = Analyses::default().with_palette(PaletteOptions::default());
    let batch = || Batch::new(&source).with_plans(plans.clone());
    let mut group = c.benchmark_group("derivatives");
    group.throughput(Throughput::Elements(source.dimensions().area()));
    group.sample_size(10);
    group.bench_function("documented/15mp", |b| {
        b.iter(|| batch().run(&|_index, derivative| drop(derivative)));
    });
    group.bench_function("documented-reencoded/15mp", |b| {
        let batch = || batch().with_encoding(reencode.clone());
        b.iter(|| batch().run(&|_index, derivative| drop(derivative)));
    });
    group.bench_function("documented-with-palette/15mp", |b| {
        let batch = || batch().with_analyses(palette.clone());
        b.iter(|| batch().run(&|_index, derivative| drop(derivative)));
    });
    group.finish();
}

criterion_group!(benches, documented);
criterion_main!(benches);
