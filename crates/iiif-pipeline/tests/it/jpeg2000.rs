//! JPEG 2000, of files that another implementation wrote.

use iiif_pipeline::{ColorModel, DecodeLimits, Error, PixelLayout, SourceFormat, SourceImage};
use iiif_testkit::compare::{assert_similar, max_delta, psnr};
use iiif_testkit::encode::{
    Jpeg2000Coding, Jpeg2000Container, Jpeg2000Options, Layout, PacketOrder, TiffOptions,
    decoded_jpeg2000, jp2, jpeg2000, tiff,
};
use iiif_testkit::icc;
use iiif_testkit::pattern::{photo, with_alpha};
use image::{DynamicImage, GrayImage, Luma};

use crate::decode::probe;
use crate::pyramid::{derive, plan};

fn picture() -> DynamicImage {
    photo(301, 203).into()
}

fn codestream() -> Jpeg2000Options {
    Jpeg2000Options {
        container: Jpeg2000Container::Codestream,
        ..Jpeg2000Options::default()
    }
}

fn tiled() -> Jpeg2000Options {
    Jpeg2000Options {
        tile: Some((64, 48)),
        ..Jpeg2000Options::default()
    }
}

/// A box of a color space by its number.
fn enumerated(number: u32) -> ([u8; 4], Vec<u8>) {
    (*b"colr", [&[1, 0, 0][..], &number.to_be_bytes()].concat())
}

/// Codestreams of gray or of components without a color transform.
fn components(picture: &DynamicImage) -> Vec<u8> {
    let options = Jpeg2000Options {
        levels: 2,
        ..codestream()
    };
    jpeg2000(picture, &options)
}

#[test]
fn lossless_pictures_are_decoded_bit_by_bit() {
    let rgb = picture();
    let deep = DynamicImage::from(rgb.to_rgb16());
    let pictures = [
        DynamicImage::from(rgb.to_luma8()),
        DynamicImage::from(rgb.to_luma16()),
        DynamicImage::from(with_alpha(&rgb.to_rgb8())),
        DynamicImage::from(DynamicImage::from(with_alpha(&rgb.to_rgb8())).to_luma_alpha8()),
        deep,
        rgb,
    ];
    for picture in pictures {
        for options in [Jpeg2000Options::default(), codestream(), tiled()] {
            let source = probe(jpeg2000(&picture, &options));
            assert_eq!(source.format(), SourceFormat::Jpeg2000);
            assert_eq!(source.pixel_layout(), PixelLayout::from(picture.color()));
            assert_eq!(source.decode().unwrap(), picture, "{options:?}");
        }
    }
}

#[test]
fn every_order_of_packets_and_place_on_the_grid_gives_the_same_pixels() {
    let plain = tiled();
    for order in [
        PacketOrder::Lrcp,
        PacketOrder::Rlcp,
        PacketOrder::Pcrl,
        PacketOrder::Cprl,
    ] {
        for options in [
            Jpeg2000Options {
                precinct: Some((64, 32)),
                block: (16, 8),
                ..plain.clone()
            },
            Jpeg2000Options {
                origin: (37, 96),
                ..plain.clone()
            },
            Jpeg2000Options {
                levels: 0,
                ..plain.clone()
            },
        ] {
            let options = Jpeg2000Options { order, ..options };
            let source = probe(jpeg2000(&picture(), &options));
            assert_eq!(source.decode().unwrap(), picture(), "{options:?}");
        }
    }
}

#[test]
fn header_tells_levels_tiles_and_colors() {
    let profile = icc::display_p3();
    let options = Jpeg2000Options {
        icc: Some(profile.clone()),
        levels: 3,
        ..tiled()
    };
    let source = probe(jpeg2000(&picture(), &options));
    let levels: Vec<String> = source.levels().map(|level| level.to_string()).collect();
    assert_eq!(levels, ["301x203", "151x102", "76x51", "38x26"]);
    assert_eq!(source.tile_dimensions().unwrap().to_string(), "64x48");
    assert_eq!(source.icc_profile(), Some(&profile[..]));
    assert_eq!(source.color_model(), ColorModel::Rgb);

    let gray = DynamicImage::from(picture().to_luma8());
    let source = probe(jpeg2000(&gray, &Jpeg2000Options::default()));
    assert_eq!(source.color_model(), ColorModel::Gray);
    assert_eq!(source.levels().count(), 6);
    assert_eq!(source.tile_dimensions(), None);
    assert_eq!(source.resolution(), None);
}

