//! A server in the place of AWS, on a free port of the loopback interface: it answers as it is told to
//! and remembers what it was asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The operation of a JSON protocol, `RunTask`, or the path.
    pub action: String,
    /// The body; null if it is no JSON.
    pub body: Value,
    /// The headers.
    pub headers: HeaderMap,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON, but that a text is sent as it is.
    pub body: Value,
}

/// The secret in [`AwsServer::dsn`], which nothing must show.
pub const SECRET: &str = "testkit-secret";

type Answers = Box<dyn FnMut(&Asked) -> Answer + Send>;

/// A running server; it stops when this is dropped.
pub struct AwsServer {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    task: AbortHandle,
}

impl Drop for AwsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for AwsServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AwsServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

struct Shared {
    asked: Vec<Asked>,
    answers: Answers,
}

impl Answer {
    /// Returns an answer of status 200.
    #[must_use]
    pub fn ok(body: Value) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body,
        }
    }

    /// Returns an error of the JSON protocols.
    #[must_use]
    pub fn error(status: u16, kind: &str, message: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: serde_json::json!({"__type": kind, "message": message}),
        }
    }
}

impl AwsServer {
    /// Starts a server as a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the socket cannot be had.
    pub async fn start(
        answers: impl FnMut(&Asked) -> Answer + Send + 'static,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(Shared {
            asked: Vec::new(),
            answers: Box::new(answers),
        }));
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            // Ends with this task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            shared,
            task: task.abort_handle(),
        })
    }

    /// Returns the DSN of a client that talks to this server, with keys of its own.
    #[must_use]
    pub fn dsn(&self) -> String {
        let address = self.address;
        format!("region=us-east-1 credentials=static:ID:{SECRET}: endpoint=http://{address}")
    }

    /// Returns what was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(shared): State<Arc<Mutex<Shared>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // The JSON protocols name the operation after the service: `Service.RunTask`.
    let target = headers.get("x-amz-target").and_then(|it| it.to_str().ok());
    let action = target.and_then(|target| target.rsplit('.').next());
    let asked = Asked {
        action: action.map_or_else(|| uri.path().to_owned(), str::to_owned),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        headers,
    };
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = (shared.answers)(&asked);
    shared.asked.push(asked);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = match answer.body {
        Value::String(text) => text,
        json => json.to_string(),
    };
    let mut response = (status, body).into_response();
    for (name, value) in answer.headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
