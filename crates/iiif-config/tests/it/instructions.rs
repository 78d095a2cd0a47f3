use iiif_config::{Config, ErrorKind, Feature, InstructionSet, Label};

use crate::chain;

fn parse(text: &str) -> InstructionSet {
    let parsed = InstructionSet::parse(text, "i.json", &Config::default()).unwrap();
    assert_eq!(parsed.warnings, [], "{text}");
    parsed.value
}

fn path(instruction: &str) -> String {
    let set = parse(&format!(r#"{{"x": {instruction}}}"#));
    let instructions = set.get("x").unwrap();
    instructions.path().to_owned()
}

#[test]
fn without_a_file_go_iiif_s_nine_derivatives_are_made() {
    let set = InstructionSet::default();
    let paths: Vec<(&str, &str)> = set
        .iter()
        .map(|(label, instructions)| (label.as_str(), instructions.path()))
        .collect();
    assert_eq!(
        paths,
        [
            ("b", "full/!1024,768/0/color.jpg"),
            ("c", "full/!800,600/0/color.jpg"),
            ("dc", "full/!800,600/0/dither.jpg"),
            ("ds", "-1,-1,320,320/full/0/dither.jpg"),
            ("k", "full/!2048,1536/0/color.jpg"),
            ("n", "full/!320,240/0/color.jpg"),
            ("o", "full/full/-1/color.jpg"),
            ("s", "-1,-1,320,320/full/0/crisp:2.0,0.5,0.025.jpg"),
            ("z", "full/!640,480/0/color.jpg"),
        ]
    );
    assert_eq!(set.len(), 9);
    assert!(!set.is_empty());
}

#[test]
fn the_nine_derivatives_are_documented() {
    let document = include_str!("../../../../docs/configuration.md");
    let header =
        "| Label | Region | Size | Rotation | Quality | Format |\n|---|---|---|---|---|---|\n";
    let (_, table) = document.split_once(header).unwrap();
    let documented: Vec<&str> = table.lines().take_while(|line| !line.is_empty()).collect();
    let set = InstructionSet::default();
    let rows = set.iter().map(|(label, instructions)| {
        let (path, format) = instructions.path().rsplit_once('.').unwrap();
        format!(
            "| `{label}` | `{}` | `{format}` |",
            path.replace('/', "` | `")
        )
    });
    assert_eq!(documented, rows.collect::<Vec<_>>());
}

#[test]
fn the_paths_of_the_documented_example_are_kept() {
    let set = parse(
        r#"{"o": {"size": "full", "format": "", "rotation": "-1"},
            "b": {"size": "!2048,1536", "format": "png"},
            "d": {"size": "full", "quality": "dither", "region": "-1,-1,320,320", "format": "jpg"}}"#,
    );
    let paths: Vec<&str> = set
        .iter()
        .map(|(_, instructions)| instructions.path())
        .collect();
    assert_eq!(
        paths,
        [
            "full/!2048,1536/0/color.png",
            "-1,-1,320,320/full/0/dither.jpg",
            "full/full/-1/color.jpg",
        ]
    );
}

#[test]
fn paths_keep_the_spelling_of_numbers_and_the_words_of_the_specification() {
    let cases = [
        ("{}", "full/full/0/color.jpg"),
        (
            r#"{"region": "", "size": "", "rotation": "", "quality": "", "format": ""}"#,
            "full/full/0/color.jpg",
        ),
        (r#"{"size": null, "SIZE": "max"}"#, "full/max/0/color.jpg"),
        (
            r#"{"quality": "grey", "format": "jpeg"}"#,
            "full/full/0/gray.jpg",
        ),
        (
            r#"{"quality": "native", "format": "tiff"}"#,
            "full/full/0/color.tif",
        ),
        (r#"{"quality": "colour"}"#, "full/full/0/color.jpg"),
        (r#"{"quality": "crisp"}"#, "full/full/0/crisp.jpg"),
        (
            r#"{"quality": "crisp:2.00,0.5,0.025"}"#,
            "full/full/0/crisp:2.00,0.5,0.025.jpg",
        ),
        (
            r#"{"region": "pct:010.50,0,50.0,50", "size": "pct:050", "rotation": "!090.0"}"#,
            "pct:010.50,0,50.0,50/pct:050/!090.0/color.jpg",
        ),
        (
            r#"{"region": "5,-1,320,0240"}"#,
            "5,-1,320,0240/full/0/color.jpg",
        ),
    ];
    for (instruction, expected) in cases {
        let parsed = InstructionSet::parse(
            &format!(r#"{{"x": {instruction}}}"#),
            "i",
            &Config::default(),
        );
        let set = parsed.unwrap().value;
        assert_eq!(set.get("x").unwrap().path(), expected, "{instruction}");
    }
}

#[test]
fn the_request_is_what_the_path_says() {
    for instruction in [
        r#"{"size": "!9,9", "quality": "grey", "format": "jpeg"}"#,
        r#"{"region": "-1,-1,3,4", "rotation": "-1"}"#,
        r#"{"quality": "crisp:1.0,2.0,3.0", "rotation": "!90"}"#,
    ] {
        let set = parse(&format!(r#"{{"x": {instruction}}}"#));
        let instructions = set.get("x").unwrap();
        assert_eq!(instructions.path().parse(), Ok(instructions.request));
    }
}

#[test]
fn the_quality_default_keeps_its_name_at_level_0() {
    let config = Config::parse(r#"{"level": {"compliance": "0"}}"#, "c")
        .unwrap()
        .value;
    let set = InstructionSet::parse(r#"{"x": {}}"#, "i", &config)
        .unwrap()
        .value;
    let instructions = set.get("x").unwrap();
    assert_eq!(instructions.path(), "full/full/0/default.jpg");
    assert_eq!(path("{}"), "full/full/0/color.jpg");
}

#[test]
fn keys_without_effect_are_warned_of() {
    let text = "{\"b\": {\n\"sise\": \"max\"},\n\"c\": {},\n\"c\": {\"size\": \"9,\"}}";
    let parsed = InstructionSet::parse(text, "i.json", &Config::default()).unwrap();
    let warnings: Vec<String> = parsed.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "i.json:3: `c` stands again on line 4, which counts",
            "i.json:2: `b.sise` is no known key; did you mean `size`?",
        ]
    );
    assert_eq!(parsed.value.get("c").unwrap().path(), "full/9,/0/color.jpg");
}

#[test]
fn errors_say_where_what_and_what_is_accepted() {
    let cases = [
        (
            "{\n\"b\": {\"size\":\n\"!0,5\"}}",
            "i.json:3: `b.size` cannot be used: size `!0,5` has a side of zero pixels; expected ",
        ),
        (
            r#"{"b": {"region": "fool"}}"#,
            "i.json:1: `b.region` cannot be used: region `fool` is no known region; expected ",
        ),
        (
            r#"{"b": {"rotation": "361"}}"#,
            "i.json:1: `b.rotation` cannot be used: rotation `361` is more than 360 degrees; expected ",
        ),
        (
            r#"{"b": {"quality": "shiny"}}"#,
            "i.json:1: `b.quality` cannot be used: quality `shiny` is no known quality; expected ",
        ),
        (
            r#"{"b": {"format": "bmp"}}"#,
            "i.json:1: `b.format` cannot be used: format `bmp` is no known format; expected ",
        ),
        (
            r#"{"b": {"rotation": 90}}"#,
            "i.json:1: `b.rotation` is a number; expected a string",
        ),
        (
            r#"{"b": null}"#,
            "i.json:1: `b` is null; expected an object",
        ),
        (
            r#"{"a/b": {}}"#,
            "i.json:1: `a/b` cannot be a label: label `a/b` has a slash; expected ",
        ),
        (
            r#"{"": {}}"#,
            "i.json:1: `\"\"` cannot be a label: label `` is empty; expected ",
        ),
        (
            "{}",
            "i.json: there are no instructions; expected at least one label",
        ),
        ("{", "i.json:1:1: the file is not valid JSON: EOF"),
    ];
    for (text, expected) in cases {
        let error = InstructionSet::parse(text, "i.json", &Config::default()).unwrap_err();
        let message = chain(&error);
        assert!(message.starts_with(expected), "{message}");
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}

#[test]
fn a_feature_that_is_switched_off_is_refused() {
    let mut config = Config::default();
    config.features.disable(Feature::Bitonal);
    let text = "{\n\"b\": {\"quality\": \"bitonal\"}}";
    let error = InstructionSet::parse(text, "i.json", &config).unwrap_err();
    assert_eq!(
        chain(&error),
        "i.json:2: `b` cannot be answered: quality `bitonal` is switched off; take `bitonal` out of `features.disable.quality` to allow it"
    );
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn labels_can_be_part_of_a_key() {
    for text in ["b", "original size", "é", "a.b", "...", "-"] {
        let label: Label = text.parse().unwrap();
        assert_eq!(label.to_string(), text);
    }
    for text in ["", ".", "..", "a/b", "a\\b", "a\nb", "\0"] {
        assert!(text.parse::<Label>().is_err(), "{text:?}");
    }
}