#[test]
fn levels_stop_where_nothing_is_left_to_halve_or_pixels_would_move() {
    let narrow = DynamicImage::from(photo(200, 33));
    let tiles = Jpeg2000Options {
        tile: Some((64, 256)),
        ..codestream()
    };
    assert_eq!(probe(jpeg2000(&narrow, &tiles)).levels().count(), 6);
    // The declared height is another: a codestream may have levels of which nothing is left.
    let mut file = jpeg2000(&narrow, &tiles);
    file[12..16].copy_from_slice(&7_u32.to_be_bytes());
    assert_eq!(probe(file).levels().count(), 3);
    let moved = Jpeg2000Options {
        origin: (4, 16),
        ..codestream()
    };
    assert_eq!(probe(jpeg2000(&picture(), &moved)).levels().count(), 3);
}

#[test]
fn smaller_derivatives_come_from_smaller_levels() {
    let full = picture();
    for coding in [Jpeg2000Coding::Lossless, Jpeg2000Coding::Lossy] {
        for options in [Jpeg2000Options::default(), tiled()] {
            let file = jpeg2000(&full, &Jpeg2000Options { coding, ..options });
            let source = probe(file.clone());
            for (halvings, level) in source.levels().enumerate() {
                let request = format!("full/{},{}/0/default.png", level.width(), level.height());
                let derived = derive(&source, &request).unwrap();
                // The other decoder reckons with integers, and rounds on the way.
                let expected = decoded_jpeg2000(&file, halvings as u32);
                assert!(max_delta(&derived, &expected) <= 1, "{request}");
            }
        }
    }
}

#[test]
fn regions_have_the_pixels_of_the_whole_at_every_level() {
    for options in [
        tiled(),
        Jpeg2000Options {
            tile: Some((37, 50)),
            ..tiled()
        },
        Jpeg2000Options {
            origin: (64, 32),
            coding: Jpeg2000Coding::Lossy,
            ..tiled()
        },
    ] {
        let source = probe(jpeg2000(&picture(), &options));
        for (halvings, level) in source.levels().enumerate() {
            let whole = format!("full/{},{}/0/default.png", level.width(), level.height());
            let whole = derive(&source, &whole).unwrap();
            let factor = 1 << halvings;
            let right = level.width() - 3;
            for (x, y, width, height) in [(0, 0, 2, 1), (1, 1, 2, 2), (right, 0, 3, 1)] {
                // Regions of whole pixels of the level, the last of which is cut off by the edge.
                let region = [x, y, width, height].map(|it| it * factor);
                let [left, top, wide, high] = region;
                let request = format!("{left},{top},{wide},{high}/{width},{height}/0/default.png");
                let part = derive(&source, &request).unwrap();
                let expected = whole.crop_imm(x, y, width, height);
                assert_eq!(part, expected, "{options:?} {request}");
            }
        }
    }
}

#[test]
fn lossy_pictures_are_close() {
    let options = Jpeg2000Options {
        coding: Jpeg2000Coding::Lossy,
        ..Jpeg2000Options::default()
    };
    let picture = DynamicImage::from(photo(640, 480));
    let decoded = probe(jpeg2000(&picture, &options)).decode().unwrap();
    assert_similar(&decoded, &picture, 35.0);
}

#[test]
fn colors_are_converted_by_the_profile() {
    let options = Jpeg2000Options {
        icc: Some(icc::display_p3()),
        ..Jpeg2000Options::default()
    };
    let converted = probe(jpeg2000(&picture(), &options)).decode().unwrap();
    let png = iiif_testkit::encode::PngOptions {
        icc: Some(icc::display_p3()),
        ..iiif_testkit::encode::PngOptions::default()
    };
    let same = probe(iiif_testkit::encode::png(&picture(), &png));
    assert_eq!(converted, same.decode().unwrap());
    assert_ne!(converted, picture());
}

