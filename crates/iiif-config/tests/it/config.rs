use std::num::NonZeroU32;

use iiif_config::{
    ChromaSubsampling, ComplianceLevel, Config, ErrorKind, Extractor, Feature, PaletteName,
    PngCompression, ServiceName, TifCompression,
};
use iiif_image_api::{Dimensions, Upscaling};

use crate::chain;

const V8: &str = include_str!("../fixtures/v8.json");
const V6: &str = include_str!("../fixtures/v6.json");
const AWS_V1: &str = include_str!("../fixtures/aws-v1.json");

fn parse(text: &str) -> Config {
    let parsed = Config::parse(text, "config.json").unwrap();
    assert_eq!(parsed.warnings, [], "{text}");
    parsed.value
}

fn warnings(text: &str) -> Vec<String> {
    let parsed = Config::parse(text, "config.json").unwrap();
    parsed.warnings.iter().map(ToString::to_string).collect()
}

fn count(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap()
}

#[test]
fn the_default_config_of_v8_loads() {
    let config = parse(V8);
    assert_eq!(config.level, ComplianceLevel::Level2);
    assert_eq!(
        config.services,
        [
            ServiceName::Palette,
            ServiceName::BlurHash,
            ServiceName::ImageHash
        ]
    );
    assert_eq!(config.palette.extractors, [(Extractor::MarekM4, count(5))]);
    assert_eq!(
        config.palette.palettes,
        [PaletteName::Crayola, PaletteName::Css4]
    );
    assert_eq!(config.blurhash.x_components, 8);
    assert_eq!(config.blurhash.size_px, 200);
    assert_eq!(config.source_uri, "mem://");
    assert_eq!(config.derivatives_uri, "mem://");
    assert!(!config.features.is_enabled(Feature::Bitonal));
    assert!(!config.features.is_enabled(Feature::RotationArbitrary));
    assert!(config.features.is_enabled(Feature::Crisp));
    assert!(config.features.is_enabled(Feature::Gray));
}

#[test]
fn the_example_of_go_iiif_aws_loads() {
    let config = parse(AWS_V1);
    assert_eq!(config.services, [ServiceName::Palette]);
    assert_eq!(config.palette.extractors, [(Extractor::Vibrant, count(5))]);
    assert_eq!(
        config.palette.palettes,
        [PaletteName::Crayola, PaletteName::Css4]
    );
    let bucket =
        "s3blob://%7BS3_BUCKET%7D?region=%7BAWS_REGION%7D&credentials=iam:&prefix=%7BS3_PREFIX%7D";
    assert_eq!(config.source_uri, bucket);
    assert_eq!(config.derivatives_uri, bucket);
}

#[test]
fn a_config_of_v6_loads() {
    let config = parse(V6);
    assert_eq!(
        config.services,
        [ServiceName::ImageHash, ServiceName::Palette]
    );
    assert_eq!(config.palette.extractors, [(Extractor::Vibrant, count(3))]);
    assert_eq!(config.palette.palettes, [PaletteName::Css3]);
    assert_eq!(
        (config.blurhash.x_components, config.blurhash.y_components),
        (4, 3)
    );
    assert_eq!(config.source_uri, "file:///usr/local/images");
    assert_eq!(config.derivatives_uri, "file://./derivatives%201");
}

#[test]
fn without_a_file_images_come_from_and_go_to_the_current_directory() {
    let config = Config::default();
    assert_eq!(config.source_uri, "file://.");
    assert_eq!(config.derivatives_uri, "file://./derivatives");
    assert_eq!(config.services, ServiceName::ALL);
    let config = config
        .with_source_uri("mem://")
        .with_derivatives_uri("s3://a");
    assert_eq!(
        (&*config.source_uri, &*config.derivatives_uri),
        ("mem://", "s3://a")
    );
}

#[test]
fn an_empty_file_has_the_defaults_and_no_services() {
    let mut default = Config::default();
    default.services.clear();
    assert_eq!(parse("{}"), default);
    assert_eq!(
        parse("\u{feff}{\"level\": null, \"images\": {\"source\": {}}}"),
        default
    );
}

