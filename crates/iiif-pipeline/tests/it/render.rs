//! Rendering, compared with coordinate maps and numbers that were worked out by hand.

use iiif_image_api::{
    DerivativeRequest, Dimensions, Orientation, RenderPlan, ResolveOptions, SourceGeometry,
};
use iiif_pipeline::{Error, ErrorKind, render};
use iiif_testkit::{compare, pattern};
use image::{
    DynamicImage, GrayAlphaImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, RgbImage, Rgba,
};
use image::{RgbaImage, imageops};

fn plan(request: &str, stored: (u32, u32), orientation: Orientation) -> RenderPlan {
    let request: DerivativeRequest = request.parse().expect("a request");
    let geometry = SourceGeometry {
        stored: Dimensions::new(stored.0, stored.1).expect("not zero"),
        orientation,
    };
    RenderPlan::resolve(&request, geometry, &ResolveOptions::default()).expect("a plan")
}

fn rendered(image: &DynamicImage, request: &str) -> DynamicImage {
    let size = (image.width(), image.height());
    render(image, &plan(request, size, Orientation::TopLeft)).expect("rendered")
}

/// A picture of 5x3 pixels of which no two are equal.
fn numbered() -> RgbImage {
    RgbImage::from_fn(5, 3, |x, y| {
        Rgb([x as u8 * 40, y as u8 * 80, (x * 3 + y) as u8])
    })
}

fn mapped(
    image: &RgbImage,
    (width, height): (u32, u32),
    source: impl Fn(u32, u32) -> (u32, u32),
) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = source(x, y);
        *image.get_pixel(u, v)
    })
}

/// Turns a stored picture upright by the definition of each EXIF value.
fn upright(image: &RgbImage, orientation: Orientation) -> RgbImage {
    let (w, h) = image.dimensions();
    let (same, swapped) = ((w, h), (h, w));
    match orientation.to_exif() {
        1 => mapped(image, same, |x, y| (x, y)),
        2 => mapped(image, same, |x, y| (w - 1 - x, y)),
        3 => mapped(image, same, |x, y| (w - 1 - x, h - 1 - y)),
        4 => mapped(image, same, |x, y| (x, h - 1 - y)),
        5 => mapped(image, swapped, |x, y| (y, x)),
        6 => mapped(image, swapped, |x, y| (y, h - 1 - x)),
        7 => mapped(image, swapped, |x, y| (w - 1 - y, h - 1 - x)),
        _ => mapped(image, swapped, |x, y| (w - 1 - y, x)),
    }
}

fn turned(image: &RgbImage, rotation: &str) -> RgbImage {
    let (w, h) = image.dimensions();
    match rotation {
        "!0" => mapped(image, (w, h), |x, y| (w - 1 - x, y)),
        "90" => mapped(image, (h, w), |x, y| (y, h - 1 - x)),
        "180" => mapped(image, (w, h), |x, y| (w - 1 - x, h - 1 - y)),
        "270" => mapped(image, (h, w), |x, y| (w - 1 - y, x)),
        _ => image.clone(),
    }
}

#[test]
fn orientation_crop_mirror_and_quarter_turns_put_every_pixel_in_its_place() {
    let stored = numbered();
    for orientation in Orientation::ALL {
        for region in ["full", "1,0,2,3", "0,1,3,1"] {
            for (mirror, quarter) in ["", "!"]
                .iter()
                .flat_map(|mirror| ["0", "90", "180", "270"].map(|quarter| (*mirror, quarter)))
            {
                let request = format!("{region}/full/{mirror}{quarter}/default.png");
                let plan = plan(&request, stored.dimensions(), orientation);
                let actual = render(&stored.clone().into(), &plan).expect("rendered");

                let mut expected = upright(&stored, orientation);
                expected = match region {
                    "1,0,2,3" => imageops::crop_imm(&expected, 1, 0, 2, 3).to_image(),
                    "0,1,3,1" => imageops::crop_imm(&expected, 0, 1, 3, 1).to_image(),
                    _ => expected,
                };
                if mirror == "!" {
                    expected = turned(&expected, "!0");
                }
                expected = turned(&expected, quarter);
                assert_eq!(actual, expected.into(), "{orientation:?} {request}");
            }
        }
    }
}

#[test]
fn no_auto_rotation_leaves_the_stored_raster() {
    let stored = numbered();
    for orientation in Orientation::ALL {
        let plan = plan("full/full/-1/default.png", (5, 3), orientation);
        assert_eq!(
            render(&stored.clone().into(), &plan).expect("rendered"),
            stored.clone().into()
        );
    }
}

