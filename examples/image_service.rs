//! A service with pages of its own that also serves a bucket of images with the Image API.
#![expect(clippy::print_stdout, reason = "an example shows where it is")]

use axum::Router;
use axum::routing::get;
use iiif_config::Config;
use iiif_examples::Result;
use iiif_http::{Buckets, ImageService, ServiceOptions};
use iiif_storage::{Environment, MissingFolder, StorageOpener};
use tokio::net::TcpListener;

/// Returns the router: `/` is the service's own, all below `/images` the Image API.
fn router(images: &str) -> Result<Router> {
    let storage = StorageOpener::new(Environment::from_process());
    let buckets = Buckets::new(storage.open(images, MissingFolder::Refuse)?);
    let service = ImageService::new(buckets, &Config::default(), ServiceOptions::default())?;
    Ok(Router::new()
        .route("/", get(async || "a page of its own\n"))
        .nest("/images", service.router()))
}

#[tokio::main]
async fn main() -> Result {
    let images = std::env::args().nth(1);
    let router = router(images.as_deref().unwrap_or("examples/images"))?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("try http://{address}/images/iiif/3/zuber.jpg/info.json");
    Ok(axum::serve(listener, router).await?)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn images_are_served_beside_other_pages() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let images = concat!(env!("CARGO_MANIFEST_DIR"), "/images");
        let router = router(images).unwrap();
        tokio::spawn(async { axum::serve(listener, router).await });
        let path = "/images/iiif/3/zuber.jpg/info.json";
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let id = r#""id":"http://a.org/images/iiif/3/zuber.jpg""#;
        assert!(answer.contains(id), "{answer}");
    }
}
