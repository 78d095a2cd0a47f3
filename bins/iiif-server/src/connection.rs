//! One connection, from its first byte to its end.
//!
//! Nothing here waits for a client without an end. hyper bounds the headers of HTTP/1.1, `patience` a
//! socket that takes no byte or too few, `answer` those that a client of HTTP/2 does not take, and
//! this module a connection of HTTP/2 on which nothing is asked, and any whose place others wait for.

mod answer;
mod conversation;
mod pace;
mod patience;

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{Request, Response, StatusCode, Uri};
use axum::response::IntoResponse as _;
use hyper::body::Incoming;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
#[cfg(target_os = "linux")]
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use self::answer::Answer;
use self::conversation::Conversation;
use self::patience::Patient;
use crate::host::host_problem;
use crate::listen::Timeouts;
use crate::tls;

/// What a client of HTTP/2 says first (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How often a client that began to say this is listened to.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a connection may do nothing while others wait for its place.
const CROWDED_IDLE_TIME: Duration = Duration::from_secs(1);

/// What all connections of a listener share.
pub(crate) struct Shared {
    pub(crate) router: Router,
    pub(crate) timeouts: Timeouts,
    /// What URIs of the listener begin with.
    pub(crate) scheme: &'static str,
    pub(crate) tls: Option<TlsAcceptor>,
    /// Whether somebody waits because all places are taken.
    pub(crate) crowd: watch::Sender<bool>,
}

/// What the kernel holds of answers that it has not sent, at most. With a buffer of megabytes, of which a third
/// has to be free before there is room again, slow clients would seem to take nothing for minutes.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protocol {
    Http1,
    Http2,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Answers what a client asks until it or the server ends.
pub(crate) async fn run(socket: TcpStream, shared: Arc<Shared>, mut ending: watch::Receiver<()>) {
    // Answers are written in one go; waiting for more only delays them.
    let _ = socket.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = SockRef::from(&socket).set_tcp_notsent_lowat(UNSENT_BYTES);
    let begun = tokio::select! {
        begun = timeout(shared.timeouts.header, begin(socket, &shared)) => begun,
        _ = ending.changed() => return,
    };
    let ended = match begun {
        Ok(Ok((stream, protocol))) => converse(stream, protocol, &shared, ending).await,
        Ok(Err(error)) => Err(error.into()),
        Err(elapsed) => Err(elapsed.into()),
    };
    if let Err(error) = ended {
        tracing::debug!("a connection ended: {error}");
    }
}

impl Shared {
    /// Waits for what a client says first. Fails where it is crowded out before.
    async fn first<T>(&self, said: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        tokio::select! {
            said = said => said,
            () = self.crowded_out() => {
                let problem = "the client said too little, and another one waits for its place";
                Err(io::Error::new(io::ErrorKind::TimedOut, problem))
            }
        }
    }

    /// Resolves once a new connection has had some time to begin, and another waits for its place.
    async fn crowded_out(&self) {
        sleep(CROWDED_IDLE_TIME).await;
        let mut crowd = self.crowd.subscribe();
        // Whoever could say so is there as long as this is.
        let _ = crowd.wait_for(|is_crowded| *is_crowded).await;
    }

    /// Returns how long nothing may be asked. hyper closes an idle connection of HTTP/1.1 after the time for
    /// headers.
    fn idle_limit(&self, protocol: Protocol, crowd: &mut watch::Receiver<bool>) -> Duration {
        match protocol {
            _ if *crowd.borrow_and_update() => CROWDED_IDLE_TIME,
            Protocol::Http1 => Duration::MAX,
            Protocol::Http2 => self.timeouts.idle,
        }
    }
}

/// Agrees on encryption and on the version of HTTP.
async fn begin(socket: TcpStream, shared: &Shared) -> io::Result<(Box<dyn Stream>, Protocol)> {
    let Some(tls) = &shared.tls else {
        let protocol = shared.first(plain_protocol(&socket)).await?;
        return Ok((Box::new(socket), protocol));
    };
    // A handshake that has begun has its time, as headers have.
    shared.first(socket.readable()).await?;
    let stream = tls.accept(socket).await?;
    let protocol = match stream.get_ref().1.alpn_protocol() {
        Some(name) if name == tls::HTTP2 => Protocol::Http2,
        _ => Protocol::Http1,
    };
    Ok((Box::new(stream), protocol))
}

