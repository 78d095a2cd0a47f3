//! `iiif-server check`: what it says of files, and that the server does it.

use std::path::Path;
use std::process::{Command, Output};

use iiif_testkit::encode::{
    Compression, JpegOptions, Layout, Photometric, PngOptions, TiffOptions, jpeg, png, tiff,
};
use iiif_testkit::pattern::{gradient, photo};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::Server;

/// Images of many kinds, with a folder in it.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("maps/.iiif")).unwrap();
    let pyramid = TiffOptions {
        layout: Layout::Tiles {
            width: 128,
            height: 128,
        },
        photometric: Photometric::YCbCr,
        compression: Compression::JpegWithTables,
        overviews: 3,
        ..TiffOptions::default()
    };
    let tiles = TiffOptions {
        compression: Compression::Lzw,
        photometric: Photometric::Rgb,
        ..pyramid.clone()
    };
    let whole = jpeg(&photo(2600, 2000).into(), &JpegOptions::default());
    for (name, file) in [
        (
            "b.jpg",
            jpeg(&photo(640, 480).into(), &JpegOptions::default()),
        ),
        ("large.jpg", whole),
        ("maps/.iiif/kept.jpg", b"derivative".to_vec()),
        (
            "maps/cut.jpg",
            jpeg(&photo(64, 48).into(), &JpegOptions::default())[..100].to_vec(),
        ),
        ("maps/lzw.tif", tiff(&photo(1100, 900).into(), &tiles)),
        ("maps/no image.png", b"<html>".to_vec()),
        ("maps/pyramid.tif", tiff(&photo(1100, 900).into(), &pyramid)),
        (
            "maps/z.png",
            png(&gradient(300, 200).into(), &PngOptions::default()),
        ),
        ("notes.txt", b"no image, and not called one".to_vec()),
    ] {
        std::fs::write(folder.path().join(name), file).unwrap();
    }
    folder
}

fn check(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
    let command = command.env_clear().arg("check").args(args);
    command.current_dir(folder).output().unwrap()
}

