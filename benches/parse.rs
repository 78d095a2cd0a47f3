//! Requests: parsed, resolved, printed.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iiif_benches::pictures::LARGE;
use iiif_benches::{DOCUMENTED, geometry_of, plan};
use iiif_image_api::DerivativeRequest;

fn parse(c: &mut Criterion) {
    let geometry = geometry_of(LARGE);
    let mut group = c.benchmark_group("parse");
    group.throughput(Throughput::Elements(DOCUMENTED.len() as u64));
    group.bench_function("request", |b| {
        b.iter(|| DOCUMENTED.map(|text| black_box(text).parse::<DerivativeRequest>()));
    });
    group.bench_function("request-to-plan", |b| {
        b.iter(|| DOCUMENTED.map(|text| plan(black_box(text), geometry)));
    });
    group.finish();
}

criterion_group!(benches, parse);
criterion_main!(benches);
