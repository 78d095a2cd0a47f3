//! `lambda://` and `functionurl://`: the requests of events, answered inside a Lambda function.
//!
//! A function stands still between two events. So nothing is left to the background: the config is looked
//! at before an event is answered, where that is due, and an event ends once what was made is in its
//! bucket. Nobody clears that bucket, of which many functions may have the same one.

mod answer;
mod event;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::http::Response;
use axum::response::IntoResponse as _;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use iiif_cli::ExitStatus;
use iiif_http::ImageService;
use iiif_launch::{HandlerError, StreamResponse, check_function, serve, serve_streams};
use serde_json::Value;
use tokio::sync::Mutex;

use self::event::{Event, EventError, Origin};
use crate::listen::Answers;
use crate::upkeep::ConfigFollower;

/// Answers events until the function is stopped.
pub(crate) async fn run(
    router: Router,
    service: &ImageService,
    follower: ConfigFollower<'_>,
    answers: Answers,
) -> anyhow::Result<ExitStatus> {
    check_function("`-server-uri lambda://`")?;
    let function = Function {
        router,
        service,
        follower: Mutex::new(follower),
    };
    let served = match answers {
        Answers::Buffered => serve(async |event, _time| function.answer(event).await).await,
        Answers::Streamed => serve_streams(async |event, _time| function.stream(event).await).await,
    };
    served.map_err(|error| anyhow::anyhow!("cannot serve events: {error}"))?;
    Ok(ExitStatus::Success)
}

struct Function<'a> {
    router: Router,
    service: &'a ImageService,
    follower: Mutex<ConfigFollower<'a>>,
}

impl Function<'_> {
    async fn answer(&self, event: &Value) -> Result<Value, HandlerError> {
        let (origin, response) = self.respond(event).await?;
        let answer = answer::buffered(origin, response).await;
        self.service.settle().await;
        Ok(answer)
    }

    async fn stream(&self, event: &Value) -> Result<StreamResponse<BodyDataStream>, HandlerError> {
        let (_, response) = self.respond(event).await?;
        self.service.settle().await;
        Ok(answer::streamed(response))
    }

    async fn respond(&self, event: &Value) -> Result<(Origin, Response<Body>), HandlerError> {
        let Event { origin, request } = match Event::read(event) {
            Ok(event) => event,
            Err(EventError::BadRequest {
                origin,
                status,
                problem,
            }) => {
                tracing::info!("{status}: {problem}");
                let response = (status, format!("{problem}\n")).into_response();
                return Ok((origin, response));
            }
            Err(error @ EventError::NoRequest) => {
                tracing::error!("{error}");
                let problems = vec![error.to_string()];
                return Err(HandlerError::Failed { problems });
            }
        };
        self.follower.lock().await.look_if_due().await;
        let router = TowerToHyperService::new(self.router.clone());
        let Ok(response) = router.call(request).await;
        Ok((origin, response))
    }
}
