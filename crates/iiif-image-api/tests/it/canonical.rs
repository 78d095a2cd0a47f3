//! Canonical requests.

use iiif_image_api::{ApiVersion, BaseUri, CanonicalRequest, Identifier, Quality, SizeLimits};

use crate::{dimensions, options, resolve};

/// Request, 2.1, 3.0; of an image of 300x200 pixels without limits.
const FORMS: [(&str, &str, &str); 12] = [
    (
        "full/max/0/default.jpg",
        "full/full/0/default.jpg",
        "full/max/0/default.jpg",
    ),
    (
        "0,0,300,200/300,/0.0/default.jpg",
        "full/full/0/default.jpg",
        "full/max/0/default.jpg",
    ),
    (
        "pct:0,0,100,100/pct:50/90/gray.png",
        "full/150,/90/gray.png",
        "full/150,100/90/gray.png",
    ),
    (
        "square/max/!0/color.tif",
        "50,0,200,200/full/!0/color.tif",
        "50,0,200,200/max/!0/color.tif",
    ),
    (
        "full/150,90/022.50/default.jpg",
        "full/150,90/22.5/default.jpg",
        "full/150,90/22.5/default.jpg",
    ),
    (
        "full/!225,100/0/default.jpg",
        "full/150,/0/default.jpg",
        "full/150,100/0/default.jpg",
    ),
    (
        "full/^360,/0/default.jpg",
        "full/360,/0/default.jpg",
        "full/^360,240/0/default.jpg",
    ),
    (
        "full/^10,201/0/default.jpg",
        "full/10,201/0/default.jpg",
        "full/^10,201/0/default.jpg",
    ),
    // Sizes are those of the clipped region: half of 175x185, not of 300x200 or of 200x200.
    (
        "125,15,200,200/pct:50/0/default.jpg",
        "125,15,175,185/88,/0/default.jpg",
        "125,15,175,185/88,93/0/default.jpg",
    ),
    (
        "125,15,200,200/35,/0/default.jpg",
        "125,15,175,185/35,/0/default.jpg",
        "125,15,175,185/35,37/0/default.jpg",
    ),
    (
        "-1,-1,30,20/max/-1/dither.png",
        "-1,-1,30,20/full/-1/dither.png",
        "-1,-1,30,20/max/-1/dither.png",
    ),
    (
        "-1,-1,30,20/15,/0/crisp.png",
        "-1,-1,30,20/15,/0/crisp.png",
        "-1,-1,30,20/15,10/0/crisp.png",
    ),
];

#[test]
fn requests_have_one_canonical_form_per_version() {
    for (request, v2, v3) in FORMS {
        for (version, expected) in [(ApiVersion::V2, v2), (ApiVersion::V3, v3)] {
            let options = options(version);
            let plan = resolve(request, dimensions(300, 200), &options).expect(request);
            let canonical = CanonicalRequest::of(&plan, &options);
            assert_eq!(canonical.to_string(), expected, "{request} in {version}");
        }
    }
}

#[test]
fn a_box_that_rounds_otherwise_keeps_both_sides_in_2_1() {
    let options = options(ApiVersion::V2);
    let plan = resolve(
        "full/!2048,1536/0/color.png",
        dimensions(3597, 3600),
        &options,
    );
    let canonical = CanonicalRequest::of(&plan.expect("a plan"), &options);
    // 1534 wide would be 1535 high.
    assert_eq!(canonical.to_string(), "full/1534,1536/0/color.png");
}

#[test]
fn a_square_image_is_its_own_square() {
    let options = options(ApiVersion::V2);
    let plan = resolve("square/full/0/default.jpg", dimensions(200, 200), &options);
    let canonical = CanonicalRequest::of(&plan.expect("a plan"), &options);
    assert_eq!(canonical.to_string(), "full/full/0/default.jpg");
}

#[test]
fn max_is_what_the_limits_leave() {
    let cases = [
        (ApiVersion::V2, "max", "100,"),
        (ApiVersion::V2, "^max", "100,"),
        (ApiVersion::V3, "max", "max"),
        (ApiVersion::V3, "100,", "max"),
        (ApiVersion::V3, "^max", "max"),
        (ApiVersion::V3, "99,", "99,66"),
    ];
    for (version, size, expected) in cases {
        let options = options(version).with_limits(SizeLimits::default().with_max_width(100));
        let request = format!("full/{size}/0/default.jpg");
        let plan = resolve(&request, dimensions(300, 200), &options).expect(size);
        let canonical = CanonicalRequest::of(&plan, &options);
        assert_eq!(
            canonical.to_string(),
            format!("full/{expected}/0/default.jpg")
        );
    }
    let options = options(ApiVersion::V3).with_limits(SizeLimits::default().with_max_width(360));
    for size in ["^max", "^360,", "^!360,360"] {
        let request = format!("full/{size}/0/default.jpg");
        let plan = resolve(&request, dimensions(300, 200), &options).expect(size);
        let canonical = CanonicalRequest::of(&plan, &options);
        assert_eq!(canonical.to_string(), "full/^max/0/default.jpg", "{size}");
    }
}

#[test]
fn the_quality_of_the_image_is_default() {
    let options = options(ApiVersion::V3);
    let canonical = |request: &str, native| {
        let plan = resolve(request, dimensions(300, 200), &options).expect(request);
        CanonicalRequest::of(&plan, &options)
            .with_native_quality(native)
            .to_string()
    };
    let default = "full/max/0/default.jpg";
    assert_eq!(canonical("full/max/0/color.jpg", Quality::Color), default);
    assert_eq!(canonical("full/max/0/gray.jpg", Quality::Gray), default);
    assert_eq!(canonical(default, Quality::Color), default);
    assert_eq!(
        canonical("full/max/0/gray.jpg", Quality::Color),
        "full/max/0/gray.jpg"
    );
    assert_eq!(
        canonical("full/max/0/dither.jpg", Quality::Bitonal),
        "full/max/0/dither.jpg"
    );
}

#[test]
fn a_canonical_uri_starts_with_the_image() {
    let options = options(ApiVersion::V2);
    let plan = resolve("full/400,300/0/default.jpg", dimensions(800, 600), &options);
    let canonical = CanonicalRequest::of(&plan.expect("a plan"), &options);
    let base: BaseUri = "http://iiif.example.com/server"
        .parse()
        .expect("a base URI");
    let image = base.image(&Identifier::new("a/b c").expect("an identifier"));
    // The form of the header in 2.1 §4.7.
    assert_eq!(
        image.canonical(&canonical).link_header(),
        "<http://iiif.example.com/server/a%2Fb%20c/full/400,/0/default.jpg>;rel=\"canonical\""
    );
}
