//! Batches: one decode, many derivatives; and the source's own data passed through.

use std::sync::Mutex;

use bytes::Bytes;
use iiif_image_api::{Dimensions, Orientation, RenderPlan, ResolveOptions};
use iiif_pipeline::{
    Analyses, Batch, DecodeLimits, Derivative, EncodeOptions, ErrorKind, ImageHashOptions,
    Passthrough, Result, SourceImage,
};
use iiif_testkit::encode::{COMMENT, GPS_MARKER, JpegColor, JpegOptions, XMP_MARKER, jpeg};
use iiif_testkit::pattern;

fn probe(bytes: impl Into<Bytes>) -> SourceImage {
    SourceImage::probe(bytes, &DecodeLimits::default()).expect("an image")
}

fn photo(options: &JpegOptions) -> Vec<u8> {
    jpeg(&pattern::photo(160, 120).into(), options)
}

fn plans(source: &SourceImage, requests: &[&str]) -> Vec<RenderPlan> {
    let plan = |request: &&str| {
        let request = request.parse().expect("a request");
        RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default())
    };
    requests
        .iter()
        .map(plan)
        .collect::<Result<_, _>>()
        .expect("plans")
}

/// Runs the batch and returns the results in the order of the plans.
fn run(batch: &Batch, count: usize) -> Vec<Result<Derivative>> {
    let results = Mutex::new(Vec::new());
    batch
        .run(&|index, result| results.lock().expect("unpoisoned").push((index, result)))
        .expect("decoded");
    let mut results = results.into_inner().expect("unpoisoned");
    results.sort_by_key(|(index, _)| *index);
    let indexes: Vec<usize> = results.iter().map(|(index, _)| *index).collect();
    assert_eq!(indexes, (0..count).collect::<Vec<_>>());
    results.into_iter().map(|(_, result)| result).collect()
}

fn derivatives(source: &SourceImage, requests: &[&str]) -> Vec<Bytes> {
    let batch = Batch::new(source).with_plans(plans(source, requests));
    let results = run(&batch, requests.len());
    let bytes = results
        .into_iter()
        .map(|result| result.expect("made").bytes);
    bytes.collect()
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes
        .windows(part.len())
        .any(|window| window == part.as_bytes())
}

const MANY: [&str; 9] = [
    "full/80,/0/default.jpg",
    "full/full/90/gray.png",
    "10,10,50,40/100,/!180/color.webp",
    "-1,-1,48,48/full/0/color.jpg",
    "full/64,/0/dither.png",
    "full/100,/0/crisp.jpg",
    "full/90,/30/default.png",
    "full/70,/0/color.gif",
    "full/60,/0/bitonal.tif",
];

/// The one of [`MANY`] that needs every pixel, so that no smaller decode serves.
const WHOLE: &str = MANY[1];

#[test]
fn a_derivative_does_not_depend_on_those_made_of_the_same_decode() {
    let source = probe(photo(&JpegOptions {
        exif_orientation: Some(6),
        ..JpegOptions::default()
    }));
    let together = derivatives(&source, &MANY);
    for (request, bytes) in MANY.iter().zip(&together) {
        assert_eq!(
            derivatives(&source, &[WHOLE, request])[1],
            bytes,
            "{request}"
        );
    }
}

#[test]
fn the_bytes_are_the_same_at_any_number_of_threads() {
    let source = probe(photo(&JpegOptions::default()));
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("a pool")
            .install(|| derivatives(&source, &MANY))
    };
    let one = with(1);
    assert!(one == with(4));
    assert!(one == with(3));
}

#[test]
fn derivatives_have_the_dimensions_and_format_of_their_plans() {
    let source = probe(photo(&JpegOptions::default()));
    let plans = plans(&source, &MANY);
    let results = run(&Batch::new(&source).with_plans(plans.clone()), MANY.len());
    for (result, plan) in results.into_iter().zip(plans) {
        let derivative = result.expect("made");
        assert_eq!(
            (derivative.dimensions, derivative.format),
            (plan.output(), plan.format())
        );
        let file = probe(derivative.bytes);
        assert_eq!(file.dimensions(), plan.output());
        assert_eq!(file.geometry().orientation, Orientation::TopLeft);
    }
}

