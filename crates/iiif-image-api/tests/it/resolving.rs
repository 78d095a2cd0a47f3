//! Requests resolved against images: the examples of the specification and non-square ones.

use iiif_image_api::extension::ExtendedRotation;
use iiif_image_api::{
    ApiVersion, Crop, DerivativeRequest, Dimensions, ErrorKind, Orientation, OversizedBox, Region,
    RenderPlan, ResolveError, ResolveOptions, Rotation, SizeLimits, SourceGeometry, Upscaling,
};

use crate::{dimensions, options, resolve};

#[test]
fn regions_are_clipped_to_pixels_of_the_image() {
    let cases = [
        // The examples of 3.0 §4.1.
        ((300, 200), "full", "0,0,300,200"),
        ((300, 200), "square", "50,0,200,200"),
        ((300, 200), "125,15,120,140", "125,15,120,140"),
        ((300, 200), "pct:41.6,7.5,40,70", "125,15,120,140"),
        ((300, 200), "125,15,200,200", "125,15,175,185"),
        ((300, 200), "pct:41.6,7.5,66.6,100", "125,15,175,185"),
        ((200, 301), "square", "0,50,200,200"),
        ((7, 7), "square", "0,0,7,7"),
        ((1, 5000), "square", "0,2499,1,1"),
        ((300, 200), "299,199,4294967295,4294967295", "299,199,1,1"),
        (
            (u32::MAX, 1),
            "4294967294,0,4294967295,1",
            "4294967294,0,1,1",
        ),
        // Less than half a pixel is still one, and 99.9 percent are inside.
        ((300, 200), "pct:0,0,0.1,100", "0,0,1,200"),
        ((300, 200), "pct:99.9,99.9,1,1", "299,199,1,1"),
        (
            (u32::MAX, u32::MAX),
            "pct:50,50,1000000000,50",
            "2147483648,2147483648,2147483647,2147483647",
        ),
    ];
    for ((width, height), text, expected) in cases {
        let region: Region = text.parse().expect(text);
        let rect = region.resolve(dimensions(width, height)).expect(text);
        assert_eq!(rect.to_string(), expected, "{text} of {width}x{height}");
    }
}