fn lines(output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn objects(output: &Output) -> Vec<Value> {
    let lines = lines(output);
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_image_of_a_folder_is_told_in_order() {
    let folder = folder();
    let output = check(folder.path(), &["-format", "json", "."]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told: Vec<Value> = (objects(&output).into_iter())
        .map(|it| json!([it["path"], it["served"], it["tile"]["way"], it["status"]]))
        .collect();
    #[rustfmt::skip]
    let expected = [
        json!(["./b.jpg",               true,   "whole_kept",   null]),
        json!(["./large.jpg",           true,   "whole_kept",   null]),
        json!(["./maps/cut.jpg",        false,  null,           500]),
        json!(["./maps/lzw.tif",        true,   "in_parts",     null]),
        json!(["./maps/no image.png",   false,  null,           404]),
        json!(["./maps/pyramid.tif",    true,   "as_stored",    null]),
        json!(["./maps/z.png",          true,   "whole_kept",   null]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn facts_are_those_of_the_file_and_costs_those_of_the_way() {
    let folder = folder();
    let files = ["maps/pyramid.tif", "maps/lzw.tif", "b.jpg"];
    let output = check(folder.path(), &[&["-format=json"], &files[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let [pyramid, lzw, whole] = objects(&output).try_into().unwrap();
    assert_eq!(pyramid["format"], "TIFF");
    assert_eq!([&pyramid["width"], &pyramid["height"]], [1100, 900]);
    assert_eq!(pyramid["tiles"], json!([128, 128]));
    assert_eq!(pyramid["sizes"][3], json!([137, 112]));
    assert_eq!(pyramid["color_model"], "rgb");
    assert_eq!([&pyramid["channels"], &pyramid["bits"]], [3, 8]);
    assert_eq!(
        [&pyramid["icc_profile"], &pyramid["remedy"]],
        [&json!(false), &Value::Null]
    );
    let bytes = |of: &Value, what: &str| of["tile"][what].as_u64().unwrap();
    let sizes = [&pyramid, &lzw, &whole].map(|of| of["bytes"].as_u64().unwrap());
    assert_eq!(bytes(&pyramid, "memory_bytes"), 0);
    assert!(bytes(&pyramid, "read_bytes") < sizes[0] / 2, "{pyramid}");
    assert!(bytes(&lzw, "read_bytes") < sizes[1] / 4, "{lzw}");
    assert!((1..1 << 21).contains(&bytes(&lzw, "memory_bytes")), "{lzw}");
    assert_eq!(bytes(&lzw, "kept_bytes"), 0);
    assert!(bytes(&whole, "read_bytes") >= sizes[2]);
    assert!(bytes(&whole, "kept_bytes") >= 640 * 480 * 3, "{whole}");
}

#[test]
fn people_get_a_table_and_what_to_do() {
    let folder = folder();
    let output = check(folder.path(), &["-memory-limit", "512MiB", "."]);
    let lines = lines(&output);
    let row = |name: &str| {
        let row = lines.iter().find(|line| line.ends_with(name)).unwrap();
        row.split("  ")
            .map(str::trim)
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        row("NAME")[..5],
        ["FORMAT", "PIXELS", "COLOR", "STORED", "SERVED"]
    );
    let pyramid = row("./maps/pyramid.tif");
    assert_eq!(
        pyramid[..5],
        [
            "TIFF",
            "1100x900",
            "rgb 8",
            "tiles 128x128, 4x",
            "as stored"
        ]
    );
    assert_eq!(
        row("./large.jpg")[..5],
        ["JPEG", "2600x2000", "rgb 8", "-", "whole, kept"]
    );
    // In which row which hint is meant.
    assert_eq!(row("NAME")[7], "HINT");
    assert_eq!(row("./large.jpg")[7], "1");
    assert_eq!(pyramid[7], "-");
    assert_eq!(row("./maps/no image.png")[..5], ["-", "-", "-", "-", "no"]);
    let text = lines.join("\n");
    for expected in [
        "404 what has this identifier is no image: not an image that is read here: starts with `<html>`",
        "500 the image is damaged and cannot be decoded: cannot decode the JPEG image: ",
        "5 can be served, 2 cannot. With a memory limit of 512.0 MiB, decodes of up to 96.0 MiB are kept.",
        "hint 1: faster as a tiled pyramid (1 image):\n  vips copy IN 'OUT.tif[tile,pyramid,",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn a_memory_limit_changes_what_is_kept_and_what_is_served() {
    let folder = folder();
    let way = |limit: &str| {
        let args = ["-format=json", "-memory-limit", limit, "large.jpg"];
        let output = check(folder.path(), &args);
        let told = objects(&output).remove(0);
        let way = told["tile"]["way"].as_str().unwrap_or("none").to_owned();
        (
            output.status.code(),
            way,
            told["error"].clone(),
            told["remedy"].is_string(),
        )
    };
    assert_eq!(
        way("512MiB"),
        (Some(0), "whole_kept".to_owned(), Value::Null, true)
    );
    assert_eq!(
        way("76MiB"),
        (Some(0), "whole_each_time".to_owned(), Value::Null, true)
    );
    let refused = json!("this takes more memory than the service has; ask for a smaller size");
    assert_eq!(way("16MiB"), (Some(1), "none".to_owned(), refused, true));
}

/// The sentences are those that clients get.
#[test]
fn the_server_says_the_same() {
    let folder = folder();
    let server = Server::start(&folder.path().join("maps"), &[]);
    let output = check(folder.path(), &["-format=json", "maps"]);
    for told in objects(&output) {
        let name = told["path"]
            .as_str()
            .unwrap()
            .strip_prefix("maps/")
            .unwrap()
            .to_owned();
        let name = name.replace(' ', "%20");
        let answer = server.get(&format!("/iiif/3/{name}/full/50,/0/default.jpg"));
        let status = told["status"].as_u64().unwrap_or(200);
        assert_eq!(u64::from(answer.status), status, "{name}");
        if let Some(error) = told["error"].as_str() {
            assert_eq!(answer.text().trim(), error);
        }
    }
}

#[test]
fn what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(folder.path(), &["gone.jpg"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("cannot read `gone.jpg`"), "{told}");
    assert_eq!(check(folder.path(), &["."]).status.code(), Some(3));
    assert_eq!(check(folder.path(), &[]).status.code(), Some(2));
    let help = check(folder.path(), &["-help"]);
    let help = String::from_utf8(help.stdout).unwrap();
    assert!(
        help.contains("Usage: iiif-server check [OPTIONS] <PATH>..."),
        "{help}"
    );
}

#[cfg(unix)]
#[test]
fn links_that_the_server_does_not_follow_are_not_followed() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), folder());
    let file = outside.path().join("b.jpg");
    std::os::unix::fs::symlink(file, inside.path().join("a-link.jpg")).unwrap();
    let said = lines(&check(inside.path(), &["."]));
    let row = said.iter().position(|line| line.ends_with("a-link.jpg"));
    let reason = &said[row.unwrap() + 1];
    assert!(
        reason.contains("a symbolic link leads out of `.`"),
        "{reason}"
    );
}