#[test]
fn a_plan_that_fails_does_not_stop_the_others() {
    let source = probe(photo(&JpegOptions::default()));
    let requests = [
        "full/20,/0/default.pdf",
        "full/20,/0/default.jpg",
        "full/200000,200000/0/default.jpg",
    ];
    let batch = Batch::new(&source).with_plans(plans(&source, &requests));
    let kinds: Vec<_> = run(&batch, 3)
        .into_iter()
        .map(|result| result.map_err(|error| error.kind()).err())
        .collect();
    assert_eq!(
        kinds,
        [
            Some(ErrorKind::Unsupported),
            None,
            Some(ErrorKind::TooLarge)
        ]
    );
}

#[test]
fn a_damaged_source_fails_as_a_whole_and_nothing_is_handed_over() {
    let whole = photo(&JpegOptions::default());
    let source = probe(whole[..whole.len() / 2].to_vec());
    for requests in [
        &["full/full/0/default.jpg"][..],
        &["full/full/0/default.jpg", "full/10,/0/default.jpg"],
    ] {
        let batch = Batch::new(&source).with_plans(plans(&source, requests));
        let error = batch.run(&|index, _| panic!("{index} was handed over"));
        assert_eq!(error.expect_err("damaged").kind(), ErrorKind::Corrupt);
    }
}

#[test]
fn an_unchanged_jpeg_is_passed_through_without_metadata() {
    let icc = vec![7; 70_000];
    let file = photo(&JpegOptions {
        gps: true,
        icc: Some(icc.clone()),
        xmp: true,
        comment: Some(COMMENT),
        ..JpegOptions::default()
    });
    let mut with_appendix = file.clone();
    with_appendix.extend_from_slice(b"a film with a soundtrack");
    let source = probe(with_appendix);
    for request in [
        "full/full/0/default.jpg",
        "full/160,/0/color.jpg",
        "full/full/-1/color.jpg",
    ] {
        let bytes = derivatives(&source, &[request]).remove(0);
        for private in [GPS_MARKER, XMP_MARKER, COMMENT, "Exif", "soundtrack"] {
            assert!(!contains(&bytes, private), "{private} in {request}");
        }
        // What is compressed follows the start of the scan.
        let scan = |file: &[u8]| {
            let start = file.windows(2).position(|pair| pair == [0xFF, 0xDA]);
            file[start.expect("a scan")..].to_vec()
        };
        assert!(scan(&bytes) == scan(&file));
        let passed = probe(bytes);
        assert_eq!(passed.icc_profile(), Some(&icc[..]));
    }
}

#[test]
fn segments_that_no_decoder_needs_are_not_passed_through() {
    let mut file = photo(&JpegOptions::default());
    // Behind the start of the image: a segment of a reserved marker.
    let hidden = [&[0xFF, 0xF0, 0, 14], b"HIDDEN PLACE".as_slice()].concat();
    file.splice(2..2, hidden);
    let source = probe(file);
    let [made] = derivatives(&source, &["full/full/0/color.jpg"])
        .try_into()
        .unwrap();
    assert!(!contains(&made, "HIDDEN"));
    assert!(contains(&source.compressed().unwrap(), "HIDDEN"));
}

#[test]
fn passed_through_pixels_are_those_of_the_source() {
    for progressive in [false, true] {
        let source = probe(photo(&JpegOptions {
            progressive,
            ..JpegOptions::default()
        }));
        let bytes = derivatives(&source, &["full/full/0/default.jpg"]).remove(0);
        let (passed, original) = (probe(bytes).decode(), source.decode());
        assert_eq!(passed.expect("decoded"), original.expect("decoded"));
    }
}

