//! The documented example, a reduction and a region, of sources in other formats than baseline JPEG.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iiif_benches::pictures::Picture;
use iiif_benches::{documented_plans, plan, source};
use iiif_pipeline::Batch;

/// A reduction to a tenth, for which a pyramid has a level and a picture in bands need not be held.
const REDUCTION: &str = "full/!512,512/0/color.jpg";

/// A part in the size of the source, which lies in few tiles.
const REGION: &str = "pct:50,50,10,10/full/0/color.jpg";

fn formats(c: &mut Criterion) {
    let mut group = c.benchmark_group("formats");
    group.sample_size(10);
    for picture in [
        Picture::Progressive,
        Picture::Png,
        Picture::Pyramid,
        Picture::Tiles,
    ] {
        let source = source(picture);
        let geometry = source.geometry();
        group.throughput(Throughput::Elements(source.dimensions().area()));
        let works = [
            ("documented", documented_plans(geometry)),
            ("reduced-512", vec![plan(REDUCTION, geometry)]),
            ("region", vec![plan(REGION, geometry)]),
        ];
        for (work, plans) in works {
            let batch = Batch::new(&source).with_plans(plans);
            group.bench_function(format!("{}/{work}/15mp", picture.name()), |b| {
                b.iter(|| batch.run(&|_index, derivative| drop(derivative)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, formats);
criterion_main!(benches);
