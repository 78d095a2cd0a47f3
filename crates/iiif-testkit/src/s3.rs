//! A real S3 server in the test process, on a free port of the loopback interface.
//!
//! It speaks the protocol with signatures checked (`s3s`) over a temporary folder (`s3s-fs`): a
//! bucket is a folder, an object a file in it.

mod traffic;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

use self::traffic::{Delayed, Traffic};

/// The only access key that the server knows.
pub const ACCESS_KEY_ID: &str = "AKIATESTKIT";

/// The secret of [`ACCESS_KEY_ID`]; no service but this one accepts it.
pub const SECRET_ACCESS_KEY: &str = "testkit-secret";

/// The region in [`S3Server::bucket_uri`].
pub const REGION: &str = "us-east-1";

/// A running server; it stops and its folder goes away when this is dropped.
#[derive(Debug)]
pub struct S3Server {
    address: SocketAddr,
    root: TempDir,
    traffic: Arc<Traffic>,
    task: AbortHandle,
}

impl S3Server {
    /// Starts a server without buckets, as a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the temporary folder or the socket cannot be had.
    pub async fn start() -> io::Result<Self> {
        Self::start_with_delay(Duration::ZERO).await
    }

    /// Starts a server without buckets that lets each request wait for `delay` before it looks at
    /// it, as a server far away would. The runtime needs its clock for that.
    ///
    /// # Errors
    ///
    /// If the temporary folder or the socket cannot be had.
    pub async fn start_with_delay(delay: Duration) -> io::Result<Self> {
        let root = tempfile::tempdir()?;
        let files =
            FileSystem::new(root.path()).map_err(|error| io::Error::other(format!("{error:?}")))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        let traffic = Arc::new(Traffic::default());
        let service = Delayed {
            service: builder.build(),
            delay,
            traffic: Arc::clone(&traffic),
        };

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(serve(listener, service)).abort_handle();
        Ok(Self {
            address,
            root,
            traffic,
            task,
        })
    }

    /// Returns the URL of the server, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the bucket URI with everything that is needed to open it: region, endpoint, path
    /// style and static credentials.
    #[must_use]
    pub fn bucket_uri(&self, bucket: &str) -> String {
        let port = self.address.port();
        format!(
            "s3blob://{bucket}?region={REGION}&endpoint=http%3A%2F%2F127.0.0.1%3A{port}\
             &use_path_style=true&credentials=static%3A{ACCESS_KEY_ID}%3A{SECRET_ACCESS_KEY}%3A"
        )
    }

    /// Returns how many requests there were at most at the same time: received, and not yet answered.
    #[must_use]
    pub fn most_requests_at_once(&self) -> usize {
        self.traffic.most()
    }

    /// Makes a bucket; one that exists stays as it is.
    ///
    /// # Errors
    ///
    /// If the folder cannot be made.
    pub fn create_bucket(&self, bucket: &str) -> io::Result<()> {
        fs::create_dir_all(self.folder(bucket))
    }

    /// Returns the folder of a bucket; objects put there as files can be read through the server.
    #[must_use]
    pub fn folder(&self, bucket: &str) -> PathBuf {
        self.root.path().join(bucket)
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts connections until the task is aborted; they end with it.
async fn serve(listener: TcpListener, service: Delayed) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(answer(stream, service.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(stream: TcpStream, service: Delayed) {
    let builder = Builder::new(TokioExecutor::new());
    // A connection that a client has given up is no concern of the other ones.
    let _ended = builder
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
