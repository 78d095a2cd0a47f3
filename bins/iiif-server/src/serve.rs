//! Listeners: connections are accepted until a signal comes, and finished then.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use iiif_cli::{ExitStatus, first_signal};
use tokio::net::TcpListener;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use crate::connection::{self, Shared};
use crate::listen::{Endpoint, ServerUri};
use crate::tls::Certificate;

/// How long requests that are under way may take once a signal came.
const SHUTDOWN_TIME: Duration = Duration::from_secs(30);

/// How long to wait where no connection can be accepted: too many files are open, say.
const PAUSE: Duration = Duration::from_millis(100);

/// How long idle connections are closed for those that may come, once one waited for a place: connections would
/// else be woken for each.
const CROWD_TIME: Duration = Duration::from_millis(100);

/// How long it is not said again that all connections are taken.
const SILENCE: Duration = Duration::from_mins(1);

/// Files that the process may open where that is not known: what macOS has.
const DEFAULT_OPEN_FILES: u64 = 256;

/// Of the files that may be open, those that are not for connections: a quarter, and at least these, for
/// images, buckets and who runs the server.
const OTHER_FILES_SHARE: u64 = 4;
const MIN_OTHER_FILES: u64 = 64;

/// The least and the most connections, whatever the files.
const CONNECTIONS: std::ops::RangeInclusive<u64> = 8..=16_384;

/// Connections of who runs the server, which are never taken by others.
const ADMIN_CONNECTIONS: usize = 32;

/// A socket, and what answers there.
pub(crate) struct Listener {
    socket: TcpListener,
    /// The host as it was given; others may know this one by another name than its address.
    host: String,
    certificate: Option<Arc<Certificate>>,
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    audience: Audience,
    /// When a connection last waited for a place, and when the log last said so.
    waited: Option<Instant>,
    told: Option<Instant>,
}

/// Who asks at a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Everybody,
    Admins,
}

impl Audience {
    /// Returns what stands behind a listener in the log.
    fn mark(self) -> &'static str {
        match self {
            Self::Everybody => "",
            Self::Admins => " (-admin-uri)",
        }
    }
}

impl Listener {
    /// Opens a listener.
    pub(crate) async fn open(
        uri: &ServerUri,
        router: Router,
        audience: Audience,
    ) -> anyhow::Result<Self> {
        let context = || format!("cannot listen at {uri}");
        let Endpoint::Socket { authority, tls } = &uri.endpoint else {
            anyhow::bail!(
                "cannot listen at `{uri}`; expected `http://HOST:PORT` or `https://HOST:PORT`"
            );
        };
        let certificate = tls.clone().map(Certificate::read).transpose();
        let certificate = certificate.with_context(context)?.map(Arc::new);
        let config = certificate.as_ref().map(Certificate::config).transpose()?;
        let socket = TcpListener::bind(authority).await.with_context(context)?;
        let places = match audience {
            Audience::Everybody => most_connections(iiif_cli::open_files()),
            Audience::Admins => ADMIN_CONNECTIONS,
        };
        let host = authority.rsplit_once(':').map_or("", |(host, _)| host);
        Ok(Self {
            socket,
            host: host.to_owned(),
            certificate,
            shared: Arc::new(Shared {
                router,
                timeouts: uri.timeouts,
                scheme: uri.endpoint.scheme(),
                tls: config.map(TlsAcceptor::from),
                crowd: watch::Sender::new(false),
            }),
            places: Arc::new(Semaphore::new(places)),
            audience,
            waited: None,
            told: None,
        })
    }

    /// Returns where it listens, with the port that it got.
    pub(crate) fn uri(&self) -> io::Result<String> {
        let (scheme, host) = (self.shared.scheme, &self.host);
        let port = self.socket.local_addr()?.port();
        Ok(format!("{scheme}://{host}:{port}"))
    }

