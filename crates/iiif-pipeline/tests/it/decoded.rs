//! Decodes that are kept, and what is made of them.

use std::collections::HashSet;

use bytes::Bytes;
use iiif_image_api::{RenderPlan, ResolveOptions};
use iiif_pipeline::{DecodeChoice, DecodeLimits, EncodeOptions, Error, SourceImage};
use iiif_testkit::encode::{
    Compression, Jpeg2000Options, JpegColor, JpegOptions, Layout, Photometric, PngOptions,
    TiffOptions, WebpOptions, bmp, gif, jpeg, jpeg2000, png, tiff, webp,
};
use iiif_testkit::pattern::{photo, with_alpha};

/// Not a multiple of anything.
const SIZE: (u32, u32) = (1203, 909);

/// More than any decode here takes.
const LIMIT_BYTES: u64 = 1 << 30;

const TILE_PX: u32 = 256;

/// What a viewer and a page with thumbnails ask for.
const REQUESTS: [&str; 14] = [
    "0,0,256,256/full/0/default.jpg",
    "256,512,256,256/full/0/gray.png",
    "0,0,512,512/256,256/0/default.jpg",
    "512,512,512,397/256,199/0/default.jpg",
    "0,0,1024,909/256,228/0/default.jpg",
    "full/301,/0/default.jpg",
    "full/151,/0/default.webp",
    "full/90,/90/default.jpg",
    "full/500,/!0/bitonal.png",
    "full/40,/12/default.png",
    "-1,-1,100,100/50,/0/default.jpg",
    "700,100,300,300/299,/-1/color.jpg",
    "square/!32,32/0/crisp.jpg",
    "full/1500,/0/default.jpg",
];

fn probe(bytes: impl Into<Bytes>) -> SourceImage {
    SourceImage::probe(bytes, &DecodeLimits::default()).expect("an image")
}

fn plan(source: &SourceImage, request: &str) -> RenderPlan {
    let request = request.parse().expect("a request");
    RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default()).expect("a plan")
}

fn choice(source: &SourceImage, request: &str) -> DecodeChoice {
    source.decode_choice(&plan(source, request), LIMIT_BYTES)
}

fn tiles() -> TiffOptions {
    TiffOptions {
        layout: Layout::Tiles {
            width: 128,
            height: 128,
        },
        compression: Compression::Deflate,
        overviews: 2,
        ..TiffOptions::default()
    }
}

fn sources() -> Vec<(&'static str, SourceImage)> {
    let picture = photo(SIZE.0, SIZE.1).into();
    let turned = JpegOptions {
        exif_orientation: Some(6),
        ..JpegOptions::default()
    };
    let cmyk = JpegOptions {
        color: JpegColor::Cmyk,
        ..JpegOptions::default()
    };
    let deep = PngOptions {
        bit_depth: 16,
        ..PngOptions::default()
    };
    let interlaced = PngOptions {
        interlaced: true,
        exif_orientation: Some(8),
        ..PngOptions::default()
    };
    let strips = TiffOptions {
        compression: Compression::Lzw,
        orientation: Some(3),
        ..TiffOptions::default()
    };
    let inks = TiffOptions {
        photometric: Photometric::Cmyk,
        compression: Compression::PackBits,
        ..TiffOptions::default()
    };
    let transparent = with_alpha(&photo(SIZE.0, SIZE.1)).into();
    let jpeg2000_tiles = Jpeg2000Options {
        tile: Some((256, 256)),
        ..Jpeg2000Options::default()
    };
    vec![
        (
            "jpeg 2000",
            probe(jpeg2000(&picture, &Jpeg2000Options::default())),
        ),
        (
            "jpeg 2000 tiles",
            probe(jpeg2000(&picture, &jpeg2000_tiles)),
        ),
        ("jpg", probe(jpeg(&picture, &JpegOptions::default()))),
        ("turned jpg", probe(jpeg(&picture, &turned))),
        ("cmyk jpg", probe(jpeg(&picture, &cmyk))),
        ("png", probe(png(&picture, &PngOptions::default()))),
        ("16-bit png", probe(png(&picture, &deep))),
        ("interlaced png", probe(png(&picture, &interlaced))),
        ("gif", probe(gif(&picture))),
        ("webp", probe(webp(&transparent, &WebpOptions::default()))),
        ("bmp", probe(bmp(&picture))),
        ("lzw strips", probe(tiff(&picture, &strips))),
        ("cmyk strips", probe(tiff(&picture, &inks))),
        (
            "plain strips",
            probe(tiff(&picture, &TiffOptions::default())),
        ),
        ("tiles", probe(tiff(&picture, &tiles()))),
    ]
}

#[test]
fn a_kept_decode_gives_the_bytes_that_a_fresh_one_gives() {
    let encoding = EncodeOptions::default();
    for (name, source) in sources() {
        let plans: Vec<RenderPlan> = REQUESTS
            .iter()
            .map(|request| plan(&source, request))
            .collect();
        let fresh: Vec<_> = plans
            .iter()
            .map(|plan| {
                let choice = source.decode_choice(plan, LIMIT_BYTES);
                let decoded = source.decode_chosen(&choice).expect("decoded");
                decoded.derive(plan, &encoding).expect("made")
            })
            .collect();
        let choices: HashSet<_> = plans
            .iter()
            .map(|plan| source.decode_choice(plan, LIMIT_BYTES))
            .collect();
        for choice in choices {
            let kept = source.decode_chosen(&choice).expect("decoded");
            let served: Vec<usize> = (0..plans.len())
                .filter(|index| source.decode_choice(&plans[*index], LIMIT_BYTES) == choice)
                .collect();
            // Forth, then back: each is made before and after the others.
            for index in served.iter().chain(served.iter().rev()) {
                let derivative = kept.derive(&plans[*index], &encoding).expect("made");
                let request = REQUESTS[*index];
                assert_eq!(derivative.dimensions, plans[*index].output());
                assert!(derivative == fresh[*index], "{name}: {request}");
            }
        }
    }
}