#[test]
fn the_orientation_is_all_that_is_left_where_it_is_not_applied() {
    for orientation in Orientation::ALL {
        let source = probe(photo(&JpegOptions {
            exif_orientation: Some(orientation.to_exif()),
            gps: true,
            ..JpegOptions::default()
        }));
        let bytes = derivatives(&source, &["full/full/-1/default.jpg"]).remove(0);
        assert!(!contains(&bytes, GPS_MARKER));
        assert_eq!(
            contains(&bytes, "Exif"),
            orientation != Orientation::TopLeft
        );
        let passed = probe(bytes);
        assert_eq!(passed.geometry(), source.geometry());
        assert_eq!(
            passed.decode().expect("decoded"),
            source.decode().expect("decoded")
        );
    }
}

#[test]
fn an_orientation_that_is_applied_leaves_nothing_to_turn() {
    let source = probe(photo(&JpegOptions {
        exif_orientation: Some(6),
        ..JpegOptions::default()
    }));
    let bytes = derivatives(&source, &["full/full/0/default.jpg"]).remove(0);
    assert!(!contains(&bytes, "Exif"));
    let turned = probe(bytes).geometry();
    assert_eq!(turned.stored, Dimensions::new(120, 160).expect("not zero"));
    assert_eq!(turned.orientation, Orientation::TopLeft);
}

#[test]
fn passthrough_can_be_forbidden() {
    let file = photo(&JpegOptions {
        quality: 95,
        ..JpegOptions::default()
    });
    let source = probe(file.clone());
    let plans = plans(&source, &["full/full/0/default.jpg"]);
    let encoding = EncodeOptions::default().with_passthrough(Passthrough::Never);
    let batch = Batch::new(&source)
        .with_plans(plans)
        .with_encoding(encoding);
    let derivative = run(&batch, 1).remove(0).expect("made");
    assert!(derivative.bytes.len() < file.len() * 3 / 4);
}

#[test]
fn inks_are_encoded_anew() {
    let source = probe(photo(&JpegOptions {
        color: JpegColor::Cmyk,
        ..JpegOptions::default()
    }));
    let bytes = derivatives(&source, &["full/full/0/default.jpg"]).remove(0);
    assert_eq!(probe(bytes).color_model(), iiif_pipeline::ColorModel::Rgb);
}

#[test]
fn an_unchanged_png_is_passed_through_without_its_texts() {
    let picture = pattern::photo(40, 30).into();
    let format = "png".parse().expect("a format");
    let png = iiif_pipeline::encode(&picture, format, &EncodeOptions::default());
    let mut png = png.expect("encoded");
    // A text chunk after IHDR; its checksum is that of "tEXtComment\0secret".
    let text: &[u8] = b"\0\0\0\x0etEXtComment\0secret\xf4\xde\xa2\x3e";
    let crc = crc32(&text[4..text.len() - 4]).to_be_bytes();
    let text = [&text[..text.len() - 4], &crc].concat();
    let original = png.clone();
    png.splice(33..33, text);
    let source = probe(png.clone());
    let bytes = derivatives(&source, &["full/full/0/default.png"]).remove(0);
    assert_eq!(bytes, original);

    // A wrong checksum is not passed on.
    let last = png.len() - 20;
    png[last] ^= 1;
    let source = probe(png);
    let batch = Batch::new(&source).with_plans(plans(&source, &["full/full/0/default.png"]));
    assert!(batch.run(&|_, _| ()).is_err());
}

/// CRC-32 bit by bit (PNG 3rd edition annex D).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 * (crc & 1))
        })
    })
}

