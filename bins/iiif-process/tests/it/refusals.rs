//! Bad input, and what it gets.

use iiif_testkit::header_lies::{enormous_png, png_of_16_million_rows};
use serde_json::json;

use crate::studio::{Run, Studio, photo_jpeg};

#[test]
fn what_is_wrong_before_any_work_exits_with_2_and_names_it() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 320, 320);
    let cases: [(&[&str], &[&str]); 10] = [
        (
            &["ftp:///a.jpg"],
            &["ftp", "`file`", "`rewrite`", "`idsecret`"],
        ),
        (&["idsecret:///a.jpg"], &["idsecret:///a.jpg", "id"]),
        (&["rewrite:///a.jpg"], &["rewrite:///a.jpg", "target"]),
        (&["file:///../a.jpg"], &["../a.jpg"]),
        (
            &["-config-images-source-uri", "gopher://x", "a.jpg"],
            &["gopher", "s3", "file"],
        ),
        (&["-no-such-flag", "a.jpg"], &["--no-such-flag"]),
        (
            &["file:///a.jpg?target=x", "file:///b.jpg?target=x"],
            &["a.jpg", "b.jpg", "x/"],
        ),
        (&["rewrite:///a.jpg?target=x.jpg"], &["`b`", "`d`", "x.jpg"]),
        (&["-manifest", "missing.txt"], &["missing.txt"]),
        (&["-memory-limit", "lots", "a.jpg"], &["lots", "512MiB"]),
    ];
    for (args, expected) in cases {
        let run = studio.run(args);
        run.assert_code(2);
        assert_eq!(run.stdout, "", "{args:?}");
        for part in expected {
            assert!(
                run.stderr.contains(part),
                "{args:?}: no `{part}` in {}",
                run.stderr
            );
        }
        assert_eq!(studio.files_in("derivatives"), [""; 0], "{args:?}");
    }
}

#[test]
fn files_that_do_not_say_what_they_should_are_refused_with_line_and_key() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 320, 320);
    let cases: [(&str, &str, &[&str]); 5] = [
        (
            "config.json",
            "{\n  \"level\": oops\n}",
            &["config.json", ":2:"],
        ),
        (
            "config.json",
            "{\n \"blurhash_service\": {\n  \"x\": \"many\"\n }\n}",
            &["config.json:3", "blurhash_service.x"],
        ),
        (
            "config.json",
            "{\"features\": {\"enable\": {\"colours\": []}}}",
            &["colours", "quality"],
        ),
        (
            "instructions.json",
            "{\"b\": {\"size\": \"big\"}}",
            &["instructions.json", "b.size", "`big`"],
        ),
        (
            "instructions.json",
            "{\"b\": [1]}",
            &["instructions.json", "`b`"],
        ),
    ];
    for (file, text, expected) in cases {
        let studio = Studio::new();
        studio.write(&format!("config/{file}"), text.as_bytes());
        let run = studio.run(&["a.jpg"]);
        run.assert_code(2);
        for part in expected {
            assert!(
                run.stderr.contains(part),
                "{text}: no `{part}` in {}",
                run.stderr
            );
        }
    }
}

#[test]
fn one_bad_image_does_not_stop_the_others() {
    let studio = Studio::new();
    studio.write_photo("good.jpg", 400, 300);
    let whole = photo_jpeg(400, 300);
    studio.write("images/cut.jpg", &whole[..whole.len() / 2]);
    studio.write("images/empty.jpg", b"");
    studio.write("images/text.jpg", b"this is no image");
    studio.write("images/huge.png", &enormous_png());
    studio.write("images/rows.png", &png_of_16_million_rows());
    let names = [
        "cut.jpg",
        "empty.jpg",
        "good.jpg",
        "huge.png",
        "missing.jpg",
        "rows.png",
        "text.jpg",
    ];
    let run = studio.run(&[&["-report"][..], &names].concat());
    run.assert_code(1);
    for (name, expected) in [
        ("cut.jpg", "JPEG"),
        ("empty.jpg", "empty"),
        ("huge.png", "max_pixels"),
        ("missing.jpg", "missing.jpg"),
        ("rows.png", "PNG"),
        ("text.jpg", "accepted"),
    ] {
        let report = run.report(name);
        let reason = report["errors"]["source"]["reason"].as_str().unwrap();
        assert!(reason.contains(expected), "{name}: {reason}");
        let folder = studio.path(&format!("derivatives/{name}"));
        if name == "missing.jpg" {
            assert!(!folder.exists());
        } else {
            assert!(folder.join("process.json").exists(), "{name}");
        }
    }
    let good = run.report("good.jpg");
    assert_eq!(good.get("errors"), None);
    assert_eq!(good["uris"].as_object().unwrap().len(), 3);
}

