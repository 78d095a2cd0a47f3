//! The commands of go-iiif's documents, to the letter.

use iiif_testkit::compare::assert_similar;
use iiif_testkit::pattern::photo;
use image::imageops::{FilterType, resize};
use image::{DynamicImage, GenericImageView as _};
use serde_json::{Value, json};

use crate::studio::{Run, Studio, photo_jpeg};

#[test]
fn the_documented_command_prints_the_documented_report() {
    let studio = Studio::new();
    studio.write_photo("zuber.jpg", 3597, 3600);
    let folder = format!("file://{}", studio.path("config").display());
    let run = studio.run_bare(&[
        "-config-source",
        &folder,
        "-instructions-source",
        &folder,
        "file:///zuber.jpg?target=zuber",
    ]);
    run.assert_code(0);

    let report = run.report("zuber.jpg");
    let dimensions = json!({ "b": [1534, 1536], "d": [320, 320], "o": [3597, 3600] });
    assert_eq!(report["dimensions"], dimensions);
    let uris = json!({
        "b": "file:///zuber/full/!2048,1536/0/color.png",
        "d": "file:///zuber/-1,-1,320,320/full/0/dither.jpg",
        "o": "file:///zuber/full/full/-1/color.jpg"
    });
    assert_eq!(report["uris"], uris);
    let palette = report["palette"].as_array().unwrap();
    assert_eq!(palette.len(), 5);
    for color in palette {
        assert_eq!(color["name"], color["hex"]);
        assert_eq!(color["reference"], "vibrant");
    }
    let made = [
        "zuber/-1,-1,320,320/full/0/dither.jpg",
        "zuber/full/!2048,1536/0/color.png",
        "zuber/full/full/-1/color.jpg",
    ];
    assert_eq!(studio.files_in("derivatives"), made);
    assert_pixels(&studio);
}

#[test]
fn the_example_of_the_readme_runs_in_the_root_of_the_repository() {
    let studio = Studio::new();
    let mut command = studio.command();
    let derivatives = studio.path("derivatives").display().to_string();
    command
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .args(["-config-source", "file://./examples/config"])
        .args(["-instructions-source", "file://./examples/config"])
        .args(["-config-derivatives-cache-uri", &derivatives])
        .arg("file:///zuber.jpg?target=zuber");
    let run = Run::of(&command.output().unwrap());
    run.assert_code(0);
    assert_eq!(
        run.report("zuber.jpg")["dimensions"]["d"],
        json!([320, 320])
    );
    assert_eq!(studio.files_in("derivatives").len(), 3);
}

fn assert_pixels(studio: &Studio) {
    let original = photo(3597, 3600);
    let o = studio.derivative("zuber/full/full/-1/color.jpg");
    assert_similar(&o.to_rgb8(), &original, 30.0);
    let b = studio.derivative("zuber/full/!2048,1536/0/color.png");
    let expected = resize(&o.to_rgb8(), 1534, 1536, FilterType::Lanczos3);
    assert_similar(&b.to_rgb8(), &expected, 40.0);
    let d = studio.derivative("zuber/-1,-1,320,320/full/0/dither.jpg");
    assert_eq!(d.dimensions(), (320, 320));
    assert!(
        matches!(d, DynamicImage::ImageLuma8(_)),
        "a dithered JPEG has one component"
    );
    // JPEG rings around the dots, but nearly all pixels stay near black or white.
    let gray = d.to_luma8();
    let extreme = gray
        .pixels()
        .filter(|pixel| pixel.0[0] < 64 || pixel.0[0] > 191)
        .count();
    assert!(
        extreme > 320 * 320 * 8 / 10,
        "{extreme} of {} pixels",
        320 * 320
    );
}

#[test]
fn idsecret_uris_write_the_nine_default_instructions_into_the_tree() {
    let studio = Studio::new();
    studio.write_photo("x.jpg", 1200, 900);
    let run = studio.run_bare(&[
        "-config-source",
        "file://./config",
        "idsecret:///x.jpg?id=9998&secret=abc&secret_o=def",
    ]);
    run.assert_code(0);

    let expected: [(&str, u32, u32); 9] = [
        ("999/8/9998_abc_b.jpg", 1024, 768),
        ("999/8/9998_abc_c.jpg", 800, 600),
        ("999/8/9998_abc_dc.jpg", 800, 600),
        ("999/8/9998_abc_ds.jpg", 320, 320),
        ("999/8/9998_abc_k.jpg", 2048, 1536),
        ("999/8/9998_abc_n.jpg", 320, 240),
        ("999/8/9998_abc_s.jpg", 320, 320),
        ("999/8/9998_abc_z.jpg", 640, 480),
        ("999/8/9998_def_o.jpg", 1200, 900),
    ];
    let keys: Vec<&str> = expected.iter().map(|(key, ..)| *key).collect();
    assert_eq!(studio.files_in("derivatives"), keys);
    let original = studio.derivative("999/8/9998_def_o.jpg").to_rgb8();
    for (key, width, height) in expected {
        let derivative = studio.derivative(key);
        assert_eq!(derivative.dimensions(), (width, height), "{key}");
        let plain = !["_s.", "_ds.", "_dc."]
            .iter()
            .any(|cropped| key.contains(cropped));
        if plain {
            let reference = resize(&original, width, height, FilterType::Lanczos3);
            assert_similar(&derivative.to_rgb8(), &reference, 32.0);
        }
    }
    let report = run.report("x.jpg");
    assert_eq!(report["uris"]["o"], "file:///999/8/9998_def_o.jpg");
    let redacted = report["origin_uri"].as_str().unwrap();
    assert!(
        !redacted.contains("abc") && !redacted.contains("def"),
        "{redacted}"
    );
}

#[test]
fn without_a_config_photos_of_this_folder_go_to_derivatives() {
    let studio = Studio::new();
    studio.write("100% wool #1.jpg", &photo_jpeg(400, 300));
    let run = studio.run_bare(&["100% wool #1.jpg"]);
    run.assert_code(0);
    let report = run.report("100% wool #1.jpg");
    assert_eq!(report["dimensions"].as_object().unwrap().len(), 9);
    let key = "100% wool #1.jpg/full/!800,600/0/color.jpg";
    assert_eq!(studio.derivative(key).dimensions(), (800, 600));
    assert_eq!(
        report["uris"]["c"],
        Value::from("file:///100%25%20wool%20%231.jpg/full/!800,600/0/color.jpg")
    );
}

#[test]
fn the_same_run_writes_the_same_bytes() {
    let read = |concurrency: &str| {
        let studio = Studio::new();
        studio.write_photo("a.jpg", 700, 500);
        studio.write_photo("b.jpg", 500, 700);
        let run = studio.run(&["-report", "-concurrency", concurrency, "a.jpg", "b.jpg"]);
        run.assert_code(0);
        let files = studio.files_in("derivatives");
        let bytes: Vec<Vec<u8>> = files
            .iter()
            .map(|file| std::fs::read(studio.path("derivatives").join(file)).unwrap())
            .collect();
        (run.stdout, files, bytes)
    };
    assert!(read("1") == read("4"));
}
