//! A web server that gives one answer and keeps what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the token service says when a role is assumed.
pub(crate) const ASSUMED: &str = "<AssumeRoleResponse><AssumeRoleResult><Credentials>\
    <AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>hunter2</SecretAccessKey>\
    <SessionToken>hunter3</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>\
    <AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/maps/s</Arn><AssumedRoleId>A:s</AssumedRoleId>\
    </AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>";

/// What the token service says to somebody who must not have the role.
pub(crate) const REFUSED: &str = "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>\
    <Message>ENV is not authorized to perform: sts:AssumeRole</Message></Error>\
    <RequestId>r</RequestId></ErrorResponse>";

/// What a container is told by its agent.
pub(crate) const CONTAINER: &str = r#"{"AccessKeyId":"CONTAINER","SecretAccessKey":"hunter2",
    "Token":"hunter3","Expiration":"2999-01-01T00:00:00Z"}"#;

/// What single sign-on says.
pub(crate) const SIGNED_ON: &str = r#"{"roleCredentials":{"accessKeyId":"SSO",
    "secretAccessKey":"hunter2","sessionToken":"hunter3","expiration":32472144000000}}"#;

pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts on a free port of the loopback interface.
    pub(crate) fn start(status: u16, answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                // A handshake of TLS, say, is no request.
                if let Some(request) = read(&stream) {
                    kept.lock().unwrap().push(request);
                    reply(&mut stream, status, answer);
                }
            }
        });
        Self { url, requests }
    }

    /// Returns the URL of a server that no longer listens.
    pub(crate) fn gone() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// Returns the requests as they came, with headers and bodies.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader
            .read_line(&mut line)
            .ok()
            .filter(|&bytes| bytes > 0)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        request.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.push_str(&String::from_utf8(body).unwrap());
    Some(request)
}

fn reply(stream: &mut TcpStream, status: u16, answer: &str) {
    let media_type = if answer.starts_with('{') {
        "application/json"
    } else {
        "text/xml"
    };
    let length = answer.len();
    let text = format!(
        "HTTP/1.1 {status} Answer\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{answer}"
    );
    stream.write_all(text.as_bytes()).unwrap();
}
