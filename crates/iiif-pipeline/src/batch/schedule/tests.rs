use iiif_image_api::ResolveOptions;
use iiif_testkit::encode::{Compression, JpegOptions, Layout, TiffOptions, jpeg, tiff};
use iiif_testkit::pattern::photo;

use super::*;
use crate::DecodeLimits;

const NO_LIMIT: u64 = u64::MAX;

fn jpeg_photo() -> SourceImage {
    let file = jpeg(&photo(640, 480).into(), &JpegOptions::default());
    SourceImage::probe(file, &DecodeLimits::default()).expect("a JPEG")
}

fn pyramid() -> SourceImage {
    let options = TiffOptions {
        layout: Layout::Tiles {
            width: 64,
            height: 64,
        },
        compression: Compression::Deflate,
        overviews: 3,
        ..TiffOptions::default()
    };
    let file = tiff(&photo(1024, 768).into(), &options);
    SourceImage::probe(file, &DecodeLimits::default()).expect("a TIFF")
}

fn schedule(source: &SourceImage, requests: &[&str], analyzes: bool, limit_bytes: u64) -> Schedule {
    let options = ResolveOptions::default();
    let plan = |request: &&str| {
        let request = request.parse().expect("a request");
        RenderPlan::resolve(&request, source.geometry(), &options).expect("a plan")
    };
    let plans: Vec<RenderPlan> = requests.iter().map(plan).collect();
    let planner = Planner {
        source,
        plans: &plans,
        analyzes,
        limit_bytes,
    };
    planner.schedule(&EncodeOptions::default())
}

/// Returns the plans of each wave of each pass.
fn waves(schedule: &Schedule) -> Vec<&[Vec<usize>]> {
    schedule.passes.iter().map(|pass| &pass.waves[..]).collect()
}

#[test]
fn one_decode_serves_all_and_the_largest_comes_first() {
    let requests = [
        "full/80,/0/default.png",
        "full/full/90/default.png",
        "full/300,/0/default.png",
    ];
    let schedule = schedule(&jpeg_photo(), &requests, false, NO_LIMIT);
    assert_eq!(waves(&schedule), [[vec![1, 2, 0]]]);
    assert!(schedule.refused.is_empty() && schedule.copied.is_empty());
}

#[test]
fn what_keeps_the_source_is_copied_and_not_decoded() {
    let requests = ["full/full/0/default.jpg"];
    let copied = schedule(&jpeg_photo(), &requests, false, NO_LIMIT);
    assert!(copied.passes.is_empty());
    assert_eq!(copied.copied[0].0, 0);
    let analyzed = schedule(&jpeg_photo(), &requests, true, NO_LIMIT);
    assert!(analyzed.passes[0].waves.is_empty());
    assert!(analyzed.passes[0].analyzes && analyzed.passes[0].needs_reduction);
}

#[test]
fn parts_and_levels_that_are_far_apart_are_decoded_apart() {
    let requests = ["0,0,64,64/full/0/default.png", "full/100,/0/default.png"];
    let apart = schedule(&pyramid(), &requests, false, NO_LIMIT);
    assert_eq!(waves(&apart), [[vec![1]], [vec![0]]]);
    let levels: Vec<usize> = apart
        .passes
        .iter()
        .map(|pass| pass.decoding.level)
        .collect();
    assert_eq!(levels, [3, 0]);
    let near = ["0,0,600,600/full/0/default.png", "full/full/0/default.png"];
    assert_eq!(schedule(&pyramid(), &near, false, NO_LIMIT).passes.len(), 1);
}

#[test]
fn only_smart_crops_and_analyses_need_the_reduction() {
    let needs = |requests: &[&str], analyzes| {
        let schedule = schedule(&jpeg_photo(), requests, analyzes, NO_LIMIT);
        schedule.passes[0].needs_reduction
    };
    assert!(!needs(&["full/80,/0/default.png"], false));
    assert!(needs(&["full/80,/0/default.png"], true));
    assert!(needs(&["-1,-1,100,100/full/0/default.png"], false));
}

#[test]
fn what_does_not_fit_at_once_is_made_in_waves_and_then_refused() {
    let source = jpeg_photo();
    let requests = ["full/full/90/default.png", "full/600,/0/default.png"];
    let all = schedule(&source, &requests, false, NO_LIMIT).memory_bytes;
    let tight = schedule(&source, &requests, false, all * 3 / 4);
    assert_eq!(waves(&tight), [[vec![0], vec![1]]]);
    assert!(tight.memory_bytes <= all * 3 / 4);
    let nothing = schedule(&source, &requests, false, 1 << 10);
    assert!(nothing.passes.is_empty());
    let refused: Vec<usize> = nothing.refused.iter().map(|(index, _)| *index).collect();
    assert_eq!(refused, [0, 1]);
    assert!(nothing.refused.iter().all(|(_, needed)| *needed > 1 << 10));
    assert!(nothing.refusal(1 << 10).is_some());
    let unanalyzed = schedule(&source, &[], true, 1 << 10);
    assert!(unanalyzed.refusal(1 << 10).is_some());
}

#[test]
fn analyses_that_do_not_fit_leave_the_plans_alone() {
    let source = pyramid();
    let requests = ["0,0,32,32/full/90/default.png"];
    let alone = schedule(&source, &requests, false, NO_LIMIT).memory_bytes;
    let tight = schedule(&source, &requests, true, alone);
    assert_eq!(waves(&tight), [[vec![0]]]);
    assert!(!tight.passes[0].analyzes);
    assert!(tight.refusal(alone).is_none() && tight.unanalyzed(alone).is_some());
}

#[test]
fn more_memory_never_leaves_out_more() {
    let requests = [
        "full/full/0/default.jpg",
        "full/!512,512/0/default.jpg",
        "full/100,/0/default.png",
        "0,0,200,200/full/90/default.png",
        "-1,-1,120,120/full/0/default.jpg",
    ];
    for source in [jpeg_photo(), pyramid()] {
        let enough = schedule(&source, &requests, true, NO_LIMIT).memory_bytes;
        let limits = (0..=64).map(|step| enough * step / 64);
        let left_out: Vec<usize> = limits
            .map(|limit| schedule(&source, &requests, true, limit).left_out())
            .collect();
        assert!(left_out.is_sorted_by(|a, b| a >= b), "{left_out:?}");
        assert_eq!(left_out[64], 0);
    }
}
