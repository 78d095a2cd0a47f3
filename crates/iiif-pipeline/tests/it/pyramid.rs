//! TIFFs that are read in part: levels, regions, what lies outside of memory.

use iiif_image_api::{RenderPlan, ResolveOptions};
use iiif_pipeline::{Batch, EncodeOptions, Error, SourceImage, render};
use iiif_testkit::compare::{assert_similar, psnr};
use iiif_testkit::encode::{
    ByteOrder, Compression, Layout, Photometric, Predictor, Pyramid, TiffOptions, tiff,
    tiff_pyramid,
};
use iiif_testkit::pattern::photo;
use image::{DynamicImage, Rgb, RgbImage};

use crate::decode::probe;
use crate::logged::open_local;

const PLACES: [Pyramid; 3] = [Pyramid::Marked, Pyramid::Unmarked, Pyramid::SubDirectories];

const TILES: Layout = Layout::Tiles {
    width: 16,
    height: 16,
};

/// The color of each level.
const COLORS: [[u8; 3]; 4] = [[200, 0, 0], [0, 150, 0], [0, 0, 250], [90, 90, 90]];

fn tiled() -> TiffOptions {
    TiffOptions {
        layout: TILES,
        ..TiffOptions::default()
    }
}

fn flat((width, height): (u32, u32), color: [u8; 3]) -> DynamicImage {
    RgbImage::from_pixel(width, height, Rgb(color)).into()
}

/// Pages of these sizes, each of a color of its own.
fn colored(sizes: &[(u32, u32)]) -> Vec<DynamicImage> {
    let pages = sizes.iter().zip(COLORS);
    pages.map(|(size, color)| flat(*size, color)).collect()
}

pub(crate) fn plan(source: &SourceImage, request: &str) -> RenderPlan {
    let request = request.parse().expect("a request");
    RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default()).expect("a plan")
}

pub(crate) fn derive(source: &SourceImage, request: &str) -> Result<DynamicImage, Error> {
    let derivative = source.derive(plan(source, request), &EncodeOptions::default())?;
    Ok(image::load_from_memory(&derivative.bytes).expect("what was encoded"))
}

/// Returns the color of a derivative that has only one.
fn color(source: &SourceImage, request: &str) -> [u8; 3] {
    let derivative = derive(source, request).expect("a derivative").into_rgb8();
    let first = derivative.get_pixel(0, 0).0;
    assert!(
        derivative.pixels().all(|pixel| pixel.0 == first),
        "{request}"
    );
    first
}

#[test]
fn smallest_level_that_suffices_is_read() {
    let pages = colored(&[(200, 120), (100, 60), (50, 30), (25, 15)]);
    let cases = [
        ("full/full/0/default.png", 0),
        ("full/101,/0/default.png", 0),
        ("full/100,/0/default.png", 1),
        ("full/60,/0/default.png", 1),
        ("full/!50,50/0/default.png", 2),
        ("full/26,/0/default.png", 2),
        ("full/25,/0/default.png", 3),
        ("full/3,/0/default.png", 3),
        // Regions are what is asked for, not all of the picture.
        ("20,20,40,40/40,/0/default.png", 0),
        ("20,20,40,40/20,/0/default.png", 1),
        ("21,23,41,43/11,/0/default.png", 1),
        ("21,23,41,43/10,/90/default.png", 2),
        // The shorter side decides.
        ("full/25,120/0/default.png", 0),
        ("full/200,15/0/default.png", 0),
        ("full/25,30/0/default.png", 2),
    ];
    for place in PLACES {
        for byte_order in [ByteOrder::Little, ByteOrder::Big] {
            for big_tiff in [false, true] {
                let options = TiffOptions {
                    byte_order,
                    big_tiff,
                    ..tiled()
                };
                let source = probe(tiff_pyramid(&pages, place, &options));
                for (request, level) in cases {
                    let found = color(&source, request);
                    assert_eq!(found, COLORS[level], "{request} of {place:?} {options:?}");
                }
            }
        }
    }
}

#[test]
fn levels_rounded_either_way_and_by_other_factors_are_read() {
    let cases: [&[(u32, u32)]; 4] = [
        &[(201, 121), (100, 60), (50, 30)],
        &[(201, 121), (101, 61), (51, 31)],
        &[(200, 121), (67, 40), (22, 13)],
        &[(200, 9), (100, 4), (50, 2)],
    ];
    for sizes in cases {
        let source = probe(tiff_pyramid(&colored(sizes), Pyramid::Marked, &tiled()));
        for (size, expected) in sizes.iter().zip(COLORS) {
            let request = format!("full/{},{}/0/default.png", size.0, size.1);
            assert_eq!(color(&source, &request), expected, "{request} of {sizes:?}");
        }
    }
}

