//! A web server that gives prepared answers and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iiif_storage::RetrySettings;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// What the server does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Answers with a status, header lines and a body.
    Reply(u16, &'static str, &'static str),
    /// Closes the connection without a word.
    Cut,
    /// Announces ten bytes, sends four, closes the connection.
    CutBody(&'static str),
    /// Announces three bytes of ten, and sends more of them than there are, as long as somebody listens.
    Endless,
}

/// What the server was asked.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) line: String,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Returns the value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub(crate) struct Server {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    /// Keeps the port of a server that is gone from the next one.
    _reserved: Option<TcpSocket>,
}

impl Server {
    /// Starts on a free port of the loopback interface. The last answer is given again and again.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let mut answers: VecDeque<Answer> = answers.into_iter().collect();
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else {
                    continue;
                };
                kept.lock().unwrap().push(request);
                let answer = match answers.len() {
                    1 => answers[0].clone(),
                    _ => answers.pop_front().unwrap(),
                };
                reply(&mut stream, &answer).await;
            }
        });
        Self {
            url,
            requests,
            _reserved: None,
        }
    }

    /// Returns a server that does not listen.
    pub(crate) fn gone() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self {
            url: format!("http://{}", socket.local_addr().unwrap()),
            requests: Arc::default(),
            _reserved: Some(socket),
        }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Returns the first lines of the requests, without the protocol.
    pub(crate) fn lines(&self) -> Vec<String> {
        let requests = self.requests();
        requests.into_iter().map(|request| request.line).collect()
    }
}

/// Retries without pauses worth mentioning.
pub(crate) fn quick_retries() -> RetrySettings {
    RetrySettings::default()
        .with_max_retries(4)
        .with_backoff(Duration::from_millis(1), Duration::from_millis(2))
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let (line, headers) = head.split_once("\r\n").unwrap();
    let mut request = Request {
        line: line.trim_end_matches(" HTTP/1.1").to_owned(),
        headers: headers.to_owned(),
        body: bytes.split_off(head_end + 4),
    };
    let length = request
        .header("content-length")
        .map_or(0, |value| value.parse().unwrap());
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

async fn reply(stream: &mut TcpStream, answer: &Answer) {
    let text = match answer {
        Answer::Cut => return,
        Answer::Endless => return endless(stream).await,
        Answer::Reply(status, headers, body) => format!(
            "HTTP/1.1 {status} Answer\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            body.len(),
        ),
        Answer::CutBody(headers) => format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n{headers}\r\n0123"
        ),
    };
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// Returns once the client went away, and never to one that takes all of it.
async fn endless(stream: &mut TcpStream) {
    let head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-4/10\r\n\
                Last-Modified: Wed, 30 Jan 2019 15:30:01 GMT\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let part = vec![b'x'; 1 << 20];
    for _ in 0..64 {
        if stream.write_all(&part).await.is_err() {
            return;
        }
    }
    std::future::pending::<()>().await;
}
