//! Flags that cannot be meant, and those that do nothing.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use crate::server::Server;
use crate::serving::folder_of_photos;

/// Starts the program, which ends at once, and returns what it says.
fn refused(folder: &Path, args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
    let command = command.env_clear().current_dir(folder).args(args);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
    said
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_can() {
    let folder = folder_of_photos();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "a-token-of-this-test\n").unwrap();
    let token = token.path().to_str().unwrap();
    let urls = tempfile::tempdir().unwrap();
    let urls = format!("file://{}", urls.path().display());
    let large = File::create(folder.path().join("large.json")).unwrap();
    large.set_len((4 << 20) + 1).unwrap();
    for (args, expected) in [
        (&["-concurrency", "0"][..], "expected a whole number from 1"),
        (&["-config-refresh", "15s"], "expected whole seconds from 0"),
        (
            &["-memory-limit", "1MiB"],
            "-memory-limit, else half of the machine's)\n  cause: a memory limit of 1048576 bytes is too small",
        ),
        (
            &["check", "-memory-limit", "1MiB", "."],
            "too small to serve anything; expected 16 MiB or more",
        ),
        (
            &["-config", "large.json"],
            "has 4194305 bytes; the limit is 4194304",
        ),
        (
            &["-server-uri", "http://a?cert=c&key=k"],
            "which `http` does not take",
        ),
        (
            &["-public-uri", "https://me:hunter2@a/b"],
            "the URI of -public-uri has a query, a fragment, a user",
        ),
        (&["-source-refresh", "-1"], "expected whole seconds from 0"),
        (&["/srv/images"], "-config-images-source-uri file:///"),
        (
            &["-repository-read-token-file", token],
            "without -repository everybody would read",
        ),
        (
            &["-repository", "-repository-metadata", "Make,Modle"],
            "`Modle` is no tag of EXIF",
        ),
        (
            &["-repository", "-repository-url-bucket", &urls],
            "signs no URLs; expected a bucket of S3",
        ),
    ] {
        let said = refused(folder.path(), args);
        assert!(said.contains(expected), "{args:?}: {said}");
        assert!(!said.contains("hunter2"), "{args:?}: {said}");
    }
}

#[test]
fn what_does_nothing_is_said() {
    let folder = folder_of_photos();
    // The thumbnail is what it is anyway.
    let args = ["-repository-thumbnail", "50", "-viewer", "nowhere"];
    let server = Server::start(folder.path(), &[&args[..], &["-example=false"]].concat());
    let log = server.start.join("\n");
    for expected in [
        "-repository-thumbnail has no effect without -repository",
        "-viewer has no effect without -example",
    ] {
        assert!(log.contains(expected), "{log}");
    }
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "a-token-of-this-test\n").unwrap();
    let token = token.path().to_str().unwrap();
    let args = [
        "-example",
        "-repository",
        "-repository-read-token-file",
        token,
    ];
    let log = Server::start(folder.path(), &args).start.join("\n");
    assert!(log.contains("no browser comes to the pages"), "{log}");
    let silent = Server::start(folder.path(), &[]);
    assert!(!silent.start.join("\n").contains("no effect"));
}

#[test]
fn a_web_server_as_the_bucket_of_images_is_never_listed() {
    let folder = folder_of_photos();
    // Nobody answers there.
    let web = ["-config-images-source-uri", "http://127.0.0.1:9/scans"];
    let server = Server::start(folder.path(), &[&web[..], &["-example"]].concat());
    let log = server.start.join("\n");
    assert!(log.contains("is a web server, which has no list"), "{log}");
    let list = server.get("/");
    assert_eq!(list.status, 501, "{}", list.text());
    assert!(list.text().contains("has no list of them"));
}

#[test]
fn the_log_says_which_listener_is_whose() {
    let folder = folder_of_photos();
    let server = Server::start(folder.path(), &["-admin-uri", "http://127.0.0.1:0"]);
    let listening = server.start.iter().filter(|it| it.contains("listening at"));
    let listening: Vec<&String> = listening.collect();
    let [images, admin] = &listening[..] else {
        panic!("{listening:?}");
    };
    assert!(images.ends_with(&server.addresses[0]), "{images}");
    let expected = format!("{} (-admin-uri)", server.addresses[1]);
    assert!(admin.ends_with(&expected), "{admin}");
}
