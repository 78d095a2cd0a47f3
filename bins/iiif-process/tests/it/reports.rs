//! Report objects and contact sheets.

use serde_json::{Value, json};

use crate::studio::Studio;

const ORIGIN: &str = "<b>&\"'.jpg";

#[test]
fn reports_lie_beside_the_derivatives_or_in_a_bucket_of_their_own() {
    let studio = Studio::new();
    studio.write_photo("test.jpg", 320, 320);
    let hash = "0d407ee6406a1216f2366674a1a9ff71361d5bef47021f8eb8b51f95e319dd56";
    let per_origin = format!("process_{hash}.json");
    let template = "-report-template=process_{sha256_origin}.json";
    let cases: [(&[&str], String); 5] = [
        (&["-report"], "derivatives/test.jpg/process.json".to_owned()),
        (
            &["-report", "-report-name", "x.json"],
            "derivatives/test.jpg/x.json".to_owned(),
        ),
        (
            &["-report", template],
            format!("derivatives/test.jpg/{per_origin}"),
        ),
        (
            &["-report", "-report-bucket-uri=file://./reports"],
            format!("reports/{per_origin}"),
        ),
        (
            &["-report", "-report-source=file://./old"],
            format!("old/{per_origin}"),
        ),
    ];
    for (flags, path) in cases {
        let run = studio.run(&[flags, &["test.jpg"]].concat());
        run.assert_code(0);
        let report: Value =
            serde_json::from_slice(&std::fs::read(studio.path(&path)).unwrap()).unwrap();
        assert_eq!(report, run.report("test.jpg"), "{path}");
    }
}

#[test]
fn the_fingerprint_is_the_sha256_of_the_source() {
    let studio = Studio::new();
    studio.write("images/abc.jpg", b"abc");
    let run = studio.run(&["abc.jpg"]);
    run.assert_code(1);
    // FIPS 180-2, appendix B.1.
    let expected = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(run.report("abc.jpg")["origin_fingerprint"], expected);
}

#[test]
fn a_contact_sheet_links_to_every_derivative_and_escapes_names() {
    let studio = Studio::new();
    studio.write_photo(ORIGIN, 400, 300);
    let run = studio.run(&["-report-html", ORIGIN]);
    run.assert_code(0);
    let page = std::fs::read_to_string(studio.path("derivatives").join(ORIGIN).join("index.html"))
        .unwrap();
    assert!(page.contains("&lt;b&gt;&amp;&quot;&#39;.jpg"), "{page}");
    assert!(!page.contains("<b>&"), "{page}");
    for link in [
        "full/full/-1/color.jpg",
        "full/!2048,1536/0/color.png",
        "./-1,-1,320,320/full/0/dither.jpg",
    ] {
        let link = link.trim_start_matches("./");
        assert!(
            page.contains(&format!("src=\"{link}\"")),
            "no {link} in {page}"
        );
        assert!(studio.path("derivatives").join(ORIGIN).join(link).exists());
    }
    let swatches = page.matches("<li><span style=\"background:#").count();
    assert_eq!(swatches, 5);
}

#[test]
fn a_contact_sheet_shows_previews_of_one_size_with_what_they_link_to() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 400, 600);
    studio.write_instructions(&json!({
        "archive": { "format": "tif" },
        "o": { "rotation": "-1" },
        "wide": { "region": "0,0,400,100" },
        "outside": { "region": "5000,0,10,10" }
    }));
    let run = studio.run(&["-report-html", "a.jpg"]);
    run.assert_code(1);
    let page = std::fs::read_to_string(studio.path("derivatives/a.jpg/index.html")).unwrap();
    let original = std::fs::metadata(studio.path("derivatives/a.jpg/full/full/-1/color.jpg"));
    let size = format!(
        "<span>{:.0} kB</span>",
        original.unwrap().len() as f64 / 1e3
    );
    for part in [
        "<p>3 derivatives, 1 failed</p>",
        "<li><b>outside</b>",
        "<a href=\"full/full/-1/color.jpg\"><img src=\"full/full/-1/color.jpg\"",
        "class=\"high\" style=\"max-height:600px\"",
        "class=\"wide\" style=\"max-width:400px\"",
        "<a href=\"full/full/0/color.tif\">TIF</a>",
        "<span>400 × 100</span>",
        size.as_str(),
    ] {
        assert!(page.contains(part), "no {part} in {page}");
    }
    for part in ["<script", "http", "@import"] {
        assert!(!page.contains(part), "{part} in {page}");
    }
}

#[test]
fn the_placeholder_of_a_contact_sheet_is_the_blurhash() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 400, 300);
    let run = studio.run_bare(&[
        "-config-images-source-uri=file://./images",
        "-report-html",
        "idsecret:///a.jpg?id=12345&secret=s&secret_o=o",
    ]);
    run.assert_code(0);
    assert_eq!(run.report("a.jpg")["blurhash"].as_str().unwrap().len(), 132);
    let page = std::fs::read_to_string(studio.path("derivatives/123/45/index.html")).unwrap();
    assert_eq!(
        page.matches("background-image:url(data:image/png;base64,")
            .count(),
        1
    );
    assert!(page.contains("src=\"12345_s_b.jpg\""), "{page}");
}