/// A photo without deep shadows and highlights, in which ringing stays between black and white:
/// 8-bit scaling clamps between its passes.
fn soft_photo(width: u32, height: u32) -> RgbImage {
    let mut photo = pattern::photo(width, height);
    photo.iter_mut().for_each(|level| *level = 64 + *level / 2);
    photo
}

#[test]
fn scaling_before_turning_is_scaling_after_turning() {
    let stored = soft_photo(160, 120);
    for orientation in Orientation::ALL {
        let oriented = upright(&stored, orientation);
        for request in [
            "full/50,/0/default.png",
            "10,20,60,70/31,17/0/default.png",
            "10,20,60,70/200,/0/default.png",
            "full/40,45/!90/default.png",
        ] {
            let actual = render(
                &stored.clone().into(),
                &plan(request, stored.dimensions(), orientation),
            );
            let expected = rendered(&oriented.clone().into(), request);
            let actual = actual.expect("rendered").into_rgb8();
            // Rounding between the passes may differ by one, and the second pass may double it.
            let delta = compare::max_delta(&actual, &expected.into_rgb8());
            assert!(delta <= 2, "{orientation:?} {request}: {delta}");
        }
    }
}

#[test]
fn sixteen_bits_scale_the_same_before_and_after_turning() {
    let stored = DynamicImage::ImageRgb8(soft_photo(64, 48)).into_rgb16();
    let mut oriented = DynamicImage::ImageRgb16(stored.clone());
    oriented.apply_orientation(image::metadata::Orientation::Rotate90);
    let request = "full/20,30/0/default.png";
    let actual = render(
        &DynamicImage::ImageRgb16(stored),
        &plan(request, (64, 48), Orientation::RightTop),
    );
    let (actual, expected) = (actual.expect("rendered"), rendered(&oriented, request));
    assert_eq!((actual.width(), actual.height()), (20, 30));
    let (actual, expected) = (actual.into_rgb16(), expected.into_rgb16());
    let pairs = actual.iter().zip(expected.iter());
    assert_eq!(pairs.len(), 20 * 30 * 3);
    assert!(pairs.into_iter().all(|(a, b)| a.abs_diff(*b) <= 4));
}

#[test]
fn a_scaled_gradient_is_the_same_gradient_without_a_shift() {
    let ramp = GrayImage::from_fn(256, 8, |x, _| Luma([x as u8]));
    let scaled = rendered(&ramp.into(), "full/64,/0/default.png").into_luma8();
    for x in 3..61 {
        // The center of pixel x lies at 4x + 2, between the pixels 4x + 1 and 4x + 2.
        let expected = f64::from(4 * x) + 1.5;
        let actual = f64::from(scaled.get_pixel(x, 1).0[0]);
        assert!((actual - expected).abs() <= 1.0, "{x}: {actual}");
    }
}

#[test]
fn an_enlarged_gradient_is_the_same_gradient_without_a_shift() {
    let ramp = GrayImage::from_fn(32, 8, |x, _| Luma([x as u8 * 8]));
    let scaled = rendered(&ramp.into(), "full/128,/0/default.png").into_luma8();
    for x in 12..116 {
        // The center of pixel x lies at (x + 0.5) / 4 - 0.5 of the source.
        let expected = ((f64::from(x) + 0.5) / 4.0 - 0.5) * 8.0;
        let actual = f64::from(scaled.get_pixel(x, 1).0[0]);
        assert!(
            (actual - expected).abs() <= 1.5,
            "{x}: {actual}, {expected}"
        );
    }
}

#[test]
fn a_reduced_photo_is_near_the_mean_of_its_areas() {
    let photo = pattern::photo(320, 240);
    let scaled = rendered(&photo.clone().into(), "full/80,/0/default.png").into_rgb8();
    let means = RgbImage::from_fn(80, 60, |x, y| {
        let block = imageops::crop_imm(&photo, x * 4, y * 4, 4, 4).to_image();
        let mean = |channel: usize| {
            let sum: u32 = block
                .pixels()
                .map(|pixel| u32::from(pixel.0[channel]))
                .sum();
            ((sum + 8) / 16) as u8
        };
        Rgb([mean(0), mean(1), mean(2)])
    });
    compare::assert_similar(&scaled, &means, 28.0);
}

#[test]
fn tiles_scaled_one_by_one_meet_without_a_seam() {
    let photo = pattern::photo(256, 128);
    let whole = rendered(&photo.clone().into(), "full/64,/0/default.png").into_rgb8();
    let tile = rendered(&photo.into(), "128,0,128,128/32,/0/default.png").into_rgb8();
    let part = imageops::crop_imm(&whole, 32, 0, 32, 32).to_image();
    assert!(compare::max_delta(&tile, &part) <= 1);
}

