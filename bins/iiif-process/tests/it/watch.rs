//! Mode `fsnotify`.

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use serde_json::Value;

use crate::studio::{Studio, photo_jpeg};

#[test]
fn images_that_land_in_the_folder_are_processed() {
    let studio = Studio::new();
    let mut child = studio.start(&["-mode", "fsnotify"]);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("watching") {
        line.clear();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "the program ended");
    }
    studio.write("images/notes.txt", b"not an image");
    studio.write("images/new/a b.jpg", &photo_jpeg(320, 320));
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut report = String::new();
    stdout.read_line(&mut report).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        report["new/a b.jpg"]["uris"].as_object().unwrap().len(),
        3,
        "{report}"
    );
    assert!(
        studio
            .path("derivatives/new/a b.jpg/full/full/-1/color.jpg")
            .exists()
    );

    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", "TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn only_folders_can_be_watched() {
    let run = Studio::new().run(&["-mode=fsnotify", "-config-images-source-uri=mem://"]);
    run.assert_code(2);
    assert!(run.stderr.contains("file://"), "{}", run.stderr);
}