#[test]
fn an_instruction_that_cannot_be_done_fails_alone() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 400, 300);
    studio.write_instructions(&json!({
        "fits": { "size": "200," },
        "outside": { "region": "5000,0,10,10" },
        "vast": { "size": "4000000000," }
    }));
    let run = studio.run(&["a.jpg"]);
    run.assert_code(1);
    let report = run.report("a.jpg");
    assert_eq!(report["dimensions"], json!({ "fits": [200, 150] }));
    let errors = report["errors"].as_object().unwrap();
    assert_eq!(errors.len(), 2);
    let reason = |label: &str| errors[label]["reason"].as_str().unwrap();
    assert!(
        reason("outside").contains("5000,0,10,10"),
        "{}",
        reason("outside")
    );
    assert!(reason("vast").contains("max_area"), "{}", reason("vast"));
}

#[test]
fn an_image_larger_than_the_memory_limit_is_refused_with_the_figure_and_the_flag() {
    let studio = Studio::new();
    studio.write_photo("large.jpg", 4000, 4000);
    studio.write_photo("small.jpg", 320, 320);
    // Every pixel is needed, so that no smaller decode serves.
    studio.write_instructions(&json!({
        "o": { "size": "full", "quality": "gray", "format": "jpg" }
    }));
    let run = studio.run(&["-memory-limit", "44MiB", "large.jpg", "small.jpg"]);
    run.assert_code(1);
    let report = run.report("large.jpg");
    // Of the source, or of the label alone where a reduction is enough for the palette.
    let errors = report["errors"].as_object().unwrap();
    assert_eq!(errors.len(), 1);
    let reason = errors.values().next().unwrap()["reason"].as_str().unwrap();
    assert!(
        reason.contains("44 MiB") && reason.contains("-memory-limit"),
        "{reason}"
    );
    assert_eq!(run.report("small.jpg").get("errors"), None);
}

#[test]
fn a_label_that_does_not_fit_into_memory_fails_alone() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 800, 600);
    studio.write_instructions(&json!({
        "huge": { "size": "9000,", "format": "png" },
        "one": { "size": "1500,", "format": "png" },
        "two": { "size": "1501,", "format": "png" }
    }));
    // Room for either of the two, not for both.
    let run = studio.run(&["-memory-limit", "50MiB", "a.jpg"]);
    run.assert_code(1);
    let report = run.report("a.jpg");
    assert_eq!(
        report["dimensions"],
        json!({ "one": [1500, 1125], "two": [1501, 1126] })
    );
    let reason = report["errors"]["huge"]["reason"].as_str().unwrap();
    assert!(reason.contains("-memory-limit"), "{reason}");
    assert_eq!(report["palette"].as_array().unwrap().len(), 5);
}

#[test]
fn secrets_of_idsecret_uris_stay_out_of_messages() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 320, 320);
    // A file stands where the folder of the tree is needed.
    studio.write("derivatives/1", b"in the way");
    let uri = "idsecret:///a.jpg?id=1&secret=HUSH&secret_o=HUSHO";
    for (args, code) in [
        (&[uri][..], 1),
        (&[uri, uri], 2),
        (&["idsecret:a.jpg?id=1&secret=HUSH"], 2),
        (&["idsecret:///a.jpg?id=1&seecret=HUSH"], 2),
        (&["idsecret:///a.jpg?id=1&secret=HUSH#HUSH"], 2),
    ] {
        let run = studio.run(args);
        run.assert_code(code);
        assert!(!run.stderr.contains("HUSH"), "{args:?}: {}", run.stderr);
        assert!(!run.stdout.contains("HUSH"), "{args:?}: {}", run.stdout);
    }
}