#[test]
fn transparent_pixels_lend_no_color_to_their_neighbors() {
    // Red on transparent green: half-covered pixels have to be red.
    let image = RgbaImage::from_fn(64, 64, |x, _| {
        if x < 31 {
            Rgba([255, 0, 0, 255])
        } else {
            Rgba([0, 255, 0, 0])
        }
    });
    let scaled = rendered(&image.into(), "full/16,/0/default.png").into_rgba8();
    assert!(scaled.pixels().any(|pixel| (1..255).contains(&pixel.0[3])));
    for pixel in scaled.pixels().filter(|pixel| pixel.0[3] > 8) {
        assert!(pixel.0[0] >= 250 && pixel.0[1] <= 5, "{pixel:?}");
    }
}

#[test]
fn gray_weighs_the_colors_as_bt_601() {
    let colors = [
        ([255, 0, 0], 76),
        ([0, 255, 0], 150),
        ([0, 0, 255], 29),
        ([255, 255, 255], 255),
        ([0, 0, 0], 0),
        // 0.299 * 10 + 0.587 * 20 + 0.114 * 30 = 18.15
        ([10, 20, 30], 18),
    ];
    for (color, level) in colors {
        let image = RgbImage::from_pixel(2, 1, Rgb(color));
        let gray = rendered(&image.into(), "full/full/0/gray.png");
        assert_eq!(gray, GrayImage::from_pixel(2, 1, Luma([level])).into());
    }
}

#[test]
fn gray_keeps_depth_and_alpha() {
    let image = RgbaImage::from_pixel(1, 1, Rgba([255, 0, 0, 17]));
    let gray = rendered(&image.into(), "full/full/0/gray.png");
    assert_eq!(
        gray,
        GrayAlphaImage::from_pixel(1, 1, LumaA([76, 17])).into()
    );

    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> =
        ImageBuffer::from_pixel(1, 1, Rgb([65_535, 0, 1_000]));
    let gray = rendered(&deep.into(), "full/full/0/gray.tif");
    // 0.299 * 65535 + 0.114 * 1000 = 19708.97
    let expected: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::from_pixel(1, 1, Luma([19_709]));
    assert_eq!(gray, DynamicImage::ImageLuma16(expected));
}

#[test]
fn bitonal_is_white_from_128_on_and_where_transparent() {
    let row = [[127, 255], [128, 255], [0, 0], [0, 255], [0, 127], [0, 128]];
    let image = GrayAlphaImage::from_fn(6, 1, |x, _| LumaA(row[x as usize]));
    let bitonal = rendered(&image.into(), "full/full/0/bitonal.png").into_luma8();
    // Black at alpha 127 over white is 128, at 128 it is 127.
    assert_eq!(bitonal.into_raw(), [0, 255, 255, 0, 255, 0]);
}

#[test]
fn crisp_overshoots_on_both_sides_of_an_edge() {
    let step = GrayAlphaImage::from_fn(8, 4, |x, _| {
        if x < 4 {
            LumaA([50, 10])
        } else {
            LumaA([200, 90])
        }
    });
    let crisp = rendered(&step.into(), "full/full/0/crisp:0.2,1.0,0.0.png");
    // Reach 1, weights 0.3045 0.3910 0.3045: the blur takes 45.68 over the edge.
    let expected = [50, 50, 50, 4, 246, 200, 200, 200];
    for (x, _, pixel) in crisp
        .as_luma_alpha8()
        .expect("gray and alpha")
        .enumerate_pixels()
    {
        let alpha = if x < 4 { 10 } else { 90 };
        assert_eq!(pixel.0, [expected[x as usize], alpha]);
    }
}

#[test]
fn the_median_of_crisp_removes_a_lone_pixel() {
    let mut lone = GrayImage::from_pixel(7, 7, Luma([10]));
    lone.put_pixel(3, 3, Luma([250]));
    let kept = rendered(&lone.clone().into(), "full/full/0/crisp:0.0,5.0,0.025.png");
    assert_eq!(kept, lone.clone().into());
    let removed = rendered(&lone.into(), "full/full/0/crisp:0.0,5.0,1.0.png");
    assert_eq!(removed, GrayImage::from_pixel(7, 7, Luma([10])).into());
}