/// Waits until a client has said enough to tell the version.
async fn plain_protocol(socket: &TcpStream) -> io::Result<Protocol> {
    let mut first = [0; HTTP2_PREFACE.len()];
    loop {
        let count = socket.peek(&mut first).await?;
        if !HTTP2_PREFACE.starts_with(&first[..count]) {
            return Ok(Protocol::Http1);
        }
        if count == first.len() {
            return Ok(Protocol::Http2);
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        sleep(PAUSE).await;
    }
}

type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn converse(
    stream: Box<dyn Stream>,
    protocol: Protocol,
    shared: &Arc<Shared>,
    mut ending: watch::Receiver<()>,
) -> Ended {
    let timeouts = shared.timeouts;
    let conversation = Arc::new(Conversation::new());
    let io = TokioIo::new(Patient::new(stream, timeouts.write));
    let service = service_fn(|request| respond(request, protocol, shared, &conversation));
    let builder = builder(protocol, timeouts);
    let mut connection = pin!(builder.serve_connection(io, service));
    let mut crowd = shared.crowd.subscribe();
    let (mut is_ending, mut closing_since) = (false, None);
    loop {
        let now = Instant::now();
        let limit = shared.idle_limit(protocol, &mut crowd);
        let untaken = conversation.give_up_untaken(now, timeouts.idle);
        let idle = limit.saturating_sub(conversation.idle_for(now));
        if idle.is_zero() && closing_since.is_none() {
            closing_since = Some(now);
            connection.as_mut().graceful_shutdown();
        }
        // How long nothing here can change but by what is waited for below.
        let pause = match closing_since {
            // One of HTTP/1.1 that is idle is closed at once, and the headers and what is left to write
            // have limits of their own.
            Some(_) if protocol == Protocol::Http1 => Duration::MAX,
            Some(since) if idle.is_zero() => {
                let most = timeouts.write.window.min(limit);
                let left = most.saturating_sub(now.duration_since(since));
                if left.is_zero() {
                    return Ok(());
                }
                left
            }
            _ => idle,
        };
        tokio::select! {
            ended = connection.as_mut() => return ended,
            _ = ending.changed(), if !is_ending => {
                is_ending = true;
                connection.as_mut().graceful_shutdown();
            }
            _ = crowd.changed() => {}
            () = sleep(pause.min(untaken)) => {}
        }
    }
}

fn builder(protocol: Protocol, timeouts: Timeouts) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // A client that closed its sending side may still read. It is taken for gone, because else nothing
        // would be cancelled for those that are.
        .half_close(false)
        .header_read_timeout(timeouts.header);
    builder.http2().timer(TokioTimer::new());
    match protocol {
        Protocol::Http1 => builder.http1_only(),
        Protocol::Http2 => builder.http2_only(),
    }
}

/// Answers a request, once it is certain where it was sent to.
fn respond(
    mut request: Request<Incoming>,
    protocol: Protocol,
    shared: &Arc<Shared>,
    conversation: &Arc<Conversation>,
) -> impl Future<Output = Result<Response<Answer>, Infallible>> + Send + use<> {
    let asked = conversation.begin();
    let refusal = host_problem(&request).map(|problem| {
        let text = format!("{problem}; expected one, with the host of the URI\n");
        (StatusCode::BAD_REQUEST, text).into_response()
    });
    name_scheme(&mut request, shared.scheme);
    let router = TowerToHyperService::new(shared.router.clone());
    let least = shared.timeouts.write;
    async move {
        let response: Response<Body> = match refusal {
            Some(refusal) => refusal,
            None => router.call(request).await?,
        };
        Ok(response.map(|body| match protocol {
            Protocol::Http1 => Answer::whole(body, asked),
            Protocol::Http2 => Answer::small(body, asked, least),
        }))
    }
}

/// Puts the scheme of the connection into the URI, and the host, as HTTP/2 has them. What clients name as
/// scheme, in HTTP/2 or in a whole URI, would end up in what others find in a cache.
fn name_scheme<B>(request: &mut Request<B>, scheme: &'static str) {
    let uri = request.uri();
    // A URI without a scheme is one of HTTP.
    if uri.scheme_str().unwrap_or("http") == scheme {
        return;
    }
    let header = request.headers().get(HOST);
    let host = uri.authority().map(Authority::as_str);
    let Some(host) = host.or_else(|| header?.to_str().ok()) else {
        return;
    };
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    let whole = Uri::builder().scheme(scheme).authority(host);
    // A host that makes no URI is refused where URIs are made.
    if let Ok(uri) = whole.path_and_query(path).build() {
        *request.uri_mut() = uri;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_that_of_the_connection() {
        for (asked, scheme, expected) in [
            ("/a?b", "http", "/a?b"),
            ("/a?b", "https", "https://host/a?b"),
            ("https://host:1/a", "http", "http://host:1/a"),
            ("http://host/a", "https", "https://host/a"),
            ("https://host/a", "https", "https://host/a"),
            ("*", "http", "*"),
        ] {
            let request = Request::builder().uri(asked).header(HOST, "host");
            let mut request = request.body(()).unwrap();
            name_scheme(&mut request, scheme);
            assert_eq!(request.uri().to_string(), expected, "{asked}");
        }
    }
}