#[test]
fn ycc_becomes_rgb_with_and_without_coarser_chroma() {
    let options = Jpeg2000Options {
        sycc: true,
        ..Jpeg2000Options::default()
    };
    let smooth = photo(301, 203);
    let smooth = DynamicImage::from(image::imageops::blur(&smooth, 3.0));
    for options in [
        options.clone(),
        Jpeg2000Options {
            tile: Some((64, 64)),
            ..options
        },
    ] {
        let decoded = probe(jpeg2000(&smooth, &options)).decode().unwrap();
        assert_similar(&decoded, &smooth, 34.0);
    }
    // Without coarser chroma, and named by the box alone.
    let gray_alone = DynamicImage::from(GrayImage::from_pixel(20, 20, Luma([90])));
    let three = DynamicImage::from(gray_alone.to_rgb8());
    let mut sycc = jp2(&components(&three), &[enumerated(18)]);
    let decoded = probe(std::mem::take(&mut sycc)).decode().unwrap().to_rgb8();
    // Luma and chroma of 90: less blue and red than green.
    assert_eq!(decoded.get_pixel(3, 3).0, [37, 130, 23]);
}

#[test]
fn coarser_chroma_is_kept_where_tiles_are_smaller_than_its_samples() {
    let color = image::Rgb([200, 40, 90]);
    let flat = DynamicImage::from(image::RgbImage::from_pixel(150, 101, color));
    // Of 38 pixels halved, every other tile starts within a sample of chroma.
    for tile in [(64, 64), (16, 32), (38, 34)] {
        for origin in [(0, 0), (32, 64)] {
            let options = Jpeg2000Options {
                sycc: true,
                tile: Some(tile),
                levels: 4,
                origin,
                ..Jpeg2000Options::default()
            };
            let source = probe(jpeg2000(&flat, &options));
            for level in source.levels() {
                let request = format!("full/{},{}/0/default.png", level.width(), level.height());
                let derived = derive(&source, &request).unwrap().to_rgb8();
                let is_near = |pixel: &image::Rgb<u8>| {
                    let channels = pixel.0.iter().zip(&color.0);
                    channels.into_iter().all(|(a, b)| a.abs_diff(*b) <= 2)
                };
                let other = derived.enumerate_pixels().find(|it| !is_near(it.2));
                assert_eq!(other, None, "{tile:?} {origin:?} {request}");
            }
        }
    }
}

#[test]
fn boxes_say_what_components_of_coarser_chroma_are() {
    let color = image::Rgb([200, 40, 90]);
    let flat = DynamicImage::from(image::RgbImage::from_pixel(40, 30, color));
    let options = Jpeg2000Options {
        sycc: true,
        levels: 1,
        ..codestream()
    };
    // Luma of 94, chroma of 126 and 204.
    let stream = jpeg2000(&flat, &options);
    let gray = probe(jp2(&stream, &[enumerated(17)])).decode().unwrap();
    assert_eq!(gray, GrayImage::from_pixel(40, 30, Luma([94])).into());
    let swapped: Vec<u8> = [3, 0, 0, 1, 1, 0, 3, 2, 0, 2]
        .into_iter()
        .flat_map(u16::to_be_bytes)
        .collect();
    let swapped = jp2(&stream, &[enumerated(18), (*b"cdef", swapped)]);
    let decoded = probe(swapped).decode().unwrap().to_rgb8();
    assert_eq!(decoded.get_pixel(20, 10).0, [91, 69, 229]);
}