#[test]
fn regions_without_a_pixel_are_refused() {
    for text in [
        "300,0,1,1",
        "0,200,1,1",
        "pct:100,0,1,1",
        "pct:0,100.5,1,1",
        "4294967295,4294967295,1,1",
    ] {
        let region: Region = text.parse().expect(text);
        let error = region.resolve(dimensions(300, 200)).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        let message = format!("region `{text}` lies outside the image, which is 300x200 pixels");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn sizes_of_both_versions() {
    use ApiVersion::{V2, V3};

    let cases = [
        // The examples of 3.0 §4.2.
        ((300, 200), "150,", V3, (150, 100)),
        ((300, 200), ",150", V3, (225, 150)),
        ((300, 200), "pct:50", V3, (150, 100)),
        ((300, 200), "225,100", V3, (225, 100)),
        ((300, 200), "!225,100", V3, (150, 100)),
        ((300, 200), "^360,", V3, (360, 240)),
        ((300, 200), "^,240", V3, (360, 240)),
        ((300, 200), "^pct:120", V3, (360, 240)),
        ((300, 200), "^360,360", V3, (360, 360)),
        ((300, 200), "^!360,360", V3, (360, 240)),
        ((300, 200), "max", V3, (300, 200)),
        ((300, 200), "^max", V3, (300, 200)),
        // 2.1 has no mark for upscaling.
        ((300, 200), "full", V2, (300, 200)),
        ((300, 200), "max", V2, (300, 200)),
        ((300, 200), "360,", V2, (360, 240)),
        ((300, 200), "pct:120", V2, (360, 240)),
        ((300, 200), "!360,360", V2, (360, 240)),
        ((300, 200), "^360,", V2, (360, 240)),
        // A box larger than the region gives the region.
        ((1000, 1000), "!2000,3000", V3, (1000, 1000)),
        // Confined sides are truncated, others rounded half up, and no side vanishes.
        ((3597, 3600), "!2048,1536", V2, (1534, 1536)),
        ((3597, 3600), "1534,", V3, (1534, 1535)),
        ((2, 3), "1,", V3, (1, 2)),
        ((10_000, 3), "100,", V3, (100, 1)),
        ((10_000, 1), "!100,100", V3, (100, 1)),
        ((3, 10_000), "pct:1", V3, (1, 100)),
        ((300, 200), "^pct:100.1", V3, (300, 200)),
        // Sides saturate.
        ((1, u32::MAX), "4294967295,", V2, (u32::MAX, u32::MAX)),
        (
            (u32::MAX, u32::MAX),
            "pct:1844674407",
            V2,
            (u32::MAX, u32::MAX),
        ),
        (
            (u32::MAX, u32::MAX),
            "!4294967294,4294967295",
            V3,
            (u32::MAX - 1, u32::MAX - 1),
        ),
    ];
    for ((width, height), size, version, (to_width, to_height)) in cases {
        let image = dimensions(width, height);
        let request = format!("full/{size}/0/default.jpg");
        let plan = resolve(&request, image, &options(version)).expect(&request);
        let context = format!("{size} of {image} in {version}");
        assert_eq!(plan.scaled(), dimensions(to_width, to_height), "{context}");
        assert_eq!(plan.output(), plan.scaled(), "{context}");
    }
}

#[test]
fn sizes_that_cannot_be_are_refused_by_kind() {
    use ApiVersion::{V2, V3};
    use ErrorKind::{InvalidRequest, Unsupported};

    let cases = [
        ("301,", V3, Upscaling::Allowed, InvalidRequest),
        (",201", V3, Upscaling::Allowed, InvalidRequest),
        ("301,1", V3, Upscaling::Allowed, InvalidRequest),
        ("1,201", V3, Upscaling::Allowed, InvalidRequest),
        ("pct:200", V3, Upscaling::Allowed, InvalidRequest),
        ("pct:100.0000000001", V3, Upscaling::Allowed, InvalidRequest),
        ("full", V3, Upscaling::Allowed, InvalidRequest),
        ("pct:0.1", V3, Upscaling::Allowed, InvalidRequest),
        ("pct:0.1", V2, Upscaling::Allowed, InvalidRequest),
        ("^301,", V3, Upscaling::Forbidden, Unsupported),
        ("^pct:120", V3, Upscaling::Forbidden, Unsupported),
        ("^!600,600", V3, Upscaling::Forbidden, Unsupported),
        ("301,", V2, Upscaling::Forbidden, Unsupported),
        ("pct:120", V2, Upscaling::Forbidden, Unsupported),
    ];
    for (size, version, upscaling, kind) in cases {
        let options = options(version).with_upscaling(upscaling);
        let request = format!("full/{size}/0/default.jpg");
        let error = resolve(&request, dimensions(300, 200), &options).expect_err(size);
        assert_eq!(error.kind(), kind, "{size} in {version}: {error}");
    }
}

#[test]
fn errors_of_sizes_say_what_to_do() {
    let cases = [
        (
            "360,",
            "size `360,` is larger than its region, which is 300x200 pixels; put `^` in front to allow upscaling",
        ),
        (
            "full",
            "size `full` is no word of Image API 3.0; expected `max`",
        ),
        (
            "pct:0.1",
            "size `pct:0.1` of a region of 300x200 pixels is less than one pixel",
        ),
    ];
    for (size, message) in cases {
        let request = format!("full/{size}/0/default.jpg");
        let error = resolve(&request, dimensions(300, 200), &options(ApiVersion::V3));
        assert_eq!(error.expect_err(size).to_string(), message);
    }
}

#[test]
fn forbidden_upscaling_leaves_what_does_not_enlarge() {
    for version in [ApiVersion::V2, ApiVersion::V3] {
        let options = options(version).with_upscaling(Upscaling::Forbidden);
        for size in ["max", "^max", "^300,", "^150,", "!600,600", "300,200"] {
            let request = format!("full/{size}/0/default.jpg");
            let plan = resolve(&request, dimensions(300, 200), &options).expect(size);
            assert!(
                !plan.scaled().exceeds(dimensions(300, 200)),
                "{size} in {version}"
            );
        }
    }
}

#[test]
fn an_oversized_box_can_be_refused_in_3_0_alone() {
    let refusing = |version| options(version).with_oversized_box(OversizedBox::Refused);
    let image = dimensions(1000, 1000);
    let error = resolve(
        "full/!2000,3000/0/default.jpg",
        image,
        &refusing(ApiVersion::V3),
    );
    assert!(
        matches!(error, Err(ResolveError::Upscales { .. })),
        "{error:?}"
    );
    for size in ["!1000,3000", "!500,500", "^!2000,3000", "!1000,1000"] {
        let request = format!("full/{size}/0/default.jpg");
        resolve(&request, image, &refusing(ApiVersion::V3)).expect(size);
    }
    let plan = resolve(
        "full/!2000,3000/0/default.jpg",
        image,
        &refusing(ApiVersion::V2),
    );
    assert_eq!(plan.expect("2.1 enlarges").scaled(), dimensions(2000, 2000));
}

#[test]
fn rotation_ends_in_a_tight_bounding_box() {
    let cases = [
        ("0", (300, 200)),
        ("!0", (300, 200)),
        ("90", (200, 300)),
        ("180", (300, 200)),
        ("!270", (200, 300)),
        ("360", (300, 200)),
        // 300 cos 30° + 200 sin 30° = 359.8; 200 cos 30° + 300 sin 30° = 323.2.
        ("30", (360, 324)),
        ("!330", (360, 324)),
        ("150", (360, 324)),
        // 500 / sqrt 2 = 353.55.
        ("45", (354, 354)),
        ("225", (354, 354)),
        // A turn of 1e-10 degrees moves no corner by a millionth of a pixel.
        ("0.0000000001", (300, 200)),
    ];
    for (text, (width, height)) in cases {
        let rotation: Rotation = text.parse().expect(text);
        let rotated = rotation.bounding_box(dimensions(300, 200));
        assert_eq!(rotated, dimensions(width, height), "{text}");
    }
    let huge = dimensions(u32::MAX, u32::MAX);
    let rotation: Rotation = "45".parse().expect("an angle");
    assert_eq!(rotation.bounding_box(huge), huge, "sides saturate");
}

#[test]
fn regions_are_those_of_the_upright_image() {
    let source = SourceGeometry {
        stored: dimensions(4000, 3000),
        orientation: Orientation::RightTop,
    };
    let plan = |text: &str| {
        let request: DerivativeRequest = text.parse().expect("a request");
        RenderPlan::resolve(&request, source, &options(ApiVersion::V2)).expect("a plan")
    };
    let upright = plan("full/,400/0/default.jpg");
    assert_eq!(upright.full(), dimensions(3000, 4000));
    assert_eq!(upright.scaled(), dimensions(300, 400));
    assert!(!plan("full/full/0/default.jpg").keeps_geometry());

    let stored = plan("full/full/-1/default.jpg");
    assert_eq!(stored.full(), dimensions(4000, 3000));
    assert_eq!(stored.orientation(), Orientation::TopLeft);
    assert_eq!(stored.requested_rotation(), ExtendedRotation::NoAutoRotate);
    assert!(stored.keeps_geometry());
}

#[test]
fn a_smart_crop_is_scaled_to_its_window() {
    let image = dimensions(3000, 2000);
    let plan = resolve(
        "-1,-1,320,320/full/0/default.jpg",
        image,
        &options(ApiVersion::V2),
    );
    let plan = plan.expect("a plan");
    assert_eq!(plan.crop(), Crop::Smart(dimensions(320, 320)));
    assert_eq!(plan.output(), dimensions(320, 320));

    // The largest square window has 2000 pixels.
    let strict = options(ApiVersion::V2).with_upscaling(Upscaling::Forbidden);
    resolve("-1,-1,2000,2000/full/0/default.jpg", image, &strict).expect("as large as can be");
    let error = resolve("-1,-1,2001,2001/full/0/default.jpg", image, &strict);
    assert_eq!(error.expect_err("too large").kind(), ErrorKind::Unsupported);
}

#[test]
fn orientations_follow_exif() {
    let swapping: Vec<u8> = Orientation::ALL
        .into_iter()
        .filter(|orientation| orientation.swaps_sides())
        .map(Orientation::to_exif)
        .collect();
    assert_eq!(swapping, [5, 6, 7, 8]);
    for value in 1..=8 {
        let orientation = Orientation::from_exif(value).expect("1 to 8");
        assert_eq!(u32::from(orientation.to_exif()), value);
    }
    assert_eq!(Orientation::from_exif(0), None);
    assert_eq!(Orientation::from_exif(9), None);
}

#[test]
fn limits_hold_for_the_box_around_a_rotated_image() {
    let source = SourceGeometry::upright(Dimensions::new(200, 200).unwrap());
    let limits = SizeLimits::default().with_max_width(100);
    let options = ResolveOptions::default().with_limits(limits);
    let plan = |text: &str| {
        let request: DerivativeRequest = text.parse().unwrap();
        RenderPlan::resolve(&request, source, &options).map(|plan| plan.output().width())
    };
    assert_eq!(plan("full/!100,100/90/default.jpg"), Ok(100));
    assert_eq!(plan("full/!60,60/45/default.jpg"), Ok(85));
    let refused = plan("full/!100,100/45/default.jpg").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::TooLarge);
    assert!(refused.to_string().contains("142x142"), "{refused}");
}
