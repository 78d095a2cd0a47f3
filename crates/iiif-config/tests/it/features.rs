use iiif_config::{Config, Feature, FeatureSet};

use crate::chain;

fn parse(features: &str) -> (FeatureSet, Vec<String>) {
    let text = format!(r#"{{"features": {features}}}"#);
    let parsed = Config::parse(&text, "c.json").unwrap();
    let warnings = parsed.warnings.iter().map(ToString::to_string).collect();
    (parsed.value.features, warnings)
}

fn disabled(features: &FeatureSet) -> Vec<Feature> {
    let all = Feature::ALL.iter().copied();
    all.filter(|feature| feature.is_available() && !features.is_enabled(*feature))
        .collect()
}

#[test]
fn append_comes_before_enable_and_enable_before_disable() {
    let dither =
        |supported| format!(r#"{{"quality": {{"dither": {{"supported": {supported}}}}}}}"#);
    let cases = [
        (format!(r#"{{"append": {}}}"#, dither(true)), true),
        (format!(r#"{{"append": {}}}"#, dither(false)), false),
        (
            format!(
                r#"{{"enable": {{"quality": ["dither"]}}, "append": {}}}"#,
                dither(false)
            ),
            true,
        ),
        (
            format!(
                r#"{{"disable": {{"quality": ["dither"]}}, "append": {}}}"#,
                dither(true)
            ),
            false,
        ),
        (
            r#"{"disable": {"quality": ["dither"]}, "enable": {"quality": ["dither"]}}"#.to_owned(),
            false,
        ),
        ("{}".to_owned(), true),
    ];
    for (text, expected) in cases {
        let (features, warnings) = parse(&text);
        assert_eq!(features.is_enabled(Feature::Dither), expected, "{text}");
        assert_eq!(warnings, [""; 0], "{text}");
    }
}

#[test]
fn full_is_one_name_for_a_region_and_a_size() {
    let (features, _) = parse(r#"{"disable": {"size": ["full"]}}"#);
    assert_eq!(disabled(&features), [Feature::SizeFull]);
    let (features, _) = parse(r#"{"disable": {"region": ["full"]}}"#);
    assert_eq!(disabled(&features), [Feature::RegionFull]);
}

#[test]
fn what_is_not_available_is_warned_of_and_the_rest_holds() {
    let (features, warnings) = parse(
        r#"{"append": {"quality": {"primitive": {"supported": true, "match": "^primitive"}}},
            "enable": {"quality": ["primitive"], "format": ["jp2", "webp"]},
            "disable": {"format": ["pdf", "gif"]}}"#,
    );
    assert_eq!(
        warnings,
        [
            "c.json:1: `features.append.quality.primitive` names `primitive`, a feature that is not available here",
            "c.json:2: `features.enable.format[0]` names `jp2`, a feature that is not available here",
        ]
    );
    assert_eq!(disabled(&features), [Feature::Gif]);
}

#[test]
fn unknown_blocks_and_names_are_errors() {
    let cases = [
        (
            r#"{"disable": {"qualities": []}}"#,
            "c.json:1: `features.disable.qualities` is no block of features; expected `region`, `size`, `rotation`, `quality` or `format`",
        ),
        (
            r#"{"append": {"http": {}}}"#,
            "c.json:1: `features.append.http` is no block of features; expected `region`, `size`, `rotation`, `quality` or `format`",
        ),
        (
            r#"{"enable": {"rotation": ["rotationArbitary"]}}"#,
            "c.json:1: `features.enable.rotation[0]` is `rotationArbitary`, which is no known feature; did you mean `rotationArbitrary`?",
        ),
        (
            r#"{"disable": {"quality": ["webp"]}}"#,
            "c.json:1: `features.disable.quality[0]` is `webp`, which is no known feature; expected `default`, `color`, `gray`, `bitonal`, `dither` or `crisp`",
        ),
        (
            r#"{"disable": {"quality": "bitonal"}}"#,
            "c.json:1: `features.disable.quality` is a string; expected a list",
        ),
    ];
    for (features, expected) in cases {
        let text = format!(r#"{{"features": {features}}}"#);
        let error = Config::parse(&text, "c.json").unwrap_err();
        assert_eq!(chain(&error), expected);
    }
}
