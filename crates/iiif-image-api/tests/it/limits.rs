//! The largest derivative.

use iiif_image_api::{ApiVersion, ErrorKind, SizeLimits, Upscaling};

use crate::{dimensions, options, resolve};

fn limits(width: u32, height: u32, area: u64) -> SizeLimits {
    let mut limits = SizeLimits::default();
    limits.max_width = (width > 0).then_some(width);
    limits.max_height = (height > 0).then_some(height);
    limits.max_area = (area > 0).then_some(area);
    limits
}

#[test]
fn max_shrinks_into_all_limits() {
    let cases = [
        // The image of 3.0 §5.2: sqrt(4,000,000 * 3 / 2) = 2449.5, sqrt(4,000,000 * 2 / 3) = 1633.0.
        ((6000, 4000), limits(3000, 2000, 4_000_000), (2449, 1632)),
        ((6000, 4000), limits(3000, 2000, 0), (3000, 2000)),
        ((6000, 4000), limits(1000, 0, 0), (1000, 667)),
        // A missing height is the width.
        ((4000, 6000), limits(1000, 0, 0), (667, 1000)),
        ((4000, 6000), limits(1000, 6000, 0), (1000, 1500)),
        ((300, 200), limits(200, 0, 0), (200, 133)),
        ((300, 200), limits(300, 200, 60_000), (300, 200)),
        ((300, 200), limits(0, 0, 59_999), (299, 199)),
        // Thin strips keep one pixel and still end inside the area.
        ((1_000_000, 1), limits(0, 0, 100), (100, 1)),
        ((1, 1_000_000), limits(0, 0, 100), (1, 100)),
        // 1000x30 at 50 wide is 50x1.5, rounded 50x2, which is one pixel too many.
        ((1000, 30), limits(50, 0, 99), (49, 2)),
        ((u32::MAX, u32::MAX), limits(0, 0, 1), (1, 1)),
        (
            (u32::MAX, u32::MAX),
            limits(0, 0, u64::MAX),
            (u32::MAX, u32::MAX),
        ),
    ];
    for ((width, height), limits, (to_width, to_height)) in cases {
        let image = dimensions(width, height);
        let expected = dimensions(to_width, to_height);
        assert_eq!(
            limits.largest_within(image),
            expected,
            "{image} within {limits:?}"
        );
        for version in [ApiVersion::V2, ApiVersion::V3] {
            let options = options(version).with_limits(limits);
            let plan = resolve("full/max/0/default.jpg", image, &options).expect("a plan");
            assert_eq!(
                plan.scaled(),
                expected,
                "{image} within {limits:?} in {version}"
            );
        }
    }
}

#[test]
fn max_with_upscaling_grows_to_the_limits() {
    let cases = [
        // The example of 3.0 §4.2.
        ((300, 200), limits(360, 0, 0), (360, 240)),
        ((200, 300), limits(360, 0, 0), (240, 360)),
        ((300, 200), limits(0, 0, 240_000), (600, 400)),
        ((300, 200), limits(1000, 300, 0), (450, 300)),
        ((300, 200), limits(100, 0, 0), (100, 67)),
        ((300, 200), limits(0, 0, 0), (300, 200)),
        ((1, 1), limits(0, 0, u64::MAX), (u32::MAX, u32::MAX)),
    ];
    for ((width, height), limits, (to_width, to_height)) in cases {
        let options = options(ApiVersion::V3).with_limits(limits);
        let image = dimensions(width, height);
        let plan = resolve("full/^max/0/default.jpg", image, &options).expect("a plan");
        assert_eq!(
            plan.scaled(),
            dimensions(to_width, to_height),
            "{image} in {limits:?}"
        );
    }
    let strict = options(ApiVersion::V3)
        .with_limits(limits(360, 0, 0))
        .with_upscaling(Upscaling::Forbidden);
    let error = resolve("full/^max/0/default.jpg", dimensions(300, 200), &strict);
    assert_eq!(
        error.expect_err("needs upscaling").kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn boxes_are_bounded_by_limits() {
    let cases = [
        ((6000, 4000), "!3000,3000", limits(1500, 0, 0), (1500, 1000)),
        ((6000, 4000), "!3000,3000", limits(3000, 100, 0), (150, 100)),
        ((6000, 4000), "!3000,3000", limits(0, 0, 600), (30, 20)),
        ((6000, 4000), "!9000,9000", limits(1500, 0, 0), (1500, 1000)),
        ((6000, 4000), "!9000,9000", limits(7000, 0, 0), (6000, 4000)),
        (
            (6000, 4000),
            "^!9000,9000",
            limits(7500, 0, 0),
            (7500, 5000),
        ),
        ((6000, 4000), "!30,30", limits(1500, 0, 0), (30, 20)),
    ];
    for ((width, height), size, limits, (to_width, to_height)) in cases {
        let options = options(ApiVersion::V3).with_limits(limits);
        let request = format!("full/{size}/0/default.jpg");
        let plan = resolve(&request, dimensions(width, height), &options).expect(size);
        assert_eq!(
            plan.scaled(),
            dimensions(to_width, to_height),
            "{size} in {limits:?}"
        );
    }
}

#[test]
fn explicit_sizes_above_the_limits_are_refused() {
    let cases = [
        (
            "1001,",
            limits(1000, 0, 0),
            "size `1001,` comes to 1001x667 pixels; the limit is max_width 1000",
        ),
        (
            ",1001",
            limits(2000, 1000, 0),
            "size `,1001` comes to 1502x1001 pixels; the limit is max_height 1000",
        ),
        (
            "10,1001",
            limits(1000, 0, 0),
            "size `10,1001` comes to 10x1001 pixels; the limit is max_height 1000",
        ),
        (
            "pct:50",
            limits(0, 0, 5_999_999),
            "size `pct:50` comes to 3000x2000 pixels; the limit is max_area 5999999",
        ),
        (
            "max",
            limits(0, 0, 0).with_max_area(0),
            "size `max` comes to 1x1 pixels; the limit is max_area 0",
        ),
    ];
    for (size, limits, message) in cases {
        let options = options(ApiVersion::V3).with_limits(limits);
        let request = format!("full/{size}/0/default.jpg");
        let error = resolve(&request, dimensions(6000, 4000), &options).expect_err(size);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
}
