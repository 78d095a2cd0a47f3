//! What the server is asked at the same time, and how soon it answers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use s3s::service::S3Service;
use s3s::{HttpError, HttpResponse};

/// Requests that were not answered yet, now and at most.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Traffic {
    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }

    fn begin(self: &Arc<Self>) -> Unanswered {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        Unanswered(Arc::clone(self))
    }
}

/// A request that was not answered yet, or that its client gave up.
struct Unanswered(Arc<Traffic>);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The server, answering each request after a delay.
#[derive(Clone, Debug)]
pub(super) struct Delayed {
    pub(super) service: S3Service,
    pub(super) delay: Duration,
    pub(super) traffic: Arc<Traffic>,
}

impl Service<Request<Incoming>> for Delayed {
    type Response = HttpResponse;
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let unanswered = self.traffic.begin();
        let answer = Service::call(&self.service, request);
        let delay = self.delay;
        Box::pin(async move {
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            let answer = answer.await;
            drop(unanswered);
            answer
        })
    }
}