#[test]
fn a_square_at_45_degrees_stands_on_its_corner() {
    let square = RgbImage::from_pixel(100, 100, Rgb([10, 200, 30]));
    let rotated = rendered(&square.into(), "full/full/45/default.png").into_rgba8();
    assert_eq!(rotated.dimensions(), (142, 142));
    for (x, y) in [(0, 0), (141, 0), (0, 141), (141, 141), (30, 30)] {
        assert_eq!(rotated.get_pixel(x, y).0[3], 0);
    }
    for (x, y) in [(71, 5), (5, 71), (71, 71), (136, 71), (71, 136), (40, 40)] {
        assert_eq!(rotated.get_pixel(x, y), &Rgba([10, 200, 30, 255]));
    }
    // What is covered is as large as before.
    let covered: f64 = rotated
        .pixels()
        .map(|pixel| f64::from(pixel.0[3]) / 255.0)
        .sum();
    assert!((covered - 10_000.0).abs() < 30.0, "{covered}");
    // No other color anywhere.
    let foreign = rotated
        .pixels()
        .find(|pixel| pixel.0[3] > 0 && pixel.0[..3] != [10, 200, 30]);
    assert_eq!(foreign, None);
}

#[test]
fn rotation_is_clockwise_and_after_mirroring() {
    let quadrants = DynamicImage::ImageRgb8(pattern::quadrants(80, 80));
    let top = |request: &str| {
        let rotated = rendered(&quadrants, request).into_rgba8();
        let [r, g, b, _] = rotated.get_pixel(rotated.width() / 2, 20).0;
        Rgb([r, g, b])
    };
    assert_eq!(top("full/full/45/default.png"), pattern::TOP_LEFT);
    assert_eq!(top("full/full/!45/default.png"), pattern::TOP_RIGHT);
    assert_eq!(top("full/full/135/default.png"), pattern::BOTTOM_LEFT);
    assert_eq!(top("full/full/315/default.png"), pattern::TOP_RIGHT);
}

#[test]
fn a_rotated_gradient_is_the_same_gradient_in_another_direction() {
    // 60 to 180 from the left edge to the right.
    let ramp = GrayImage::from_fn(121, 81, |x, _| Luma([60 + x as u8]));
    let rotated = rendered(&ramp.into(), "full/full/30/default.png").into_luma_alpha8();
    let (width, height) = rotated.dimensions();
    // 121 cos 30 + 81 sin 30 and 81 cos 30 + 121 sin 30
    assert_eq!((width, height), (146, 131));
    let mut compared = 0;
    for (x, y, pixel) in rotated
        .enumerate_pixels()
        .filter(|(_, _, pixel)| pixel.0[1] == 255)
    {
        let (dx, dy) = (f64::from(x) - 72.5, f64::from(y) - 65.0);
        // Clockwise by 30 degrees, what points right comes to point right and down.
        let along = dx * 0.866_025 + dy * 0.5;
        if along.abs() < 58.0 {
            assert!(
                (f64::from(pixel.0[0]) - (120.0 + along)).abs() <= 0.6,
                "{x},{y}"
            );
            compared += 1;
        }
    }
    assert!(compared > 8_000, "{compared}");
}

#[test]
fn a_plan_of_another_image_is_refused() {
    let plan = plan("full/10,/0/default.png", (100, 50), Orientation::RightTop);
    let error = render(&DynamicImage::new_rgb8(50, 100), &plan).expect_err("refused");
    assert!(matches!(error, Error::PlanMismatch { .. }), "{error}");
    let message = "the plan is for a stored image of 100x50 pixels; this one is 50x100";
    assert_eq!(error.to_string(), message);
}

#[test]
fn plans_of_absurd_size_are_refused_before_anything_is_allocated() {
    let image = DynamicImage::new_luma8(3000, 3);
    for request in [
        "full/200000,200000/0/default.png",
        // The result is small, what lies between the two passes is not.
        "full/1,4000000/0/default.png",
    ] {
        let plan = plan(request, (3000, 3), Orientation::TopLeft);
        let error = render(&image, &plan).expect_err("refused");
        assert!(matches!(error, Error::PlanTooLarge { .. }), "{error}");
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
}

#[test]
fn a_smart_crop_has_exactly_the_size_asked_for_in_any_orientation() {
    let photo = DynamicImage::ImageRgb8(pattern::photo(300, 200));
    for orientation in Orientation::ALL {
        for (request, size) in [
            ("-1,-1,64,64/full/0/default.png", (64, 64)),
            ("-1,-1,64,32/full/90/default.png", (32, 64)),
        ] {
            let plan = plan(request, (300, 200), orientation);
            let smart = render(&photo, &plan).expect("rendered");
            assert_eq!((smart.width(), smart.height()), size);
        }
    }
}

#[test]
fn floats_are_rendered_with_16_bits() {
    let image = DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(4, 4, Rgb([1.0, 0.0, 0.5])));
    let scaled = rendered(&image, "full/2,/0/default.png");
    let pixel = scaled.as_rgb16().expect("16 bits").get_pixel(0, 0);
    assert_eq!(pixel.0[..2], [65_535, 0]);
    assert!(pixel.0[2].abs_diff(32_768) <= 1);
}