#[test]
fn named_locations_become_bucket_uris() {
    let cases = [
        (r#"{"name": "Blob", "path": "gs://bucket"}"#, "gs://bucket"),
        (
            r#"{"name": "disk", "path": "/a b/100%"}"#,
            "file:///a%20b/100%25",
        ),
        (r#"{"name": "Disk", "path": "images"}"#, "file://./images"),
        (r#"{"name": "Disk", "path": "./images"}"#, "file://./images"),
        (
            r#"{"name": "Disk", "path": "../images"}"#,
            "file://../images",
        ),
        (
            r#"{"name": "Disk", "path": "/a", "uri": "mem://"}"#,
            "mem://",
        ),
        (r#"{"name": "S3Blob", "path": "bucket"}"#, "s3blob://bucket"),
        (
            r#"{"name": "s3", "path": "b", "region": "us-west-2", "prefix": "a&b=c +", "credentials": "/x y:me"}"#,
            "s3blob://b?region=us-west-2&credentials=/x%20y:me&prefix=a%26b%3Dc%20%2B",
        ),
        (
            r#"{"name": "URI", "path": "https://example.org/{id}?x=1"}"#,
            "rfc6570://?template=https://example.org/%7Bid%7D%3Fx%3D1",
        ),
        (r#"{"name": "Memory", "ttl": 1, "limit": 2}"#, "memory://"),
        (r#"{"name": "Null"}"#, "null://"),
        (r#"{"name": "Flickr"}"#, "flickr://"),
        (
            r#"{"name": "Disk", "path": "/a", "tmpdir": "/t", "count": 3}"#,
            "file:///a",
        ),
    ];
    for (location, uri) in cases {
        let config = parse(&format!(
            r#"{{"images": {{"source": {location}}}, "derivatives": {{"cache": {location}}}}}"#
        ));
        assert_eq!(config.source_uri, uri, "{location}");
        assert_eq!(config.derivatives_uri, uri, "{location}");
    }
}

#[test]
fn services_are_named_in_any_case_and_run_once() {
    let names = r#"["ImageHash://", "palette_service", "BLURHASH", "imagehash"]"#;
    let config = parse(&format!(
        r#"{{"profile": {{"services": {{"enable": {names}}}}}}}"#
    ));
    assert_eq!(
        config.services,
        [
            ServiceName::ImageHash,
            ServiceName::Palette,
            ServiceName::BlurHash
        ]
    );
    assert_eq!(config.palette, Config::default().palette);
    let config = parse(r#"{"profile": {"services": {"enable": []}}, "palette": {}}"#);
    assert_eq!(config.services, []);
}

#[test]
fn keys_match_in_any_case() {
    let config = parse(r#"{"LEVEL": {"Compliance": "0"}, "Limits": {"MAX_WIDTH": 7}}"#);
    assert_eq!(config.level, ComplianceLevel::Level0);
    assert_eq!(config.limits.max_width, Some(7));
}

#[test]
fn encoding_and_limits_are_read() {
    let config = parse(
        r#"{"encoding": {"jpeg_quality": 100, "jpeg_chroma_subsampling": "4:4:4",
            "jpeg_progressive": true, "png_compression": "Best", "webp_lossless": true,
            "webp_quality": 1, "tif_compression": "deflate", "passthrough": false},
            "limits": {"max_width": 4000, "max_height": 3000, "max_area": 1000000,
            "upscale": false, "max_source_pixels": 18446744073709551615}}"#,
    );
    let encoding = &config.encoding;
    assert_eq!((encoding.jpeg_quality, encoding.webp_quality), (100, 1));
    assert_eq!(encoding.jpeg_chroma_subsampling, ChromaSubsampling::Yuv444);
    assert_eq!(encoding.png_compression, PngCompression::Best);
    assert_eq!(encoding.tif_compression, TifCompression::Deflate);
    assert!(encoding.jpeg_progressive && encoding.webp_lossless && !encoding.passthrough);
    assert_eq!(config.limits.max_source_pixels, u64::MAX);
    let options = config.limits.to_resolve_options();
    assert_eq!(options.upscaling, Upscaling::Forbidden);
    let exceeded = |width, height| {
        options
            .limits
            .exceeded_by(Dimensions::new(width, height).unwrap())
    };
    assert_eq!(exceeded(4001, 1).as_deref(), Some("max_width 4000"));
    assert_eq!(exceeded(1, 3001).as_deref(), Some("max_height 3000"));
    assert_eq!(exceeded(1001, 1000).as_deref(), Some("max_area 1000000"));
    assert_eq!(exceeded(1000, 1000), None);
}

#[test]
fn webp_is_lossy_until_lossless_is_asked_for() {
    for (encoding, expected) in [
        ("{}", false),
        (r#"{"webp_quality": 70}"#, false),
        (r#"{"webp_quality": 70, "webp_lossless": true}"#, true),
    ] {
        let config = parse(&format!(r#"{{"encoding": {encoding}}}"#));
        assert_eq!(config.encoding.webp_lossless, expected, "{encoding}");
    }
}

#[test]
fn the_effective_configuration_loads_again() {
    let mut own = Config::default().with_source_uri("s3://b?prefix=a%20b&key=1");
    own.limits.max_height = Some(9);
    own.encoding.webp_quality = 33;
    own.encoding.webp_lossless = true;
    own.features.disable(Feature::SizeFull);
    own.features.disable(Feature::RegionFull);
    own.services.pop();
    for config in [own, Config::default(), parse(V8), parse(V6), parse(AWS_V1)] {
        assert_eq!(parse(&config.to_json().to_string()), config);
    }
}

#[test]
fn the_effective_configuration_of_the_default_is_spelled_out() {
    insta::assert_json_snapshot!(Config::default().to_json());
}

#[test]
fn secrets_are_neither_printed_nor_debugged() {
    let config = Config::default()
        .with_source_uri("s3blob://b?region=r&credentials=static:ID:HUSH:HUSH")
        .with_derivatives_uri("https://me:HUSH@example.org?secret_key=HUSH&prefix=a");
    let redacted = config.to_redacted_json().to_string();
    for text in [&redacted, &format!("{config:?}"), &format!("{config:#?}")] {
        assert!(!text.contains("HUSH"), "{text}");
        assert!(text.contains("******"), "{text}");
    }
    assert!(
        redacted.contains("region=r") && redacted.contains("prefix=a"),
        "{redacted}"
    );
    assert!(config.to_json().to_string().contains("HUSH"));
}

#[test]
fn keys_without_effect_are_warned_of() {
    let cases: [(&str, &[&str]); 6] = [
        (
            "{\n\"derivativs\": {}}",
            &["config.json:2: `derivativs` is no known key; did you mean `derivatives`?"],
        ),
        (
            r#"{"watermark": 1, "custom": {"a": 1}, "primitive": {}, "flickr": 1, "graphics": {}}"#,
            &["config.json:1: `watermark` is no known key and has no effect"],
        ),
        (
            "{\"palette_service\": {\"palettes\": [{\"uri\": \"css4://\"},\n {\"uri\": \"css3\", \"couny\": 3}]}}",
            &[
                "config.json:2: `palette_service.palettes[1].couny` is no known key and has no effect",
            ],
        ),
        (
            r#"{"encoding": {"jpg_quality": 3}}"#,
            &[
                "config.json:1: `encoding.jpg_quality` is no known key; did you mean `jpeg_quality`?",
            ],
        ),
        (
            "{\"level\": {\"compliance\": \"2\",\n\"Compliance\": \"0\"}}",
            &["config.json:1: `level.compliance` stands again on line 2, which counts"],
        ),
        (
            r#"{"images": {"sorce": {"uri": "mem://"}}, "imagehash": {"x": 1}}"#,
            &[
                "config.json:1: `imagehash.x` is no known key and has no effect",
                "config.json:1: `images.sorce` is no known key; did you mean `source`?",
            ],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(warnings(text), expected, "{text}");
    }
}

#[test]
fn the_later_of_two_keys_counts() {
    let parsed = Config::parse(r#"{"limits": {"max_width": 1, "max_width": 2}}"#, "c").unwrap();
    assert_eq!(parsed.value.limits.max_width, Some(2));
}

/// Files with one mistake, and what is said about it.
const MISTAKES: [(&str, &str); 20] = [
    (
        "{\"palette_service\": {\n\"extruders\": [{\"uri\": \"quant://\", \"count\": \"5\"}]}}",
        "c.json:2: `palette_service.extruders[0].count` is a string; expected a whole number from 1 to 256",
    ),
    (
        r#"{"palette": {"extruder": {"name": "vibrant", "count": 0}}}"#,
        "c.json:1: `palette.extruder.count` is `0`; expected a whole number from 1 to 256",
    ),
    (
        r#"{"palette": {"extruder": {"count": 5}}}"#,
        "c.json:1: `palette.extruder` is an object without `uri` and `name`; expected an object such as `{\"uri\": \"css4://\"}`",
    ),
    (
        r#"{"palette_service": {"palettes": [{"uri": "crayon://"}]}}"#,
        "c.json:1: `palette_service.palettes[0].uri` is `crayon://`; expected `crayola`, `css3` or `css4`",
    ),
    (
        r#"{"palette_service": {"grid": {"uri": "x"}}}"#,
        "c.json:1: `palette_service.grid.uri` is `x`; expected `euclidian`",
    ),
    (
        r#"{"blurhash_service": {"x": 10}}"#,
        "c.json:1: `blurhash_service.x` is `10`; expected a whole number from 1 to 9",
    ),
    (
        r#"{"blurhash_service": {"y": 1.5}}"#,
        "c.json:1: `blurhash_service.y` is `1.5`; expected a whole number from 1 to 9",
    ),
    (
        r#"{"limits": {"max_width": -1}}"#,
        "c.json:1: `limits.max_width` is `-1`; expected a whole number of at least 1",
    ),
    (
        r#"{"limits": {"upscale": "yes"}}"#,
        "c.json:1: `limits.upscale` is a string; expected `true` or `false`",
    ),
    (
        r#"{"level": {"compliance": "3"}}"#,
        "c.json:1: `level.compliance` is `3`; expected `0`, `1` or `2`",
    ),
    (
        r#"{"level": {"compliance": 2}}"#,
        "c.json:1: `level.compliance` is a number; expected `0`, `1` or `2`",
    ),
    (
        r#"{"level": []}"#,
        "c.json:1: `level` is a list; expected an object",
    ),
    (
        r#"{"profile": {"services": {"enable": ["palete"]}}}"#,
        "c.json:1: `profile.services.enable[0]` is `palete`; expected `palette`, `blurhash` or `imagehash`",
    ),
    (
        r#"{"images": {"source": {"name": "Dropbox", "path": "a"}}}"#,
        "c.json:1: `images.source.name` is `Dropbox`; expected `blob`, `disk`, `memory`, `null`, `s3`, `s3blob`, `uri` or `flickr`",
    ),
    (
        r#"{"images": {"source": {"name": "S3"}}}"#,
        "c.json:1: `images.source` is a `s3` location without `path`; expected a `path`: a folder, the name of a bucket, or a URI",
    ),
    (
        r#"{"derivatives": {"cache": {"path": "a"}}}"#,
        "c.json:1: `derivatives.cache` is an object without `uri` and `name`; expected a bucket URI such as `{\"uri\": \"file:///usr/local/images\"}`",
    ),
    (
        r#"{"encoding": {"png_compression": "zip"}}"#,
        "c.json:1: `encoding.png_compression` is `zip`; expected `fast`, `balanced` or `best`",
    ),
    ("[]", "c.json:1: the document is a list; expected an object"),
    (
        "{\n  \"level\" 3}",
        "c.json:2:11: the file is not valid JSON: expected `:`",
    ),
    (
        "{\n  \"level\": 3\n",
        "c.json:3:1: the file is not valid JSON: EOF while parsing an object",
    ),
];

#[test]
fn errors_say_where_what_and_what_is_accepted() {
    for (text, expected) in MISTAKES {
        let error = Config::parse(text, "c.json").unwrap_err();
        assert_eq!(chain(&error), expected);
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}
