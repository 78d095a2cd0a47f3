//! Features and levels of compliance.

use iiif_image_api::{ApiVersion, ComplianceLevel, Feature, Format, ImageRequest, Quality};

/// The compliance documents: a feature, then `R` (required), `o` (optional) or `-` (unknown) at the
/// levels 0, 1 and 2 of 2.1 and of 3.0.
const MATRIX: [(&str, &str, &str); 19] = [
    ("regionByPx", "oRR", "oRR"),
    ("regionByPct", "ooR", "ooR"),
    ("regionSquare", "ooo", "oRR"),
    ("sizeByW", "oRR", "oRR"),
    ("sizeByH", "oRR", "oRR"),
    ("sizeByPct", "oRR", "ooR"),
    ("sizeByConfinedWh", "ooR", "ooR"),
    ("sizeByWh", "ooR", "oRR"),
    ("sizeByDistortedWh", "ooR", "---"),
    ("sizeAboveFull", "ooo", "---"),
    ("sizeUpscaling", "---", "ooo"),
    ("rotationBy90s", "ooR", "ooR"),
    ("rotationArbitrary", "ooo", "ooo"),
    ("mirroring", "ooo", "ooo"),
    ("baseUriRedirect", "oRR", "oRR"),
    ("cors", "oRR", "oRR"),
    ("jsonldMediaType", "oRR", "oRR"),
    ("profileLinkHeader", "ooo", "ooo"),
    ("canonicalLinkHeader", "ooo", "ooo"),
];

#[test]
fn features_are_required_as_the_compliance_documents_say() {
    for feature in Feature::ALL {
        let row = MATRIX.iter().find(|row| row.0 == feature.as_str());
        let (_, v2, v3) = row.expect("every feature is in the documents");
        for (version, expected) in [(ApiVersion::V2, v2), (ApiVersion::V3, v3)] {
            let marks: String = ComplianceLevel::ALL
                .into_iter()
                .map(|level| {
                    let required = level.features(version).any(|other| other == feature);
                    match (feature.is_in(version), required) {
                        (false, _) => '-',
                        (true, true) => 'R',
                        (true, false) => 'o',
                    }
                })
                .collect();
            assert_eq!(&marks, expected, "{feature} in {version}");
        }
    }
}

#[test]
fn levels_promise_qualities_and_formats() {
    use ComplianceLevel::{Level0, Level1, Level2};

    assert_eq!(
        Level2.qualities(ApiVersion::V2),
        [Quality::Default, Quality::Bitonal]
    );
    assert_eq!(Level2.qualities(ApiVersion::V3), [Quality::Default]);
    assert_eq!(Level1.qualities(ApiVersion::V2), [Quality::Default]);
    assert_eq!(Level0.formats(), [Format::Jpg]);
    assert_eq!(Level1.formats(), [Format::Jpg]);
    assert_eq!(Level2.formats(), [Format::Jpg, Format::Png]);
    assert_eq!(
        Level1.profile_uri(ApiVersion::V2),
        "http://iiif.io/api/image/2/level1.json"
    );
    assert_eq!(
        Level0.profile_uri(ApiVersion::V3),
        "http://iiif.io/api/image/3/level0.json"
    );
    assert_eq!(Level2.to_string(), "level2");
}

#[test]
fn requests_use_features_and_are_covered_by_levels() {
    use ApiVersion::{V2, V3};

    // Request, version, features, the lowest level that covers it.
    let cases: [(&str, ApiVersion, &[&str], Option<usize>); 16] = [
        ("full/max/0/default.jpg", V3, &[], Some(0)),
        ("full/full/0/default.jpg", V2, &[], Some(0)),
        ("0,0,9,9/max/0/default.jpg", V3, &["regionByPx"], Some(1)),
        ("square/max/0/default.jpg", V3, &["regionSquare"], Some(1)),
        ("square/full/0/default.jpg", V2, &["regionSquare"], None),
        ("full/pct:9/0/default.jpg", V2, &["sizeByPct"], Some(1)),
        ("full/pct:9/0/default.jpg", V3, &["sizeByPct"], Some(2)),
        ("full/9,9/0/default.jpg", V2, &["sizeByWh"], Some(2)),
        ("full/9,9/0/default.jpg", V3, &["sizeByWh"], Some(1)),
        (
            "full/!9,9/90/default.png",
            V3,
            &["sizeByConfinedWh", "rotationBy90s"],
            Some(2),
        ),
        (
            "pct:0,0,9,9/,9/!0/default.jpg",
            V3,
            &["regionByPct", "sizeByH", "mirroring"],
            None,
        ),
        (
            "full/^9,/0/default.jpg",
            V3,
            &["sizeByW", "sizeUpscaling"],
            None,
        ),
        ("full/^max/0/default.jpg", V2, &["sizeAboveFull"], None),
        (
            "full/max/22.5/default.jpg",
            V3,
            &["rotationArbitrary"],
            None,
        ),
        ("full/max/0/bitonal.jpg", V2, &[], Some(2)),
        ("full/max/0/bitonal.jpg", V3, &[], None),
    ];
    for (text, version, expected, level) in cases {
        let request: ImageRequest = text.parse().expect(text);
        let features: Vec<&str> = Feature::required_by(&request, version)
            .map(Feature::as_str)
            .collect();
        assert_eq!(features, expected, "{text} in {version}");
        let covering = ComplianceLevel::ALL.map(|level| level.covers(&request, version));
        let first = covering.iter().position(|covers| *covers);
        assert_eq!(first, level, "{text} in {version}");
    }
}
