//! The runtime interface of Lambda in the test process, on a free port of the loopback interface: what a
//! function asks for events and tells its answers (AWS Lambda developer guide, "Using the Lambda runtime
//! API").

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::task::AbortHandle;

/// The time that a function has for an event, unless [`LambdaRuntime::start_for`] says otherwise.
const TIMEOUT: Duration = Duration::from_mins(1);

/// A running runtime interface; it stops when this is dropped.
#[derive(Debug)]
pub struct LambdaRuntime {
    address: SocketAddr,
    events: mpsc::UnboundedSender<Event>,
    time: Duration,
    task: AbortHandle,
}

#[derive(Debug)]
struct Event {
    payload: String,
    answer: oneshot::Sender<Result<String, String>>,
}

#[derive(Debug)]
struct Shared {
    events: AsyncMutex<mpsc::UnboundedReceiver<Event>>,
    answers: Mutex<HashMap<String, oneshot::Sender<Result<String, String>>>>,
    time: Duration,
}

impl LambdaRuntime {
    /// Starts the interface as a task of the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the socket cannot be had.
    pub async fn start() -> std::io::Result<Self> {
        Self::start_for(TIMEOUT).await
    }

    /// Starts the interface of a function that has `time` for an event.
    ///
    /// # Errors
    ///
    /// If the socket cannot be had.
    pub async fn start_for(time: Duration) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, receiver) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            events: AsyncMutex::new(receiver),
            answers: Mutex::default(),
            time,
        });
        let invocations = "/2018-06-01/runtime/invocation";
        let router = Router::new()
            .route(&format!("{invocations}/next"), get(next))
            .route(&format!("{invocations}/{{id}}/response"), post(response))
            .route(&format!("{invocations}/{{id}}/error"), post(error))
            .with_state(shared);
        let task = tokio::spawn(async move {
            // Ends with this task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            events,
            time,
            task: task.abort_handle(),
        })
    }

    /// Returns the variables that make a program a function of this runtime.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_LAMBDA_RUNTIME_API", self.address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "function".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024".to_owned()),
        ]
    }

    /// Hands an event to the function and returns what it answers, or its error.
    ///
    /// # Errors
    ///
    /// What the function says went wrong, or that it did not answer.
    pub async fn invoke(&self, payload: &str) -> Result<String, String> {
        let (answer, answered) = oneshot::channel();
        let event = Event {
            payload: payload.to_owned(),
            answer,
        };
        let gone = || "the function is gone".to_owned();
        self.events.send(event).map_err(|_unsent| gone())?;
        let answer = tokio::time::timeout(self.time, answered).await;
        answer
            .map_err(|_elapsed| "no answer in time".to_owned())?
            .map_err(|_closed| gone())?
    }
}

impl Drop for LambdaRuntime {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let deadline = SystemTime::now() + shared.time;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut answers = shared
        .answers
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let id = format!("request-{}", answers.len() + 1);
    answers.insert(id.clone(), event.answer);
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        (
            "lambda-runtime-deadline-ms",
            deadline.as_millis().to_string(),
        ),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:1:function:function".to_owned(),
        ),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event.payload).into_response()
}

async fn response(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.answer(&id, Ok(text(&body)))
}

async fn error(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.answer(&id, Err(text(&body)))
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

impl Shared {
    fn answer(&self, id: &str, answer: Result<String, String>) -> StatusCode {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // The key stays, so that ids do not come again.
        let (closed, _) = oneshot::channel();
        let Some(waiting) = answers.insert(id.to_owned(), closed) else {
            return StatusCode::NOT_FOUND;
        };
        // Whoever asked may have given up.
        drop(waiting.send(answer));
        StatusCode::ACCEPTED
    }
}
