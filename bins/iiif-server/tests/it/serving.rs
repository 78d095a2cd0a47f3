//! Images, health, metrics, slow clients, the end.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use iiif_testkit::encode::{JpegOptions, jpeg};
use iiif_testkit::pattern::photo;
use tempfile::TempDir;

use crate::server::Server;

pub(crate) fn folder_of_photos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let file = jpeg(&photo(640, 480).into(), &JpegOptions::default());
    std::fs::write(folder.path().join("a photo.jpg"), file).unwrap();
    folder
}

#[test]
fn a_folder_of_photos_is_served_without_a_config() {
    let folder = folder_of_photos();
    let server = Server::start(folder.path(), &[]);
    let info = server.get("/iiif/3/a%20photo.jpg/info.json").json();
    let address = &server.addresses[0];
    assert_eq!(info["width"], 640);
    // The client said where it asked.
    assert_eq!(
        info["id"], "http://localhost/iiif/3/a%20photo.jpg",
        "{address}"
    );
    let tile = server.get("/iiif/3/a%20photo.jpg/0,0,256,256/max/0/default.jpg");
    assert_eq!(tile.status, 200);
    assert!(tile.head.contains("x-request-id: "), "{}", tile.head);
    assert!(tile.body.starts_with(&[0xFF, 0xD8]));
    assert_eq!(server.get("/health").json()["status"], "ok");
    assert_eq!(server.get("/ready").status, 200);
    // A folder of photos stays what it is.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Of such a page most stays empty, and all of it is in memory.
#[cfg(target_os = "linux")]
#[test]
fn a_server_that_waits_has_no_huge_pages() {
    let folder = folder_of_photos();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(server.get("/health").status, 200);
    assert_eq!(server.memory_kib("AnonHugePages"), 0);
    assert!(server.memory_kib("Rss") > 0);
}

#[test]
fn metrics_and_purges_are_on_a_listener_of_their_own() {
    let folder = folder_of_photos();
    let args = [
        "-admin-uri",
        "http://127.0.0.1:0",
        "-config-derivatives-cache-uri",
        "cache",
    ];
    let server = Server::start(folder.path(), &args);
    let path = "/iiif/3/a%20photo.jpg/full/100,/0/default.jpg";
    let first = server.get(path);
    assert_eq!(server.get(path).body, first.body);
    let metrics = server.ask(1, "GET", "/metrics").text();
    for line in [
        "iiif_requests_total{kind=\"Image\",status=\"200\"} 2",
        "iiif_derivatives_total{from=\"Made\"} 1",
        "iiif_derivatives_total{from=\"Memory\"} 1",
        "iiif_work{lane=\"large\",state=\"running\"} 0",
        "iiif_request_seconds_count{kind=\"Image\"} 2",
        "iiif_held_bytes{what=\"derivatives\"} ",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert_eq!(server.get("/metrics").status, 404);
    assert_eq!(server.ask(0, "DELETE", "/cache/a%20photo.jpg").status, 405);

    let store = folder.path().join("cache/.iiif");
    // It is written in the background, and its folders before it.
    while walk(&store).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(server.ask(1, "DELETE", "/cache/a%20photo.jpg").status, 204);
    let derivatives = walk(&store);
    assert!(derivatives.is_empty(), "{derivatives:?}");
    assert_eq!(server.get(path).body, first.body);
}

#[test]
fn what_was_made_before_a_restart_is_not_made_again() {
    let folder = folder_of_photos();
    let args = [
        "-config-derivatives-cache-uri",
        "cache",
        "-admin-uri",
        "http://127.0.0.1:0",
    ];
    let path = "/iiif/3/a%20photo.jpg/full/100,/0/default.jpg";
    let server = Server::start(folder.path(), &args);
    let made = server.get(path).body;
    while walk(&folder.path().join("cache")).is_empty() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(server);
    let server = Server::start(folder.path(), &args);
    assert_eq!(server.get(path).body, made);
    let metrics = server.ask(1, "GET", "/metrics").text();
    drop(server);
    // One that was cut off is made again.
    let kept = walk(&folder.path().join("cache")).remove(0);
    std::fs::write(kept, &made[..made.len() / 2]).unwrap();
    let server = Server::start(folder.path(), &args);
    assert_eq!(server.get(path).body, made);
    assert!(
        metrics.contains("iiif_derivatives_total{from=\"Bucket\"} 1"),
        "{metrics}"
    );
}

/// Returns the files below a folder, but for those that are being written.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else if path.extension().is_some_and(|extension| extension == "jpg") {
            files.push(path);
        }
    }
    files
}

#[test]
fn a_client_that_sends_no_headers_is_let_go() {
    let folder = folder_of_photos();
    let server = Server::start(
        folder.path(),
        &["-server-uri", "http://127.0.0.1:0?header_timeout=1"],
    );
    for beginning in [&b"GET / HTTP/1.1\r\nHost: a\r\n"[..], b"PRI * HT", b""] {
        let mut slow = TcpStream::connect(&server.addresses[0]).unwrap();
        slow.write_all(beginning).unwrap();
        let mut answer = Vec::new();
        // Ends when the server closes the connection.
        let _ = slow.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_server_once_everything_is_answered() {
    let folder = folder_of_photos();
    let photo = std::fs::read(folder.path().join("a photo.jpg")).unwrap();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "a-token-of-this-test\n").unwrap();
    let path = token.path().to_str().unwrap();
    let args = ["-repository", "-repository-token-file", path];
    let server = Server::start(folder.path(), &args);
    let mut client = server.connect();
    let head = format!(
        "POST /images/another HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\
         Expect: 100-continue\r\nAuthorization: Bearer a-token-of-this-test\r\n\r\n",
        photo.len()
    );
    client.write_all(head.as_bytes()).unwrap();
    // It is asked to go on once it is under way.
    let mut begun = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    client.read_exact(&mut begun).unwrap();
    assert!(begun.starts_with(b"HTTP/1.1 100 "));

    server.terminate();
    server.lines_until("finishing what is under way");
    client.write_all(&photo).unwrap();
    assert_eq!(crate::server::Answer::read(client).status, 201);
    assert_eq!(server.wait(), Some(0));
}

#[test]
fn a_server_whose_folder_went_away_is_not_ready() {
    let folder = folder_of_photos();
    let server = Server::start(folder.path(), &[]);
    assert_eq!(server.get("/ready").status, 200);
    folder.close().unwrap();
    assert_eq!(server.get("/ready").status, 503);
    assert_eq!(server.get("/health").status, 200);
}

#[test]
fn what_cannot_be_served_is_said_at_once() {
    let program = || std::process::Command::new(env!("CARGO_BIN_EXE_iiif-server"));
    let table: [(&[&str], &str); 6] = [
        (
            &["-server-uri", "gopher://x"],
            "expected a URI such as `http://localhost:8080`",
        ),
        (&["-server-uri", "localhost:8080"], "has no scheme"),
        (
            &["-admin-uri", "http://localhost:9090?x=1"],
            "the URI has the unknown parameter `x`",
        ),
        (
            &["-config-images-source-uri", "file:///no/such/folder"],
            "images.source.uri",
        ),
        (
            &["-config", "/no/such/config.json"],
            "cannot read the config",
        ),
        (&["-cache-control", "a\nb"], "Cache-Control"),
    ];
    for (args, expected) in table {
        let output = program().args(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
}