#[test]
fn the_default_instructions_obey_the_config() {
    let studio = Studio::new();
    studio.write_config(&json!({ "features": { "disable": { "quality": ["dither"] } } }));
    let run = studio.run_bare(&["-config-source", "file://./config", "a.jpg"]);
    run.assert_code(2);
    assert!(run.stderr.contains("dither"), "{}", run.stderr);
}

#[test]
fn derivatives_that_cannot_be_written_leave_nothing_behind() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 400, 300);
    // A file stands where a folder of derivatives is needed.
    studio.write("derivatives/a.jpg", b"in the way");
    let run = studio.run(&["a.jpg"]);
    run.assert_code(1);
    let report = run.report("a.jpg");
    assert_eq!(report["errors"].as_object().unwrap().len(), 3);
    assert_eq!(report["uris"], json!({}));
    assert_eq!(studio.files_in("derivatives"), ["a.jpg"]);
}

/// A limit on the size of files stands for a full disk: writing fails in the middle of a file.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_half_written_file() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 1000, 800);
    let program = env!("CARGO_BIN_EXE_iiif-process");
    let script = format!(
        "trap '' XFSZ; ulimit -f 160; exec '{program}' -config-source file://./config \
         -instructions-source file://./config a.jpg"
    );
    let mut shell = std::process::Command::new("/bin/sh");
    shell.env_clear();
    let output = shell
        .arg("-c")
        .arg(script)
        .current_dir(studio.path("."))
        .output()
        .unwrap();
    let run = Run::of(&output);
    run.assert_code(1);
    let report = run.report("a.jpg");
    // The thumbnail is small enough; the other two are not.
    assert_eq!(report["dimensions"], json!({ "d": [320, 320] }));
    assert!(
        report["errors"]["b"]["reason"]
            .as_str()
            .unwrap()
            .contains("large"),
        "{report}"
    );
    assert!(report["errors"]["o"].is_object(), "{report}");
    assert_eq!(
        studio.files_in("derivatives"),
        ["a.jpg/-1,-1,320,320/full/0/dither.jpg"]
    );
}

#[test]
fn a_derivative_never_replaces_its_source() {
    let studio = Studio::new();
    studio.write_photo("a.jpg", 400, 300);
    studio.write_instructions(&json!({ "b": { "size": "!100,100" } }));
    for bucket in ["file://./images", "file://./other/../images"] {
        let run = studio.run(&[
            "-config-derivatives-cache-uri",
            bucket,
            "rewrite:///b.jpg?target=a.jpg",
            "file:///a.jpg?target=elsewhere",
        ]);
        run.assert_code(2);
        assert!(run.stderr.contains("a.jpg"), "{}", run.stderr);
    }
    assert_eq!(
        std::fs::read(studio.path("images/a.jpg")).unwrap(),
        photo_jpeg(400, 300)
    );
}

#[cfg(unix)]
#[test]
fn a_source_behind_a_link_is_not_replaced_either() {
    let studio = Studio::new();
    studio.write_photo("folder/real.jpg", 400, 300);
    studio.write_photo("b.jpg", 320, 320);
    studio.write_instructions(&json!({ "b": { "size": "!100,100" } }));
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, studio.path("images").join(name)).unwrap();
    };
    link("folder/real.jpg", "link.jpg");
    link("folder", "alias");
    for source in ["link.jpg", "alias/real.jpg"] {
        let run = studio.run(&[
            "-config-derivatives-cache-uri=file://./images",
            "rewrite:///b.jpg?target=folder/real.jpg",
            &format!("file:///{source}?target=elsewhere"),
        ]);
        run.assert_code(2);
        assert!(run.stderr.contains("folder/real.jpg"), "{}", run.stderr);
    }
    assert_eq!(
        std::fs::read(studio.path("images/folder/real.jpg")).unwrap(),
        photo_jpeg(400, 300)
    );
}

#[test]
fn nothing_to_do_exits_with_3() {
    let run = Studio::new().run(&[]);
    run.assert_code(3);
    assert_eq!(run.stdout, "");
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_the_bucket_are_not_followed() {
    let studio = Studio::new();
    studio.write("secret.jpg", &photo_jpeg(320, 320));
    std::os::unix::fs::symlink(studio.path("secret.jpg"), studio.path("images/link.jpg")).unwrap();
    let run = studio.run(&["link.jpg"]);
    run.assert_code(1);
    assert_eq!(studio.files_in("derivatives"), [""; 0]);
}
