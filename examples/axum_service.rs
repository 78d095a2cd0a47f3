//! The pipeline inside an axum service: `GET /{region}/{size}/{rotation}/{quality.format}`.
//!
//! Pixels are work for the blocking pool, and a semaphore keeps them to one image a core.
#![expect(clippy::print_stdout, reason = "an example shows what it did")]

use std::sync::Arc;
use std::thread::available_parallelism;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use iiif_examples::{Result, ZUBER};
use iiif_image_api::{ApiVersion, ImageRequest, RenderPlan, ResolveOptions, SizeLimits};
use iiif_pipeline::{DecodeLimits, EncodeOptions, SourceImage};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

#[tokio::main]
async fn main() -> Result {
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!(
        "try http://{}/full/!400,400/0/default.jpg",
        listener.local_addr()?
    );
    Ok(axum::serve(listener, service()?).await?)
}

/// The image that is served and the permits to work on it.
struct Image {
    source: SourceImage,
    permits: Arc<Semaphore>,
}

fn service() -> Result<Router> {
    let source = SourceImage::probe(ZUBER, &DecodeLimits::default())?;
    let permits = Arc::new(Semaphore::new(available_parallelism()?.get()));
    let image = Arc::new(Image { source, permits });
    Ok(Router::new()
        .route("/{region}/{size}/{rotation}/{file}", get(answer))
        .with_state(image))
}

async fn answer(
    State(image): State<Arc<Image>>,
    Path(parts): Path<(String, String, String, String)>,
) -> Response {
    let (region, size, rotation, file) = parts;
    let plan = match plan(&image.source, &format!("{region}/{size}/{rotation}/{file}")) {
        Ok(plan) => plan,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let permits = Arc::clone(&image.permits);
    let Ok(permit) = permits.acquire_owned().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    // The permit goes along: the work does not end when the client goes away.
    let work = move || {
        let _permit = permit;
        image.source.derive(plan, &EncodeOptions::default())
    };
    let made = tokio::task::spawn_blocking(work).await;
    match made {
        Ok(Ok(derivative)) => (
            [(header::CONTENT_TYPE, derivative.format.media_type())],
            derivative.bytes,
        )
            .into_response(),
        Ok(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        Err(_panicked) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn plan(source: &SourceImage, request: &str) -> Result<RenderPlan> {
    let request: ImageRequest = request.parse()?;
    let limits = SizeLimits::default().with_max_width(4000);
    let options = ResolveOptions::default()
        .with_version(ApiVersion::V3)
        .with_limits(limits);
    Ok(RenderPlan::resolve(
        &request.into(),
        source.geometry(),
        &options,
    )?)
}

#[tokio::test]
async fn the_service_answers() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, service().unwrap()).await });
    for (path, status) in [
        ("full/!40,40/0/default.jpg", "200"),
        ("full/0,0/0/default.jpg", "400"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        stream.read_to_end(&mut response).await.unwrap();
        let text = String::from_utf8_lossy(&response);
        assert!(
            text.starts_with(&format!("HTTP/1.1 {status}")),
            "{path}: {text}"
        );
    }
}
