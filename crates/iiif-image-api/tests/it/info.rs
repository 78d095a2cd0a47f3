//! info.json, to the letter.

use iiif_image_api::{
    ApiVersion, BaseUri, ComplianceLevel, Feature, Format, Identifier, ImageInfo, InfoError,
    JSON_LD_MEDIA_TYPE_V3, LinkedResource, Quality, SizeLimits, TileGrid, TileSet,
};

use crate::dimensions;

fn image(level: ComplianceLevel) -> ImageInfo {
    let base: BaseUri = "https://example.org/iiif".parse().expect("a base URI");
    let identifier = Identifier::new("a/1").expect("an identifier");
    ImageInfo::new(base.image(&identifier), dimensions(6000, 4000), level)
}

/// A document is written on one line; the expected ones are broken into lines for the reader.
fn assert_document(info: &ImageInfo, version: ApiVersion, expected: &str) {
    let expected: String = expected.lines().map(str::trim).collect();
    assert_eq!(info.to_json(version).as_deref(), Ok(expected.as_str()));
}

#[test]
fn the_least_that_there_is_to_say() {
    assert_document(
        &image(ComplianceLevel::Level0),
        ApiVersion::V2,
        r#"{
            "@context":"http://iiif.io/api/image/2/context.json",
            "@id":"https://example.org/iiif/a%2F1",
            "@type":"iiif:Image",
            "protocol":"http://iiif.io/api/image",
            "width":6000,
            "height":4000,
            "profile":["http://iiif.io/api/image/2/level0.json"]
        }"#,
    );
    assert_document(
        &image(ComplianceLevel::Level0),
        ApiVersion::V3,
        r#"{
            "@context":"http://iiif.io/api/image/3/context.json",
            "id":"https://example.org/iiif/a%2F1",
            "type":"ImageService3",
            "protocol":"http://iiif.io/api/image",
            "profile":"level0",
            "width":6000,
            "height":4000
        }"#,
    );
}

/// A server with everything, described once.
fn full_server() -> ImageInfo {
    let mut info = image(ComplianceLevel::Level2)
        .with_limits(
            SizeLimits::default()
                .with_max_width(3000)
                .with_max_height(2000)
                .with_max_area(4_000_000),
        )
        .with_tile_grid(TileGrid::new(dimensions(6000, 4000), dimensions(512, 512)))
        .with_qualities(Quality::ALL)
        .with_formats([
            Format::Jpg,
            Format::Png,
            Format::Webp,
            Format::Tif,
            Format::Webp,
        ])
        .with_features(Feature::ALL)
        .with_preferred_formats([Format::Webp, Format::Png])
        .with_rights("http://rightsstatements.org/vocab/InC-EDU/1.0/")
        .with_service(serde_json::json!({
            "@context": "http://example.org/palette.json",
            "profile": "x-urn:palette",
            "palette": [{"hex": "#aabbcc"}],
        }));
    info.attribution = Some("An institution".to_owned());
    info.logo = Some("https://example.org/logo.png".to_owned());
    info.part_of = vec![
        LinkedResource::new("https://example.org/manifest/1", "Manifest")
            .with_label("en", "A Book"),
    ];
    info.see_also = vec![
        LinkedResource::new("https://example.org/image1.xml", "Dataset")
            .with_label("en", "Technical image metadata")
            .with_format("text/xml")
            .with_profile("https://example.org/profiles/imagedata"),
    ];
    info.extra_contexts = vec!["http://example.org/palette.json".to_owned()];
    info
}

#[test]
fn everything_in_2_1_has_limits_inside_the_profile() {
    assert_document(
        &full_server(),
        ApiVersion::V2,
        r##"{
            "@context":"http://iiif.io/api/image/2/context.json",
            "@id":"https://example.org/iiif/a%2F1",
            "@type":"iiif:Image",
            "protocol":"http://iiif.io/api/image",
            "width":6000,
            "height":4000,
            "sizes":[{"width":375,"height":250},{"width":750,"height":500},{"width":1500,"height":1000}],
            "tiles":[{"width":512,"scaleFactors":[1,2,4,8,16]}],
            "profile":["http://iiif.io/api/image/2/level2.json",{
                "formats":["webp","tif"],
                "qualities":["color","gray"],
                "supports":["canonicalLinkHeader","mirroring","profileLinkHeader","regionSquare",
                    "rotationArbitrary","sizeAboveFull"],
                "maxWidth":3000,
                "maxHeight":2000,
                "maxArea":4000000
            }],
            "attribution":"An institution",
            "license":"http://rightsstatements.org/vocab/InC-EDU/1.0/",
            "logo":"https://example.org/logo.png",
            "service":[{"@context":"http://example.org/palette.json",
                "palette":[{"hex":"#aabbcc"}],"profile":"x-urn:palette"}]
        }"##,
    );
}

