//! `docs/conformance.md`, made of what the language of the specification says and the service answers.

use std::fmt::Write as _;
use std::path::Path;

use iiif_image_api::{ApiVersion, ComplianceLevel, Feature, Format, Quality};

use crate::server::{Answer, COLOR, Server};

const VERSIONS: [ApiVersion; 2] = [ApiVersion::V2, ApiVersion::V3];

/// What stands before the tables.
const START: &str = "\
# Conformance

`iiif-server` and the crate `iiif-http` answer the [Image API 2.1](https://iiif.io/api/image/2.1/) below
`/iiif/2` and at the root, and [3.0](https://iiif.io/api/image/3.0/) below `/iiif/3`, both at level 2 unless
the config switches something off that it needs.

The tables are written by a test that asks a service with the default config, and fails where this page
says anything else; `UPDATE_DOCS=1 make test` writes them anew.
";

/// What stands behind them.
const END: &str = "
## Beside the specification

Extensions of go-iiif are understood in both versions, and info.json names none of them: smart crop
`-1,-1,w,h` as region, rotation `-1`, the qualities `dither` and `crisp`, and `grey` and `colour` for `gray`
and `color`.

In 3.0 a `!w,h` that is larger than the region in both directions is refused, as the official validator
wants it; §4.2 gives the region. `-oversized-box region` follows the text.

## The official validator

`make e2e` runs `iiif-validator` 1.0.5 against the server: of level 2 all 30 tests of 2.0 and all 33 of 3.0
pass. Of the tests above level 2 these fail, and no others:

| Test | Version | Why |
|---|---|---|
| `format_jp2`, `format_pdf` | 2.0, 3.0 | neither is written; the tests also fail where they are, because they use another library than the one installed with them |
| `format_webp` | 2.0, 3.0 | the test compares bytes with a text |
| `size_up` | 3.0 | the test asks `^max` to be the size of the image, and `^pct:200` to be twice that |
";

/// Requests of what go-iiif added to the specification.
const EXTENSIONS: [&str; 6] = [
    "-1,-1,50,50/max/0/default.jpg",
    "full/max/-1/default.jpg",
    "full/max/0/dither.jpg",
    "full/max/0/crisp.jpg",
    "full/max/0/grey.jpg",
    "full/max/0/colour.jpg",
];

/// Returns what asks for a feature, as a text and as a request; none where all answers have it.
fn example(feature: Feature) -> (&'static str, Option<&'static str>) {
    match feature {
        Feature::BaseUriRedirect => ("303 to info.json", None),
        Feature::CanonicalLinkHeader => ("`Link: <…>;rel=\"canonical\"`", None),
        Feature::Cors => ("`Access-Control-Allow-Origin: *`", None),
        Feature::JsonldMediaType => ("`Accept: application/ld+json`", None),
        Feature::ProfileLinkHeader => ("`Link: <…>;rel=\"profile\"`", None),
        Feature::Mirroring => ("rotation `!0`", Some("full/max/!0/default.jpg")),
        Feature::RegionByPct => (
            "region `pct:10,10,50,50`",
            Some("pct:10,10,50,50/max/0/default.jpg"),
        ),
        Feature::RegionByPx => (
            "region `10,10,50,40`",
            Some("10,10,50,40/max/0/default.jpg"),
        ),
        Feature::RegionSquare => ("region `square`", Some("square/max/0/default.jpg")),
        Feature::RotationArbitrary => ("rotation `22.5`", Some("full/max/22.5/default.jpg")),
        Feature::RotationBy90s => ("rotation `90`", Some("full/max/90/default.jpg")),
        Feature::SizeAboveFull => ("size `600,` of 300 pixels", Some("full/600,/0/default.jpg")),
        Feature::SizeByConfinedWh => ("size `!50,50`", Some("full/!50,50/0/default.jpg")),
        Feature::SizeByDistortedWh => ("size `50,90`", Some("full/50,90/0/default.jpg")),
        Feature::SizeByH => ("size `,50`", Some("full/,50/0/default.jpg")),
        Feature::SizeByPct => ("size `pct:50`", Some("full/pct:50/0/default.jpg")),
        Feature::SizeByW => ("size `50,`", Some("full/50,/0/default.jpg")),
        Feature::SizeByWh => ("size `60,40`", Some("full/60,40/0/default.jpg")),
        Feature::SizeUpscaling => (
            "size `^600,` of 300 pixels",
            Some("full/^600,/0/default.jpg"),
        ),
        other => unreachable!("{other} has no example"),
    }
}

/// What is wrong, a request of it for an image of 300x200 pixels, and where the statuses come from.
#[rustfmt::skip]
const FAULTS: [(&str, &str, &str); 18] = [
    ("an identifier of no image", "none.jpg/full/max/0/default.jpg", "2.1 §7, 3.0 §7.3"),
    ("an identifier with a plain slash", "maps/color.png/info.json", "2.1 §9, 3.0 §9"),
    ("an identifier of something else than an image", "notes.txt/info.json", "2.1 §7, 3.0 §7.3"),
    ("an image that is damaged", "cut.jpg/full/max/0/default.jpg", "2.1 §7, 3.0 §7.3"),
    ("a region of no known form", "{}/fulL/max/0/default.jpg", "2.1 §4.1, 3.0 §4.1"),
    ("a region without width or height", "{}/0,0,0,9/max/0/default.jpg", "2.1 §4.1, 3.0 §4.1"),
    ("a region outside of the image", "{}/300,0,9,9/max/0/default.jpg", "2.1 §4.1, 3.0 §4.1"),
    ("a size of no known form", "{}/full/0x9/0/default.jpg", "2.1 §4.2, 3.0 §4.2"),
    ("a size without a pixel", "{}/full/0,/0/default.jpg", "2.1 §4.2, 3.0 §4.2"),
    ("size `full`, which 3.0 does not have", "{}/full/full/0/default.jpg", "2.1 §4.2, 3.0 §4.2"),
    ("a size above the region without `^`", "{}/full/600,/0/default.jpg", "2.1 §4.2, 3.0 §4.2"),
    ("a percentage above 100 without `^`", "{}/full/pct:200/0/default.jpg", "2.1 §4.2, 3.0 §4.2"),
    ("a box larger than the region without `^`", "{}/full/!900,900/0/default.jpg", "2.1 §4.2, 3.0 §4.2"),
    ("a size above the limits", "{}/full/^99999,99999/0/default.jpg", "2.1 §4.2, 3.0 §4.2"),
    ("a rotation beyond 360", "{}/full/max/361/default.jpg", "2.1 §4.3, 3.0 §4.3"),
    ("a quality of no known name", "{}/full/max/0/sepia.jpg", "2.1 §4.4, 3.0 §4.4"),
    ("a format of no known name", "{}/full/max/0/default.bmp", "2.1 §4.5, 3.0 §4.5"),
    ("a path of another number of steps", "{}/full/max/0", "2.1 §2, 3.0 §2"),
];

#[tokio::test]
async fn the_page_says_what_the_service_does() {
    let server = Server::start().await;
    let mut page = START.to_owned();
    features(&server, &mut page).await;
    qualities_and_formats(&server, &mut page).await;
    statuses(&server, &mut page).await;
    for request in EXTENSIONS {
        for version in VERSIONS {
            server.get(&image(version, request)).await.image();
        }
    }
    page.push_str(END);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    if written != page && std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert!(
        written == page,
        "docs/conformance.md says something else than the service does; run this test with UPDATE_DOCS=1, \
         and look at what changed"
    );
}

async fn features(server: &Server, page: &mut String) {
    page.push_str("\n## Features\n\nAll are served. The level is the lowest that requires it.\n\n");
    page.push_str("| Feature | Such as | 2.1 | 3.0 |\n|---|---|---|---|\n");
    for feature in Feature::ALL {
        let (text, request) = example(feature);
        let mut row = format!("| `{feature}` | {text} |");
        for version in VERSIONS {
            if !feature.is_in(version) {
                row.push_str(" – |");
                continue;
            }
            match request {
                Some(request) => {
                    server.get(&image(version, request)).await.image();
                }
                None => assert_has(server, feature, version).await,
            }
            let level = feature.required_from(version);
            let _ = write!(row, " {} |", level.map_or("optional", level_text));
        }
        let _ = writeln!(page, "{row}");
    }
}

/// Fails unless answers have what no request of an image asks for.
async fn assert_has(server: &Server, feature: Feature, version: ApiVersion) {
    let answer = server.get(&image(version, "full/max/0/default.jpg")).await;
    let base = image(version, "");
    let has_it = match feature {
        Feature::BaseUriRedirect => server.get(&base).await.status == 303,
        Feature::CanonicalLinkHeader => answer.link("canonical").is_some(),
        Feature::ProfileLinkHeader => answer.link("profile").is_some(),
        Feature::Cors => answer.header("access-control-allow-origin") == "*",
        _ => {
            let accept = [("accept", "application/ld+json")];
            let info: Answer = server
                .ask("GET", &format!("{base}info.json"), &accept)
                .await;
            info.header("content-type")
                .starts_with("application/ld+json")
        }
    };
    assert!(has_it, "{feature} of {version}");
}

async fn qualities_and_formats(server: &Server, page: &mut String) {
    page.push_str("\n## Qualities and formats\n\n| | Served | 2.1 | 3.0 |\n|---|---|---|---|\n");
    for quality in Quality::ALL {
        let level = |level: ComplianceLevel, version| level.qualities(version).contains(&quality);
        let request = format!("full/max/0/{quality}.jpg");
        let _ = writeln!(
            page,
            "| quality `{quality}` | {}",
            served(server, &request, level).await
        );
    }
    for format in Format::ALL {
        let level = |level: ComplianceLevel, _version| level.formats().contains(&format);
        let request = format!("full/max/0/default.{format}");
        let _ = writeln!(
            page,
            "| format `{format}` | {}",
            served(server, &request, level).await
        );
    }
    page.push_str(
        "\nLevel 2 also requires `color` and `gray` of images that have them, as both are;\nits documents list neither.\n",
    );
}

/// Returns the rest of a row: whether it is served, and from which level on it is required.
async fn served(
    server: &Server,
    request: &str,
    requires: impl Fn(ComplianceLevel, ApiVersion) -> bool,
) -> String {
    let mut statuses = Vec::new();
    let mut row = String::new();
    for version in VERSIONS {
        statuses.push(server.get(&image(version, request)).await.status.as_u16());
        let level = ComplianceLevel::ALL
            .into_iter()
            .find(|level| requires(*level, version));
        let _ = write!(row, " {} |", level.map_or("optional", level_text));
    }
    assert_eq!(statuses[0], statuses[1], "{request}");
    match statuses[0] {
        200 => format!("yes |{row}"),
        status => format!("no: {status} |{row}"),
    }
}

async fn statuses(server: &Server, page: &mut String) {
    page.push_str(
        "\n## Statuses\n\nThe sections on parameters win over the table of 3.0 §7.3.\n\n| Request | 2.1 | 3.0 | Sections |\n|---|---|---|---|\n",
    );
    for (what, request, sections) in FAULTS {
        let mut row = format!("| {what} |");
        for version in VERSIONS {
            let request = request.replace("{}", COLOR);
            let path = format!("/iiif/{}/{request}", step(version));
            let _ = write!(row, " {} |", server.get(&path).await.status.as_u16());
        }
        let _ = writeln!(page, "{row} {sections} |");
    }
    page.push_str("\nWhat a server answers besides stands in [server.md](server.md#errors).\n");
}

fn image(version: ApiVersion, request: &str) -> String {
    format!("/iiif/{}/{COLOR}/{request}", step(version))
}

fn step(version: ApiVersion) -> &'static str {
    if version == ApiVersion::V2 { "2" } else { "3" }
}

fn level_text(level: ComplianceLevel) -> &'static str {
    match level {
        ComplianceLevel::Level0 => "level 0",
        ComplianceLevel::Level1 => "level 1",
        ComplianceLevel::Level2 => "level 2",
    }
}
