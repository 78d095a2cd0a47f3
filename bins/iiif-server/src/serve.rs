//! Connections: accepted until a signal comes, and finished then.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use iiif_cli::{ExitStatus, first_signal};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::listen::ServerUri;

/// How long requests that are under way may take once a signal came.
const SHUTDOWN_TIME: Duration = Duration::from_secs(30);

/// What a client of HTTP/2 says first (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long to wait where no connection can be accepted: too many files are open, say.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 and HTTP/2 without TLS until SIGINT or SIGTERM, then finishes what it began.
pub(crate) async fn run(
    listeners: Vec<(TcpListener, Router)>,
    uri: &ServerUri,
) -> anyhow::Result<ExitStatus> {
    let connections = Arc::new(GracefulShutdown::new());
    let mut accepting = JoinSet::new();
    for (listener, router) in listeners {
        tracing::info!("listening at http://{}", listener.local_addr()?);
        let connections = Arc::clone(&connections);
        accepting.spawn(accept(listener, router, uri.clone(), connections));
    }
    first_signal().await?;
    accepting.shutdown().await;
    tracing::info!("finishing what is under way");
    // Nobody accepts any more, so this is the only one.
    let Some(connections) = Arc::into_inner(connections) else {
        return Ok(ExitStatus::Failed);
    };
    if timeout(SHUTDOWN_TIME, connections.shutdown())
        .await
        .is_err()
    {
        let seconds = SHUTDOWN_TIME.as_secs();
        tracing::warn!("requests were still under way after {seconds} s");
        return Ok(ExitStatus::Failed);
    }
    Ok(ExitStatus::Success)
}

/// Accepts connections for ever.
async fn accept(
    listener: TcpListener,
    router: Router,
    uri: ServerUri,
    connections: Arc<GracefulShutdown>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(uri.header_timeout);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(uri.idle_timeout));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _peer)) => stream,
            Err(error) => {
                tracing::warn!("cannot accept a connection: {error}");
                sleep(PAUSE).await;
                continue;
            }
        };
        // Answers are written in one go; waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let (builder, watcher) = (builder.clone(), connections.watcher());
        let patience = uri.header_timeout;
        tokio::spawn(async move {
            if !matches!(timeout(patience, has_begun(&stream)).await, Ok(Ok(()))) {
                return;
            }
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                tracing::debug!("a connection ended: {error}");
            }
        });
    }
}

/// Waits until a client has said enough to tell the version of HTTP, which hyper waits for without end.
async fn has_begun(stream: &TcpStream) -> io::Result<()> {
    let mut first = [0; HTTP2_PREFACE.len()];
    loop {
        let count = stream.peek(&mut first).await?;
        let is_known = count == first.len() || !HTTP2_PREFACE.starts_with(&first[..count]);
        if is_known {
            return Ok(());
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        sleep(PAUSE).await;
    }
}