#[test]
fn everything_in_3_0_has_limits_on_top() {
    assert_document(
        &full_server(),
        ApiVersion::V3,
        r##"{
            "@context":["http://example.org/palette.json","http://iiif.io/api/image/3/context.json"],
            "id":"https://example.org/iiif/a%2F1",
            "type":"ImageService3",
            "protocol":"http://iiif.io/api/image",
            "profile":"level2",
            "width":6000,
            "height":4000,
            "maxWidth":3000,
            "maxHeight":2000,
            "maxArea":4000000,
            "sizes":[{"width":375,"height":250},{"width":750,"height":500},{"width":1500,"height":1000}],
            "tiles":[{"width":512,"scaleFactors":[1,2,4,8,16]}],
            "rights":"http://rightsstatements.org/vocab/InC-EDU/1.0/",
            "preferredFormats":["webp","png"],
            "extraFormats":["webp","tif"],
            "extraQualities":["color","gray","bitonal"],
            "extraFeatures":["canonicalLinkHeader","mirroring","profileLinkHeader",
                "rotationArbitrary","sizeUpscaling"],
            "partOf":[{"id":"https://example.org/manifest/1","type":"Manifest",
                "label":{"en":["A Book"]}}],
            "seeAlso":[{"id":"https://example.org/image1.xml","type":"Dataset",
                "label":{"en":["Technical image metadata"]},"format":"text/xml",
                "profile":"https://example.org/profiles/imagedata"}],
            "service":[{"@context":"http://example.org/palette.json",
                "palette":[{"hex":"#aabbcc"}],"profile":"x-urn:palette"}]
        }"##,
    );
}

#[test]
fn lower_levels_promise_less_and_list_more() {
    let info = image(ComplianceLevel::Level1)
        .with_formats([Format::Jpg, Format::Png])
        .with_qualities([Quality::Default, Quality::Bitonal])
        .with_features([Feature::SizeByPct, Feature::SizeByWh, Feature::RegionSquare]);
    let v2 = info.to_json(ApiVersion::V2).expect("a document");
    assert!(
        v2.ends_with(
            r#""profile":["http://iiif.io/api/image/2/level1.json",{"formats":["png"],"qualities":["bitonal"],"supports":["sizeByWh","regionSquare"]}]}"#
        ),
        "{v2}"
    );
    let v3 = info.to_json(ApiVersion::V3).expect("a document");
    assert!(
        v3.ends_with(
            r#""height":4000,"extraFormats":["png"],"extraQualities":["bitonal"],"extraFeatures":["sizeByPct"]}"#
        ),
        "{v3}"
    );
}

#[test]
fn tiles_that_are_not_square_have_a_height() {
    let mut info = image(ComplianceLevel::Level1);
    let set = |width, height, scale_factors| TileSet {
        tile: dimensions(width, height),
        scale_factors,
    };
    info.tiles = vec![set(512, 512, vec![1, 2, 4]), set(1024, 2048, vec![8, 16])];
    let document = info.to_json(ApiVersion::V3).expect("a document");
    // The tiles of 3.0 §5.9.
    assert!(
        document.ends_with(
            r#""tiles":[{"width":512,"scaleFactors":[1,2,4]},{"width":1024,"height":2048,"scaleFactors":[8,16]}]}"#
        ),
        "{document}"
    );
}

#[test]
fn tiles_and_sizes_above_the_limits_are_not_listed() {
    let grid = TileGrid::new(dimensions(6000, 4000), dimensions(512, 512));
    let info = image(ComplianceLevel::Level1)
        .with_tile_grid(grid)
        .with_limits(SizeLimits::default().with_max_width(500));
    let document = info.to_json(ApiVersion::V3).expect("a document");
    let expected = r#""maxWidth":500,"sizes":[{"width":375,"height":250}]}"#;
    assert!(document.ends_with(expected), "{document}");
}

#[test]
fn contradictions_are_refused() {
    let info = image(ComplianceLevel::Level1);
    let versions = [ApiVersion::V2, ApiVersion::V3];

    let height = info
        .clone()
        .with_limits(SizeLimits::default().with_max_height(9));
    for version in versions {
        let error = height.to_json(version).expect_err("no width");
        assert_eq!(error, InfoError::MaxHeightAlone { max_height: 9 });
    }

    let upscaling = info.clone().with_features([Feature::SizeUpscaling]);
    let error = upscaling.to_json(ApiVersion::V3).expect_err("no limits");
    assert_eq!(
        error.to_string(),
        "`sizeUpscaling` is offered without limits; expected `max_width` or `max_area`"
    );
    upscaling
        .to_json(ApiVersion::V2)
        .expect("2.1 has no such feature");
    for limits in [
        SizeLimits::default().with_max_width(9),
        SizeLimits::default().with_max_area(9),
    ] {
        let limited = upscaling.clone().with_limits(limits);
        limited.to_json(ApiVersion::V3).expect("a limit");
    }

    let preferred = info
        .clone()
        .with_preferred_formats([Format::Jpg, Format::Png]);
    let error = preferred
        .to_json(ApiVersion::V3)
        .expect_err("level 1 has no PNG");
    assert_eq!(
        error,
        InfoError::PreferredFormatNotOffered {
            format: Format::Png
        }
    );

    let mut tiles = info.with_tile_grid(TileGrid::new(dimensions(9, 9), dimensions(2, 2)));
    tiles.tiles.extend(tiles.tiles.clone());
    let error = tiles.to_json(ApiVersion::V2).expect_err("the same tiles");
    assert_eq!(
        error,
        InfoError::DuplicateTiles {
            tile: dimensions(2, 2)
        }
    );
}

#[test]
fn the_media_type_of_3_0_names_its_context() {
    assert_eq!(
        JSON_LD_MEDIA_TYPE_V3,
        "application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\""
    );
}