#[test]
fn memory_is_that_of_the_threads_that_decode() {
    let in_tiles = TiffOptions {
        layout: Layout::Tiles {
            width: 16,
            height: 16,
        },
        ..TiffOptions::default()
    };
    let tiles = Jpeg2000Options {
        tile: Some((32, 32)),
        ..codestream()
    };
    for file in [jpeg2000(&picture(), &tiles), tiff(&picture(), &in_tiles)] {
        let bytes = |threads: usize| {
            let threads = threads.try_into().unwrap();
            let limits = DecodeLimits::default().with_threads(threads);
            let source = SourceImage::probe(file.clone(), &limits).unwrap();
            let plan = plan(&source, "full/max/0/default.png");
            let choice = source.decode_choice(&plan, u64::MAX);
            (source.decoded_bytes(), choice.decoding_bytes())
        };
        let (one, few, many) = (bytes(1), bytes(2), bytes(8));
        assert!(one.0 < few.0 && one.1 < few.1);
        assert_eq!(many.0 - one.0, 7 * (few.0 - one.0));
        assert_eq!(many.1 - one.1, 7 * (few.1 - one.1));
    }
}

#[test]
fn boxes_say_what_components_are() {
    let rgba = with_alpha(&photo(40, 30));
    let stream = components(&rgba.clone().into());
    // Without a definition the fourth is alpha, and with one what it says.
    let plain = probe(jp2(&stream, &[enumerated(16)]));
    assert_eq!(plain.decode().unwrap(), rgba.clone().into());
    let swapped: Vec<u8> = [[0, 0, 3], [1, 0, 2], [2, 0, 1], [3, 1, 0]]
        .as_flattened()
        .iter()
        .flat_map(|number: &u16| number.to_be_bytes())
        .collect();
    let swapped = [&4_u16.to_be_bytes()[..], &swapped].concat();
    let source = probe(jp2(&stream, &[enumerated(16), (*b"cdef", swapped)]));
    let decoded = source.decode().unwrap().to_rgba8();
    let [red, green, blue, alpha] = rgba.get_pixel(20, 10).0;
    assert_eq!(decoded.get_pixel(20, 10).0, [blue, green, red, alpha]);

    let inks = probe(jp2(&stream, &[enumerated(12)]));
    assert_eq!(inks.color_model(), ColorModel::Cmyk);
    assert_eq!(inks.pixel_layout(), PixelLayout::RGB8);
    let paper = u32::from(255 - alpha);
    let light = |ink: u8| (u32::from(255 - ink) * paper * 2 + 255) / 510;
    let decoded = inks.decode().unwrap().to_rgb8();
    let expected = [red, green, blue].map(|ink| light(ink) as u8);
    assert_eq!(decoded.get_pixel(20, 10).0, expected);
}

#[test]
fn palettes_are_looked_up_and_never_averaged() {
    let numbers = GrayImage::from_fn(64, 64, |x, y| Luma([((x + y) % 3) as u8]));
    let stream = components(&numbers.into());
    let colors = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
    let palette = [&[0, 3, 3, 7, 7, 7][..], colors.as_flattened()].concat();
    let mapping = vec![0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 1, 2];
    for mapping in [Some(mapping), None] {
        let mut boxes = vec![enumerated(16), (*b"pclr", palette.clone())];
        boxes.extend(mapping.map(|mapping| (*b"cmap", mapping)));
        let source = probe(jp2(&stream, &boxes));
        assert_eq!(source.levels().count(), 1);
        let decoded = source.decode().unwrap().to_rgb8();
        for (x, y) in [(0, 0), (1, 0), (1, 1)] {
            let expected = colors[(x + y) as usize % 3];
            assert_eq!(decoded.get_pixel(x, y).0, expected);
        }
    }
}

#[test]
fn resolution_of_the_capture_is_read() {
    let stream = components(&DynamicImage::from(photo(16, 16)));
    // 30,000 / 254 pixels per meter down, with a power of 2, and 600 / 1 across.
    let captured = [&[0x75, 0x30, 0, 254, 2, 88, 0, 1, 2, 0][..]].concat();
    let length = 18_u32.to_be_bytes();
    let content = [&length[..], b"resc", &captured].concat();
    let source = probe(jp2(&stream, &[enumerated(16), (*b"res ", content)]));
    let resolution = source.resolution().unwrap();
    assert!((resolution.y_per_cm - 300.0 / 2.54).abs() < 1e-9);
    assert!((resolution.x_per_cm - 6.0).abs() < 1e-9);
}

