//! Clients of HTTP/2 that take nothing, in frames as the wire has them (RFC 9113 §4).

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::server::Server;
use crate::serving::folder_of_photos;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// Begins a connection of which the client takes `window` bytes of each answer.
fn begin(server: &Server, window: u32) -> TcpStream {
    let mut client = server.connect();
    // SETTINGS_INITIAL_WINDOW_SIZE.
    let setting = [&4_u16.to_be_bytes()[..], &window.to_be_bytes()].concat();
    client
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .unwrap();
    client.write_all(&frame(SETTINGS, 0, 0, &setting)).unwrap();
    client
}

/// Asks for a path, in literals and in indices of the static table (RFC 7541, appendix A).
fn ask(client: &mut TcpStream, stream: u32, path: &str) {
    let method_and_scheme = [0x82, 0x86];
    let length = u8::try_from(path.len()).unwrap();
    let path = [&[0x04, length], path.as_bytes()].concat();
    let authority = [0x01, 1, b'a'];
    let block = [&method_and_scheme[..], &path, &authority].concat();
    // The end of the stream and of its headers.
    client
        .write_all(&frame(HEADERS, 0x5, stream, &block))
        .unwrap();
}

/// Reads a frame: its kind, its flags, what is in it; `None` once the connection is closed.
fn read(client: &mut TcpStream) -> Option<(u8, u8, Vec<u8>)> {
    let mut head = [0; 9];
    client.read_exact(&mut head).ok()?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; length as usize];
    client.read_exact(&mut payload).ok()?;
    Some((head[3], head[4], payload))
}

/// Reads until the connection is closed, saying all the while that somebody is there. Returns the bytes
/// of answers, and whether there was one.
fn stay(mut client: TcpStream) -> (usize, bool) {
    let mut writer = client.try_clone().unwrap();
    let pinging = std::thread::spawn(move || {
        while writer.write_all(&frame(PING, 0, 0, &[1; 8])).is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let (mut bytes, mut is_answered) = (0, false);
    while let Some((kind, flags, payload)) = read(&mut client) {
        match (kind, flags & 1) {
            (DATA, _) => bytes += payload.len(),
            (HEADERS, _) => is_answered = true,
            // Also those of the server are answered.
            (PING, 0) => {
                let answered = client.write_all(&frame(PING, 1, 0, &payload));
                if answered.is_err() {
                    break;
                }
            }
            _ => {}
        }
    }
    drop(client);
    pinging.join().unwrap();
    (bytes, is_answered)
}

#[test]
fn clients_that_take_nothing_and_those_that_ask_nothing_are_let_go() {
    let folder = folder_of_photos();
    let uri = "http://127.0.0.1:0?write_timeout=1&idle_timeout=1&header_timeout=600";
    let server = Server::start(folder.path(), &["-server-uri", uri]);
    let image = "/iiif/3/a%20photo.jpg/full/max/0/default.png";
    std::thread::scope(|scope| {
        for window in [0, 1, 100_000] {
            let mut client = begin(&server, window);
            ask(&mut client, 1, image);
            scope.spawn(move || {
                let (bytes, is_answered) = stay(client);
                assert!(is_answered && bytes <= window as usize, "{window}: {bytes}");
            });
        }
        let client = begin(&server, 1 << 20);
        scope.spawn(|| assert_eq!(stay(client), (0, false)));
    });
    // Whoever takes it gets all of it.
    let size = server.get(image).body.len();
    let mut client = begin(&server, 1 << 20);
    // The connection has a window of its own, of 64 KiB until more is given.
    client
        .write_all(&frame(8, 0, 0, &(1_u32 << 20).to_be_bytes()))
        .unwrap();
    ask(&mut client, 1, image);
    assert_eq!(stay(client), (size, true));
}
