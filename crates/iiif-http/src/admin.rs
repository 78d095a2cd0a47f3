//! What is asked by who runs the service: health, metrics, purges.

use axum::Json;
use axum::extract::{RawPathParams, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use iiif_image_api::Identifier;
use serde_json::{Value, json};

use crate::{ImageService, Problem};

/// The text format of `OpenMetrics`, which Prometheus reads.
const METRICS_MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Says that the process lives, and whether its configuration is what was last written. What is wrong
/// with that names places, and is for [`health_in_full`].
pub(crate) async fn health(State(service): State<ImageService>) -> Response {
    Json(health_of(service.config_problem().as_deref())).into_response()
}

/// Says the same, and what is wrong with a configuration that is not in effect.
pub(crate) async fn health_in_full(State(service): State<ImageService>) -> Response {
    let problem = service.config_problem();
    let mut health = health_of(problem.as_deref());
    health["config_problem"] = problem.into();
    Json(health).into_response()
}

fn health_of(config_problem: Option<&str>) -> Value {
    let config = match config_problem {
        None => "current",
        Some(_) => "the last good one",
    };
    json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "config": config,
    })
}

/// Says whether requests can be answered: the bucket of images is there.
pub(crate) async fn ready(State(service): State<ImageService>) -> Response {
    if service.images().is_ready().await {
        Json(json!({"status": "ready"})).into_response()
    } else {
        let status = json!({"status": "the storage of the images does not answer"});
        (StatusCode::SERVICE_UNAVAILABLE, Json(status)).into_response()
    }
}

pub(crate) async fn metrics(State(service): State<ImageService>) -> Response {
    ([(CONTENT_TYPE, METRICS_MEDIA_TYPE)], service.metrics_text()).into_response()
}

/// Forgets what was made of an image, in memory and in the bucket of derivatives.
pub(crate) async fn purge(
    State(service): State<ImageService>,
    parameters: RawPathParams,
) -> Result<StatusCode, Problem> {
    // Decoded once, by the router.
    let identifier = parameters.iter().next().map_or("", |(_, value)| value);
    let identifier = Identifier::new(identifier).map_err(Problem::identifier)?;
    let purged = service.images().purge(&identifier).await;
    purged.map_err(|error| Problem::not_purged(&error))?;
    tracing::info!("forgot what was made of {}", identifier.as_str());
    Ok(StatusCode::NO_CONTENT)
}