#[test]
fn what_is_not_read_is_said() {
    let stream = components(&DynamicImage::from(photo(16, 16)));
    let limits = DecodeLimits::default();
    let lab = SourceImage::probe(jp2(&stream, &[enumerated(14)]), &limits).unwrap_err();
    assert_eq!(
        lab.to_string(),
        "JPEG 2000 image with color space 14, which is not read here"
    );
    // A capabilities segment before that of the coding is of HTJ2K.
    let at = stream.windows(2).position(|it| it == [0xff, 0x52]).unwrap();
    let mut fast = stream.clone();
    fast.splice(at..at, [0xff, 0x50, 0, 6, 0, 2, 0, 0]);
    let error = SourceImage::probe(fast, &limits).unwrap_err();
    assert!(error.to_string().contains("HTJ2K"), "{error}");
}

#[test]
fn untiled_picture_that_takes_too_much_to_decode_is_refused() {
    let limits = DecodeLimits::default().with_max_bytes(600_000);
    let error = SourceImage::probe(jpeg2000(&picture(), &codestream()), &limits).unwrap_err();
    assert!(
        matches!(error, Error::OverLimit { actual, .. } if actual > 1_000_000),
        "{error}"
    );
    // In tiles less has to be held at a time.
    assert!(SourceImage::probe(jpeg2000(&picture(), &tiled()), &limits).is_ok());
}

#[test]
fn tile_that_is_missing_is_an_error_and_no_hole() {
    let file = jpeg2000(
        &picture(),
        &Jpeg2000Options {
            container: Jpeg2000Container::Codestream,
            ..tiled()
        },
    );
    let last = file
        .windows(4)
        .rposition(|it| it == [0xff, 0x90, 0, 10])
        .unwrap();
    let mut cut = file[..last].to_vec();
    cut.extend([0xff, 0xd9]);
    let error = probe(cut).decode().unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    assert!(psnr(&probe(file).decode().unwrap(), &picture()).is_infinite());
}

#[test]
fn precincts_for_which_a_file_has_no_room_are_refused() {
    let options = Jpeg2000Options {
        precinct: Some((4, 4)),
        levels: 1,
        ..codestream()
    };
    let small = DynamicImage::from(photo(64, 64));
    let mut file = jpeg2000(&small, &options);
    assert_eq!(probe(file.clone()).decode().unwrap(), small);
    // The sides of the image, and of its only tile.
    let side = 20_000_u32.to_be_bytes();
    file[8..16].copy_from_slice(&[side, side].concat());
    file[24..32].copy_from_slice(&[side, side].concat());
    let error = SourceImage::probe(file, &DecodeLimits::default()).unwrap_err();
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        reason.contains("20000 x 20000 pixels, which take at least"),
        "{reason}"
    );
}

#[test]
fn what_would_lead_the_decoder_to_other_numbers_is_refused() {
    let file = components(&picture());
    let at = |marker: [u8; 2]| file.windows(2).position(|it| it == marker).unwrap();
    let limits = DecodeLimits::default();

    // A region of interest takes three bytes; what is behind them would be read as another segment.
    let mut longer = file.clone();
    let region = [&[0xff, 0x5e, 0, 20, 0, 0, 0][..], &[0; 15]].concat();
    longer.splice(at([0xff, 0x5c])..at([0xff, 0x5c]), region);
    let error = SourceImage::probe(longer, &limits).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");

    // A tile that is coded unlike the rest.
    let start = at([0xff, 0x52]);
    let coding = file[start..start + 14].to_vec();
    let tile = at([0xff, 0x90]);
    let mut other = file.clone();
    let length = &file[tile + 6..tile + 10];
    let length = u32::from_be_bytes(length.try_into().unwrap()) + coding.len() as u32;
    other[tile + 6..tile + 10].copy_from_slice(&length.to_be_bytes());
    other.splice(tile + 12..tile + 12, coding);
    let error = probe(other).decode().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("tiles that are coded differently"),
        "{error}"
    );
}
