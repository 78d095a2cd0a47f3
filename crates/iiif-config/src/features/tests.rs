use super::*;

fn request(path: &str) -> DerivativeRequest {
    path.parse().unwrap()
}

/// Every form of a request, and the features that it needs.
const FORMS: [(&str, &[Feature]); 24] = [
    (
        "full/max/0/default.jpg",
        &[
            Feature::RegionFull,
            Feature::SizeMax,
            Feature::RotationNone,
            Feature::Default,
            Feature::Jpg,
        ],
    ),
    ("square/max/0/default.jpg", &[Feature::RegionSquare]),
    ("1,2,3,4/max/0/default.jpg", &[Feature::RegionByPx]),
    ("-1,-1,3,4/max/0/default.jpg", &[Feature::RegionByPx]),
    ("pct:1,2,3,4/max/0/default.jpg", &[Feature::RegionByPct]),
    ("full/full/0/default.jpg", &[Feature::SizeFull]),
    ("full/9,/0/default.jpg", &[Feature::SizeByW]),
    ("full/,9/0/default.jpg", &[Feature::SizeByH]),
    ("full/pct:9/0/default.jpg", &[Feature::SizeByPct]),
    ("full/!9,9/0/default.jpg", &[Feature::SizeByConfinedWh]),
    (
        "full/^9,/0/default.jpg",
        &[Feature::SizeByW, Feature::SizeUpscaling],
    ),
    ("full/max/90/default.jpg", &[Feature::RotationBy90s]),
    ("full/max/22.5/default.jpg", &[Feature::RotationArbitrary]),
    ("full/max/!0/default.jpg", &[Feature::Mirroring]),
    (
        "full/max/!180/default.jpg",
        &[Feature::Mirroring, Feature::RotationBy90s],
    ),
    (
        "full/max/!1/default.jpg",
        &[Feature::Mirroring, Feature::RotationArbitrary],
    ),
    ("full/max/-1/default.jpg", &[Feature::NoAutoRotate]),
    ("full/max/0/color.jpg", &[Feature::Color]),
    ("full/max/0/gray.jpg", &[Feature::Gray]),
    ("full/max/0/bitonal.tif", &[Feature::Bitonal, Feature::Tif]),
    ("full/max/0/dither.png", &[Feature::Dither, Feature::Png]),
    ("full/max/0/crisp.gif", &[Feature::Crisp, Feature::Gif]),
    (
        "full/max/0/crisp:1,2,3.webp",
        &[Feature::Crisp, Feature::Webp],
    ),
    ("full/9,9/0/default.jpg", &[]),
];

#[test]
fn everything_available_is_answered_by_default() {
    for (path, _) in FORMS {
        assert_eq!(
            FeatureSet::default().check(&request(path)),
            Ok(()),
            "{path}"
        );
    }
}

#[test]
fn a_form_is_refused_where_one_of_its_features_is_off() {
    for (path, features) in FORMS {
        for feature in features {
            let mut set = FeatureSet::default();
            set.disable(*feature);
            let error = set.check(&request(path)).unwrap_err();
            assert!(
                matches!(&error, FeatureError::SwitchedOff { feature: named, .. } if named == feature),
                "{path}: {error}"
            );
            set.enable(*feature);
            assert_eq!(set.check(&request(path)), Ok(()), "{path}");
        }
    }
}

#[test]
fn a_form_is_answered_where_only_other_features_are_off() {
    let mut set = FeatureSet::default();
    let needed = FORMS[0].1;
    for feature in Feature::ALL
        .iter()
        .filter(|feature| !needed.contains(feature))
    {
        set.disable(*feature);
    }
    assert_eq!(set.check(&request("full/max/0/default.jpg")), Ok(()));
    assert_eq!(set.iter().collect::<Vec<_>>(), needed);
}

#[test]
fn exact_sizes_are_refused_only_when_both_their_names_are_off() {
    let exact = request("full/9,9/0/default.jpg");
    let mut set = FeatureSet::default();
    set.disable(Feature::SizeByWh);
    assert_eq!(set.check(&exact), Ok(()));
    set.disable(Feature::SizeByDistortedWh);
    assert!(set.check(&exact).is_err());
    set.enable(Feature::SizeByWh);
    assert_eq!(set.check(&exact), Ok(()));
}

#[test]
fn what_is_not_available_cannot_be_switched_on() {
    let mut set = FeatureSet::default();
    set.enable(Feature::Jp2);
    assert!(!set.is_enabled(Feature::Jp2));
    let error = set.check(&request("full/max/0/default.jp2")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "format `jp2` is not available; expected `jpg`, `tif`, `png`, `gif` or `webp`"
    );
}

#[test]
fn a_refusal_names_the_feature_and_the_key() {
    let mut set = FeatureSet::default();
    set.disable(Feature::RotationArbitrary);
    let error = set
        .check(&request("full/max/!22.5/default.jpg"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "rotation `!22.5` is switched off; take `rotationArbitrary` out of `features.disable.rotation` to allow it"
    );
}