#[test]
fn analyses_look_at_the_upright_image() {
    let quadrants = pattern::quadrants(200, 100);
    let analyses = || Analyses::default().with_image_hash(ImageHashOptions::default());
    let report = |bytes: Vec<u8>| {
        let source = probe(bytes);
        Batch::new(&source)
            .with_analyses(analyses())
            .run(&|_, _| ())
            .expect("analyzed")
    };
    let stored = report(jpeg(
        &quadrants.clone().into(),
        &JpegOptions {
            exif_orientation: Some(3),
            ..JpegOptions::default()
        },
    ));
    let upright = report(jpeg(
        &image::imageops::rotate180(&quadrants).into(),
        &JpegOptions::default(),
    ));
    let other = report(jpeg(&quadrants.into(), &JpegOptions::default()));
    assert!(stored.imagehash.is_some());
    assert_eq!(stored.imagehash, upright.imagehash);
    assert_ne!(stored.imagehash, other.imagehash);
}

#[test]
fn the_memory_estimate_covers_raster_and_outputs() {
    let source = probe(photo(&JpegOptions::default()));
    let (raster, file) = (160 * 120 * 3, source.len_bytes());
    let memory = |requests: &[&str]| {
        let batch = Batch::new(&source).with_plans(plans(&source, requests));
        batch.memory_bytes()
    };
    assert_eq!(memory(&[]), 0);
    assert!(memory(&["full/full/0/default.jpg"]) < 2 * file);
    // The raster, and as much again for a file.
    assert!(memory(&["full/full/0/default.png"]) >= 2 * raster);
    assert!(memory(&["full/1600,/0/default.png"]) >= raster + 2 * 100 * raster);
    let one = memory(&["full/80,/0/default.png"]);
    assert!(memory(&["full/80,/0/default.png"; 2]) > one);
}

#[test]
fn plans_of_one_decode_are_the_same_rendered_together_or_one_by_one() {
    let source = probe(photo(&JpegOptions::default()));
    let requests = [
        "full/full/0/color.png",
        "full/150,/0/color.png",
        "full/140,/0/color.png",
        "full/full/90/color.png",
    ];
    let batch = || Batch::new(&source).with_plans(plans(&source, &requests));
    let all_bytes = batch().memory_bytes();
    let together = run(&batch(), requests.len());
    let limited = batch().with_memory_limit(all_bytes * 3 / 4);
    assert!(limited.memory_bytes() <= all_bytes * 3 / 4);
    let one_by_one = run(&limited, requests.len());
    for (a, b) in together.into_iter().zip(one_by_one) {
        assert_eq!(a.expect("made"), b.expect("made"));
    }
}

#[test]
fn a_plan_that_does_not_fit_into_the_memory_limit_fails_alone() {
    let source = probe(photo(&JpegOptions::default()));
    let requests = ["full/80,/0/color.jpg", "full/1600,/0/color.png"];
    let batch = Batch::new(&source)
        .with_plans(plans(&source, &requests))
        .with_memory_limit(1 << 20);
    let results = run(&batch, 2);
    assert!(results[0].is_ok());
    let error = results[1].as_ref().expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let message = error.to_string();
    assert!(message.contains("the memory limit is 1 MiB"), "{message}");
}

#[test]
fn a_source_of_which_nothing_fits_into_the_memory_limit_fails_as_a_whole() {
    let source = probe(photo(&JpegOptions::default()));
    let batch = || Batch::new(&source).with_memory_limit(1000);
    let analyses = Analyses::default().with_image_hash(ImageHashOptions::default());
    for batch in [
        batch().with_plans(plans(&source, &["full/80,/0/color.jpg"])),
        batch().with_analyses(analyses),
    ] {
        let error = batch.run(&|index, _| panic!("{index} was handed over"));
        assert_eq!(error.expect_err("too large").kind(), ErrorKind::TooLarge);
    }
}

#[test]
fn options_out_of_range_fail_before_anything_is_decoded() {
    let source = probe(photo(&JpegOptions::default()));
    let batch = Batch::new(&source).with_encoding(EncodeOptions::default().with_jpeg_quality(0));
    let error = batch.run(&|_, _| ()).expect_err("out of range");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}
