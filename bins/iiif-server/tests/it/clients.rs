//! Clients that do not do what clients do, and many of them.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::server::{Answer, PATIENCE, Server};
use crate::serving::folder_of_photos;

const IMAGE: &str = "/iiif/3/a%20photo.jpg/full/max/0/default.png";

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn a_client_that_reads_nothing_is_let_go() {
    let folder = folder_of_photos();
    let uri = "http://127.0.0.1:0?write_timeout=1&header_timeout=600&idle_timeout=600";
    let server = Server::start(folder.path(), &["-server-uri", uri]);
    let size = server.get(IMAGE).body.len();
    // More than all buffers between the two hold.
    let count = 64 * (1 << 20) / size + 1;
    let mut client = server.connect();
    client
        .write_all(request(IMAGE).repeat(count).as_bytes())
        .unwrap();
    // A closed connection takes nothing more.
    let began = Instant::now();
    while client.write_all(b"x").is_ok() {
        assert!(began.elapsed() < PATIENCE, "it is still served");
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut taken = Vec::new();
    // Whether what was on the way still arrives is the system's.
    let _ = client.read_to_end(&mut taken);
    assert!(taken.len() < count * size);
}

#[test]
fn an_upload_that_stops_is_refused() {
    let folder = folder_of_photos();
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "a-token-of-this-test\n").unwrap();
    let args = [
        "-server-uri",
        "http://127.0.0.1:0?read_timeout=1",
        "-repository",
        "-repository-token-file",
        token.path().to_str().unwrap(),
    ];
    let server = Server::start(folder.path(), &args);
    let mut client = server.connect();
    let head = "POST /images/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\
                Authorization: Bearer a-token-of-this-test\r\n\r\nbeginning";
    client.write_all(head.as_bytes()).unwrap();
    let answer = Answer::read(client);
    assert_eq!(answer.status, 408, "{}", answer.text());
}

#[test]
fn a_client_chooses_no_scheme() {
    let folder = folder_of_photos();
    let server = Server::start(folder.path(), &[]);
    let mut client = server.connect();
    let head = "GET https://a.org/iiif/3/a%20photo.jpg/info.json HTTP/1.1\r\n\
                Host: a.org\r\nConnection: close\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    let info = Answer::read(client).json();
    assert_eq!(info["id"], "http://a.org/iiif/3/a%20photo.jpg");
}

#[test]
fn a_request_names_one_host() {
    let folder = folder_of_photos();
    let server = Server::start(folder.path(), &[]);
    for (asked, hosts, status) in [
        ("/health HTTP/1.1", "Host: a\r\n", 200),
        ("/health HTTP/1.1", "", 400),
        ("/health HTTP/1.1", "Host: a\r\nHost: b\r\n", 400),
        ("/health HTTP/1.1", "Host: a\r\nHost: a\r\n", 400),
        ("http://A/health HTTP/1.1", "Host: a\r\n", 200),
        ("http://b/health HTTP/1.1", "Host: a\r\n", 400),
        ("/health HTTP/1.0", "", 200),
        ("/health HTTP/1.0", "Host: a\r\nHost: b\r\n", 400),
    ] {
        let mut client = server.connect();
        let request = format!("GET {asked}\r\n{hosts}Connection: close\r\n\r\n");
        client.write_all(request.as_bytes()).unwrap();
        let answer = Answer::read(client);
        assert_eq!(answer.status, status, "{asked} {hosts:?}");
        assert_eq!(answer.text().contains("expected one"), status == 400);
    }
}

/// Asks, and keeps the connection.
#[cfg(target_os = "linux")]
fn ask_and_stay(server: &Server) -> TcpStream {
    let mut client = server.connect();
    client.write_all(request("/health").as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut part = [0; 1024];
        let count = client.read(&mut part).unwrap();
        assert!(
            count > 0,
            "not answered: {}",
            String::from_utf8_lossy(&answer)
        );
        answer.extend_from_slice(&part[..count]);
    }
    client
}

#[cfg(target_os = "linux")]
#[test]
fn idle_clients_make_place_for_others_and_never_take_that_of_who_runs_the_server() {
    let folder = folder_of_photos();
    let args = [
        "-server-uri",
        "http://127.0.0.1:0?header_timeout=600&idle_timeout=600",
        "-admin-uri",
        "http://127.0.0.1:0",
    ];
    // 16 connections.
    let server = Server::start_with_files(80, folder.path(), &args);
    let mut clients: Vec<TcpStream> = (0..16).map(|_| ask_and_stay(&server)).collect();
    // They are taken by who is still in the middle of it.
    assert_eq!(server.ask(1, "GET", "/health").status, 200);
    clients.extend((0..16).map(|_| ask_and_stay(&server)));
    assert_eq!(server.get(IMAGE).status, 200);
    server.lines_until("all connections are taken");
}

#[test]
fn connections_that_say_nothing_make_place_for_who_runs_the_server() {
    let folder = folder_of_photos();
    let admin = "http://127.0.0.1:0?header_timeout=600";
    let server = Server::start(folder.path(), &["-admin-uri", admin]);
    // More than there are places.
    let silent = || TcpStream::connect(&server.addresses[1]).unwrap();
    let _clients: Vec<TcpStream> = (0..40).map(|_| silent()).collect();
    assert_eq!(server.ask(1, "GET", "/health").status, 200);
    server.lines_until("all connections (-admin-uri) are taken");
}

#[cfg(target_os = "linux")]
#[test]
fn without_files_to_open_the_server_waits_for_some() {
    let folder = folder_of_photos();
    // How many are open depends on what this process was started with, and the last are opened for an answer.
    let other = Server::start(folder.path(), &[]);
    assert_eq!(other.get("/health").status, 200);
    let own = other.open_files();
    // Fewer than for the least number of connections, which is 8.
    let server = Server::start_with_files(own + 4, folder.path(), &[]);
    let clients: Vec<TcpStream> = (0..8).map(|_| server.connect()).collect();
    server.lines_until("cannot accept connections");
    drop(clients);
    // It is answered once those that left are noticed.
    let mut client = server.connect();
    client.write_all(request("/health").as_bytes()).unwrap();
    let mut first = [0; 12];
    let read = client.read_exact(&mut first);
    assert!(!read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
    assert_eq!(&first, b"HTTP/1.1 200");
}