#[test]
fn bytes_do_not_depend_on_threads_that_share_a_decode() {
    let source = probe(bmp(&photo(SIZE.0, SIZE.1).into()));
    let encoding = EncodeOptions::default();
    let requests = [
        "full/90,/0/default.jpg",
        "full/200,/0/default.jpg",
        "-1,-1,90,90/full/0/default.jpg",
    ];
    let one = |request: &str| {
        let decoded = source
            .decode_chosen(&choice(&source, request))
            .expect("decoded");
        decoded
            .derive(&plan(&source, request), &encoding)
            .expect("made")
    };
    let decoded = source
        .decode_chosen(&choice(&source, requests[0]))
        .expect("decoded");
    std::thread::scope(|scope| {
        for request in requests.iter().cycle().take(12) {
            let (decoded, encoding) = (&decoded, &encoding);
            let plan = plan(&source, request);
            let expected = one(request);
            scope.spawn(move || {
                let made = decoded.derive(&plan, encoding).expect("made");
                assert!(made == expected, "{request}");
            });
        }
    });
}

/// Returns the requests of all tiles of a scale factor, as viewers make them.
fn tiles_of(source: &SourceImage, factor: u32) -> Vec<String> {
    let full = source.dimensions();
    let edge = TILE_PX * factor;
    let mut requests = Vec::new();
    for y in (0..full.height()).step_by(edge as usize) {
        for x in (0..full.width()).step_by(edge as usize) {
            let (width, height) = (edge.min(full.width() - x), edge.min(full.height() - y));
            let (across, down) = (width.div_ceil(factor), height.div_ceil(factor));
            requests.push(format!(
                "{x},{y},{width},{height}/{across},{down}/0/default.jpg"
            ));
        }
    }
    requests
}

#[test]
fn all_tiles_of_a_scale_factor_share_a_decode() {
    for (name, source) in sources() {
        let mut all = HashSet::new();
        for factor in [1, 2, 4] {
            let requests = tiles_of(&source, factor);
            let choices: HashSet<_> = requests
                .iter()
                .map(|request| choice(&source, request))
                .collect();
            let is_reusable = choices.iter().all(DecodeChoice::is_reusable);
            let in_parts = name.ends_with("tiles") || (name == "plain strips" && factor < 4);
            assert_eq!(is_reusable, !in_parts, "{name}, 1/{factor}");
            let expected = if in_parts { requests.len() } else { 1 };
            assert_eq!(choices.len(), expected, "{name}, 1/{factor}");
            all.extend(choices);
        }
        let is_one = matches!(name, "cmyk jpg" | "interlaced png" | "gif" | "webp" | "bmp");
        assert!(!is_one || all.len() == 1, "{name}");
    }
}

#[test]
fn sizes_of_all_kinds_share_few_decodes() {
    for (name, source) in sources() {
        let choices: HashSet<_> = (1..=SIZE.0)
            .map(|width| choice(&source, &format!("full/{width},/0/default.jpg")))
            .filter(DecodeChoice::is_reusable)
            .collect();
        // Full, and down to an eighth for JPEG, to 2 pixels for PNG.
        assert!(choices.len() <= 11, "{name}: {}", choices.len());
    }
}

#[test]
fn what_is_too_large_to_be_kept_is_decoded_in_parts_where_that_is_possible() {
    let request = "100,200,300,100/150,/0/default.jpg";
    for (name, source) in sources() {
        let plan = plan(&source, request);
        let whole = source.decode_choice(&plan, LIMIT_BYTES);
        let part = source.decode_choice(&plan, whole.kept_bytes() - 1);
        assert_eq!(source.decode_choice(&plan, whole.kept_bytes()), whole);
        let has_parts = matches!(name, "png" | "16-bit png" | "lzw strips" | "cmyk strips");
        if has_parts {
            assert!(
                !part.is_reusable() && part.kept_bytes() < whole.kept_bytes(),
                "{name}"
            );
            let decoded = source.decode_chosen(&part).expect("decoded");
            assert!(
                decoded.derive(&plan, &EncodeOptions::default()).is_ok(),
                "{name}"
            );
        } else {
            assert_eq!(part, whole, "{name}");
        }
    }
}

#[test]
fn a_decode_serves_no_plan_that_needs_another() {
    let picture = photo(SIZE.0, SIZE.1).into();
    let source = probe(png(&picture, &PngOptions::default()));
    let small = source
        .decode_chosen(&choice(&source, "full/100,/0/default.jpg"))
        .expect("decoded");
    let large = plan(&source, "full/1000,/0/default.jpg");
    let error = small.derive(&large, &EncodeOptions::default()).unwrap_err();
    assert!(matches!(error, Error::OtherDecode), "{error}");

    let other = probe(png(&photo(100, 50).into(), &PngOptions::default()));
    let error = other.decode_chosen(&small.choice()).unwrap_err();
    assert!(matches!(error, Error::OtherDecode), "{error}");
}
