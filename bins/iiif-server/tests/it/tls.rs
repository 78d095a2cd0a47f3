//! `https://`, with a certificate of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::server::{Answer, Server};
use crate::serving::folder_of_photos;

/// Writes a certificate and its key.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

fn uri(folder: &Path, more: &str) -> String {
    let folder = folder.display();
    format!("https://127.0.0.1:0?cert={folder}/cert.pem&key={folder}/key.pem{more}")
}

/// Connects with the versions of HTTP that a client speaks.
fn connect(
    server: &Server,
    certificate: &CertificateDer<'static>,
    protocols: &[&str],
) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = server.connect();
    connection.complete_io(&mut socket).unwrap();
    StreamOwned::new(connection, socket)
}

#[test]
fn images_are_served_encrypted_and_say_so() {
    let (photos, folder) = (folder_of_photos(), tempfile::tempdir().unwrap());
    let certificate = certify(folder.path());
    let server = Server::start(photos.path(), &["-server-uri", &uri(folder.path(), "")]);
    let log = server.start.join("\n");
    assert!(log.contains("listening at https://"), "{log}");
    for protocols in [&["http/1.1"][..], &[]] {
        let mut client = connect(&server, &certificate, protocols);
        let request = "GET /iiif/3/a%20photo.jpg/info.json HTTP/1.1\r\nHost: localhost:8443\r\n\
                       Connection: close\r\n\r\n";
        client.write_all(request.as_bytes()).unwrap();
        let info = Answer::read(client).json();
        assert_eq!(info["id"], "https://localhost:8443/iiif/3/a%20photo.jpg");
    }
    let mut client = connect(&server, &certificate, &["h2", "http/1.1"]);
    assert_eq!(client.conn.alpn_protocol(), Some(&b"h2"[..]));
    client
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let mut head = [0; 9];
    client.read_exact(&mut head).unwrap();
    // The server's settings.
    assert_eq!(head[3], 4);
}

#[test]
fn a_client_that_does_not_go_on_with_the_handshake_is_let_go() {
    let (photos, folder) = (folder_of_photos(), tempfile::tempdir().unwrap());
    certify(folder.path());
    let uri = uri(folder.path(), "&header_timeout=1");
    let server = Server::start(photos.path(), &["-server-uri", &uri]);
    for beginning in [&b""[..], b"\x16\x03\x01"] {
        let mut client = server.connect();
        client.write_all(beginning).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        assert!(answer.is_empty());
    }
    // Who does not encrypt is told so in the words of TLS, and no more.
    let mut client = server.connect();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    let _ = client.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"));
}

#[test]
fn certificates_that_cannot_be_used_are_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path());
    let path = |name: &str| folder.path().join(name);
    let key = std::fs::read_to_string(path("key.pem")).unwrap();
    let refused = |uri: &str, expected: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-server"));
        let output = command.args(["-server-uri", uri]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
        assert!(!said.contains("PRIVATE"), "{said}");
    };
    let uri = uri(folder.path(), "");
    std::fs::write(path("key.pem"), "no key").unwrap();
    refused(
        &uri,
        "key.pem` has no key; expected a key in PEM, as PKCS#8, PKCS#1 or SEC1",
    );
    std::fs::write(path("key.pem"), &key).unwrap();
    std::fs::write(path("cert.pem"), &key).unwrap();
    refused(
        &uri,
        "cert.pem` has no certificate; expected a certificate in PEM",
    );
    std::fs::remove_file(path("cert.pem")).unwrap();
    refused(&uri, "cannot read the certificate `");
    refused(
        "https://localhost:8443",
        "expected `https://HOST:PORT?cert=FILE&key=FILE`",
    );
    refused("mkcert://localhost:8443", "`mkcert HOST`");
}