    /// Accepts connections for ever.
    async fn accept(mut self, ending: watch::Receiver<()>) {
        let mut is_failing = false;
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = self.calm_down() => continue,
            };
            match accepted {
                Ok((socket, _peer)) => {
                    is_failing = false;
                    let Ok(place) = self.place().await else {
                        return;
                    };
                    let (shared, ending) = (Arc::clone(&self.shared), ending.clone());
                    tokio::spawn(async move {
                        connection::run(socket, shared, ending).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::warn!("cannot accept connections: {error}");
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Waits for a place. While none is free, connections on which nothing happens give theirs up.
    async fn place(&mut self) -> Result<OwnedSemaphorePermit, AcquireError> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        if self.told.is_none_or(|told| told.elapsed() > SILENCE) {
            self.told = Some(Instant::now());
            let mark = self.audience.mark();
            tracing::warn!("all connections{mark} are taken; those that are idle are closed");
        }
        let crowd = &self.shared.crowd;
        crowd.send_if_modified(|is_crowded| !std::mem::replace(is_crowded, true));
        let place = Arc::clone(&self.places).acquire_owned().await;
        self.waited = Some(Instant::now());
        place
    }

    /// Leaves idle connections alone again, once no other waited for some time.
    async fn calm_down(&self) {
        match self.waited {
            Some(waited) if *self.shared.crowd.borrow() => {
                sleep_until(waited + CROWD_TIME).await;
                self.shared.crowd.send_replace(false);
            }
            _ => std::future::pending().await,
        }
    }
}

/// Returns how many connections there may be at the same time, where the process may open so many files.
fn most_connections(open_files: Option<u64>) -> usize {
    let files = open_files.unwrap_or(DEFAULT_OPEN_FILES);
    let others = (files / OTHER_FILES_SHARE).max(MIN_OTHER_FILES);
    let connections = files.saturating_sub(others);
    connections.clamp(*CONNECTIONS.start(), *CONNECTIONS.end()) as usize
}

/// Serves until SIGINT or SIGTERM, then finishes what it began.
pub(crate) async fn run(listeners: Vec<Listener>) -> anyhow::Result<ExitStatus> {
    let (end, ending) = watch::channel(());
    let mut working = JoinSet::new();
    for listener in listeners {
        let mark = listener.audience.mark();
        tracing::info!("listening at {}{mark}", listener.uri()?);
        if let Some(certificate) = &listener.certificate {
            working.spawn(Arc::clone(certificate).follow());
        }
        working.spawn(listener.accept(ending.clone()));
    }
    drop(ending);
    first_signal().await?;
    working.shutdown().await;
    tracing::info!("finishing what is under way");
    // Without a connection nobody hears it.
    let _ = end.send(());
    if timeout(SHUTDOWN_TIME, end.closed()).await.is_err() {
        let seconds = SHUTDOWN_TIME.as_secs();
        tracing::warn!("requests were still under way after {seconds} s");
        return Ok(ExitStatus::Failed);
    }
    Ok(ExitStatus::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        for (files, expected) in [
            (None, 192),
            (Some(64), 8),
            (Some(128), 64),
            (Some(1024), 768),
            (Some(1 << 20), 16_384),
        ] {
            assert_eq!(most_connections(files), expected, "{files:?}");
        }
    }

    #[tokio::test]
    async fn it_is_crowded_while_somebody_waits() {
        let uri = "http://127.0.0.1:0".parse().unwrap();
        let listener = Listener::open(&uri, Router::new(), Audience::Admins).await;
        let mut listener = listener.unwrap();
        let mut crowd = listener.shared.crowd.subscribe();
        let mut places = Vec::new();
        for _ in 0..ADMIN_CONNECTIONS {
            places.push(listener.place().await.unwrap());
        }
        assert!(!*crowd.borrow_and_update() && listener.told.is_none());
        let leave = async {
            crowd.wait_for(|is_crowded| *is_crowded).await.unwrap();
            places.pop();
        };
        let (place, ()) = tokio::join!(listener.place(), leave);
        assert!(place.is_ok() && listener.told.is_some());
        listener.calm_down().await;
        assert!(!*listener.shared.crowd.borrow());
    }
}
