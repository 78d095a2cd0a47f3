//! `-example`, as one starts it in a folder of photos.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

use crate::server::Server;
use crate::serving::folder_of_photos;

fn folder_of_a_viewer() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("images")).unwrap();
    for file in ["openseadragon.min.js", "LICENSE.txt", "images/home.png"] {
        fs::write(folder.path().join(file), "x").unwrap();
    }
    folder
}

#[test]
fn the_log_names_the_page_and_the_page_shows_the_images() {
    let (photos, viewer) = (folder_of_photos(), folder_of_a_viewer());
    let path = viewer.path().display().to_string();
    let server = Server::start(photos.path(), &["-example", "-viewer", &path]);
    let page = format!("the images are shown at http://{}/", server.addresses[0]);
    let log = server.start.join("\n");
    assert!(log.contains(&page) && !log.contains("WARN"), "{log}");
    let list = server.get("/").text();
    assert!(
        list.contains("/example/viewer?image=a%20photo%2Ejpg"),
        "{list}"
    );
    let page = server.get("/example/viewer?image=a%20photo%2Ejpg").text();
    assert!(page.contains("openseadragon.min.js"), "{page}");
    let script = server.get("/example/openseadragon/openseadragon.min.js");
    assert_eq!(script.body, b"x");
}

#[test]
fn derivatives_that_are_kept_beside_the_images_are_not_listed() {
    let photos = folder_of_photos();
    let viewer = folder_of_a_viewer();
    let path = viewer.path().display().to_string();
    let cache = ["-config-derivatives-cache-uri", "."];
    let args = [&["-example", "-viewer", &path], &cache[..]].concat();
    let server = Server::start(photos.path(), &args);
    let preview = "/iiif/2/a%20photo.jpg/full/!400,300/0/default.jpg";
    assert_eq!(server.get(preview).status, 200);
    let list = server.get("/").text();
    assert!(list.contains("<p>1 image</p>"), "{list}");
}

#[test]
fn without_the_flag_there_are_no_pages() {
    let photos = folder_of_photos();
    let server = Server::start(photos.path(), &[]);
    assert_eq!(server.get("/").status, 404);
    let log = server.start.join("\n");
    assert!(!log.contains("shown"), "{log}");
}

#[test]
fn a_viewer_that_is_not_there_is_refused() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
    let made = command
        .args(["-example", "-viewer", "no/such/folder"])
        .output()
        .unwrap();
    let said = String::from_utf8(made.stderr).unwrap();
    assert_eq!(made.status.code(), Some(2), "{said}");
    assert!(
        said.contains("no OpenSeadragon in `no/such/folder`"),
        "{said}"
    );
}