#[test]
fn other_pictures_are_no_levels() {
    type Sizes<'a> = &'a [(u32, u32)];
    let strips = TiffOptions::default();
    let cases: [(Sizes<'_>, Pyramid, TiffOptions); 7] = [
        // Pages of a document.
        (&[(200, 120), (200, 120)], Pyramid::Unmarked, tiled()),
        (&[(200, 120), (90, 54)], Pyramid::Unmarked, tiled()),
        (&[(200, 120), (60, 100)], Pyramid::Unmarked, tiled()),
        (&[(200, 120), (100, 60)], Pyramid::Unmarked, strips.clone()),
        // What follows another page belongs to that.
        (
            &[(200, 120), (180, 120), (90, 60)],
            Pyramid::Unmarked,
            tiled(),
        ),
        // Another shape: a detail, or a picture beside it.
        (&[(200, 120), (100, 100)], Pyramid::Marked, strips.clone()),
        (&[(200, 120), (100, 64)], Pyramid::SubDirectories, strips),
    ];
    for (sizes, place, options) in cases {
        let source = probe(tiff_pyramid(&colored(sizes), place, &options));
        let found = color(&source, "full/20,/0/default.png");
        assert_eq!(found, COLORS[0], "{sizes:?} {place:?}");
    }
}

#[test]
fn levels_of_few_colors_are_left_alone() {
    // Black and white lines: what is seen from afar is gray, and a level cannot say so.
    let lines = RgbImage::from_fn(64, 64, |_, y| Rgb([(y % 2 * 255) as u8; 3]));
    for (photometric, bits) in [(Photometric::MinIsBlack, 1), (Photometric::Palette, 4)] {
        let pages = [
            DynamicImage::from(lines.clone()),
            flat((32, 32), [255; 3]),
            flat((16, 16), [255; 3]),
        ];
        let options = TiffOptions {
            photometric,
            bits,
            ..tiled()
        };
        let source = probe(tiff_pyramid(&pages, Pyramid::Marked, &options));
        let [level, ..] = color(&source, "full/16,/0/default.png");
        assert!(level.abs_diff(127) <= 1, "{level}");
    }
}

#[test]
fn derivatives_from_levels_resemble_those_of_the_whole() {
    let picture = DynamicImage::from(photo(640, 480));
    for compression in [Compression::Deflate, Compression::Jpeg] {
        let options = TiffOptions {
            compression,
            ..tiled()
        };
        let whole = probe(tiff(&picture, &options));
        let pyramid = probe(tiff(
            &picture,
            &TiffOptions {
                overviews: 4,
                ..options
            },
        ));
        let decoded = whole.decode().unwrap();
        for request in [
            "full/100,/0/default.png",
            "full/!300,300/90/default.png",
            "40,60,333,301/70,/0/default.png",
            "pct:10,20,30,40/!64,64/0/default.png",
        ] {
            let expected = render(&decoded, &plan(&whole, request)).unwrap();
            // The averages of the whole are as good as Lanczos; levels are what their writer made.
            assert_similar(&derive(&whole, request).unwrap(), &expected, 40.0);
            assert_similar(&derive(&pyramid, request).unwrap(), &expected, 30.0);
        }
    }
}

/// A pyramid of levels that leave out the last odd column and row of the one before.
fn halved_again_and_again(picture: &RgbImage, count: usize) -> Vec<DynamicImage> {
    let mut levels = vec![picture.clone()];
    for _ in 0..count {
        let larger = &levels[levels.len() - 1];
        let level = RgbImage::from_fn(larger.width() / 2, larger.height() / 2, |x, y| {
            let block = [(0, 0), (1, 0), (0, 1), (1, 1)];
            let mut sums = [0_u32; 3];
            for (right, down) in block {
                let pixel = larger.get_pixel(2 * x + right, 2 * y + down);
                for (sum, sample) in sums.iter_mut().zip(pixel.0) {
                    *sum += u32::from(sample);
                }
            }
            Rgb(sums.map(|sum| ((sum + 2) / 4) as u8))
        });
        levels.push(level);
    }
    levels.into_iter().map(DynamicImage::from).collect()
}

#[test]
fn levels_without_the_last_odd_pixels_are_not_stretched() {
    let picture = photo(1501, 1103);
    let pages = halved_again_and_again(&picture, 4);
    let source = probe(tiff_pyramid(&pages, Pyramid::Marked, &tiled()));
    let whole = DynamicImage::from(picture);
    for request in [
        "full/750,/0/default.png",
        "full/375,/0/default.png",
        "full/187,/0/default.png",
        "full/93,/0/default.png",
        "full/47,/0/default.png",
        "1200,800,301,303/100,/0/default.png",
    ] {
        let expected = render(&whole, &plan(&source, request)).expect("a picture");
        let actual = derive(&source, request).expect("a derivative");
        let db = psnr(&actual, &expected);
        assert!(db > 32.0, "{request}: {db} dB");
    }
    // Tiles of a level are its own pixels.
    let tile = derive(&source, "512,512,512,512/128,/0/default.png").expect("a tile");
    assert_eq!(tile, pages[2].crop_imm(128, 128, 128, 128));
}

#[test]
fn regions_of_every_orientation_are_those_of_the_whole() {
    let picture = DynamicImage::from(photo(123, 77));
    for orientation in 1..=8 {
        for layout in [TILES, Layout::Strips { rows: 7 }] {
            let options = TiffOptions {
                orientation: Some(orientation),
                layout,
                compression: Compression::Lzw,
                predictor: Predictor::Horizontal,
                ..TiffOptions::default()
            };
            let source = probe(tiff(&picture, &options));
            let decoded = source.decode().unwrap();
            assert_eq!(decoded, picture);
            for request in [
                "0,0,20,20/full/0/default.png",
                "31,17,33,41/full/90/default.png",
                "50,60,200,200/full/!0/default.png",
            ] {
                let expected = render(&decoded, &plan(&source, request)).unwrap();
                assert_eq!(derive(&source, request).unwrap(), expected, "{request}");
            }
        }
    }
}

#[test]
fn inks_are_averaged_as_inks() {
    // Pairs of a full ink and none: half of it is what light passes.
    let lines = RgbImage::from_fn(128, 128, |_, y| {
        if y % 2 == 0 {
            Rgb([255, 0, 0])
        } else {
            Rgb([255; 3])
        }
    });
    let options = TiffOptions {
        photometric: Photometric::Cmyk,
        ..tiled()
    };
    let source = probe(tiff(&lines.into(), &options));
    let [red, green, blue] = color(&source, "full/16,/0/default.png");
    assert_eq!(red, 255);
    assert!(green.abs_diff(127) <= 1 && green == blue, "{green} {blue}");
}

#[test]
fn damaged_level_is_an_error_and_no_way_around() {
    let pages = [photo(200, 120).into(), flat((100, 60), COLORS[1])];
    let options = TiffOptions {
        compression: Compression::Deflate,
        ..tiled()
    };
    let one = tiff_pyramid(&pages[..1], Pyramid::Marked, &options);
    let mut both = tiff_pyramid(&pages, Pyramid::Marked, &options);
    // The level's pixels follow those of the picture.
    let common = one
        .iter()
        .zip(&both)
        .skip(16)
        .take_while(|(a, b)| a == b)
        .count();
    both[16 + common..][..200].fill(0xff);
    let source = probe(both);
    let error = derive(&source, "full/50,/0/default.png").unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
    assert!(derive(&source, "full/full/0/default.png").is_ok());
}

#[test]
fn only_what_is_needed_is_read_and_held() {
    let picture = DynamicImage::from(photo(1600, 1200));
    let all = 1600 * 1200 * 3;
    for layout in [
        Layout::Tiles {
            width: 64,
            height: 64,
        },
        Layout::Strips { rows: 1 },
        Layout::Strips { rows: 1200 },
    ] {
        let options = TiffOptions {
            layout,
            ..TiffOptions::default()
        };
        let file = tiff(&picture, &options);
        let in_memory = probe(file.clone());
        let (source, log) = open_local(file);
        let count = || {
            let reads = log.reads();
            let bytes: usize = reads.iter().map(|(_, length)| length).sum();
            (bytes as u64, reads.len())
        };
        let (read, reads) = count();
        assert!(
            read <= 200 << 10 && reads <= 8,
            "{read} bytes, {reads} reads"
        );

        let request = "700,500,100,50/full/0/default.png";
        let batch = Batch::new(&source).with_plans(vec![plan(&source, request)]);
        let memory = batch.memory_bytes();
        assert!(memory <= all / 3, "{memory} bytes for {layout:?}");
        let made = derive(&source, request).unwrap();
        assert_eq!(made, picture.crop_imm(700, 500, 100, 50));
        let (read, reads) = count();
        // Strips are read in full width.
        assert!(read <= all / 6, "{read} bytes of {all} for {layout:?}");
        assert!(reads <= 20, "{reads} reads for {layout:?}");

        let request = "full/100,/0/default.png";
        let made = derive(&source, request).unwrap();
        assert_eq!(made, derive(&in_memory, request).unwrap());
        let (read, _) = count();
        assert!(read <= all + (200 << 10), "{read} bytes of {all}");
    }
}

#[test]
fn batch_of_a_pyramid_makes_all_sizes() {
    let picture = DynamicImage::from(photo(640, 480));
    let options = TiffOptions {
        overviews: 3,
        compression: Compression::Deflate,
        ..tiled()
    };
    let source = probe(tiff(&picture, &options));
    let requests = ["full/full/0/default.png", "full/64,/0/default.png"];
    let plans = requests.map(|request| plan(&source, request)).to_vec();
    let decoded = source.decode().unwrap();
    for limit in [u64::MAX, 20 << 20] {
        let made = std::sync::Mutex::new(vec![None, None]);
        Batch::new(&source)
            .with_plans(plans.clone())
            .with_memory_limit(limit)
            .run(&|index, derivative| {
                let bytes = derivative.expect("a derivative").bytes;
                made.lock().unwrap()[index] = Some(bytes);
            })
            .unwrap();
        let made = made.into_inner().unwrap();
        let image = |index: usize| {
            image::load_from_memory(made[index].as_ref().expect("made")).expect("a PNG")
        };
        assert_eq!(image(0), picture);
        let expected = render(&decoded, &plans[1]).unwrap();
        assert_similar(&image(1), &expected, 30.0);
    }
}
