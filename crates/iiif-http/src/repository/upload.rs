//! Uploads: received into a temporary file, verified as an image, and stored in one go.

use std::fs::File;
use std::io::{self, Write as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::Bytes;
use futures::stream::{Stream, StreamExt as _};
use iiif_pipeline::{
    EncodeOptions, ErrorKind, FileSource, Passthrough, ReadAt as _, SourceFormat, SourceImage,
};
use iiif_storage::{Bucket, Overwrite};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::RepositoryOptions;
use super::name::media_type;
use crate::Problem;
use crate::admission::Cost;
use crate::images::Images;
use crate::sources::opening_bytes;

/// Received bytes are written when there are so many, or more; stored ones are read so many at once.
const BLOCK_BYTES: usize = 1 << 20;

/// What an upload must make to count as an image: everything is decoded for it, as small as possible.
const TRIAL: &str = "full/!50,50/0/default.png";

/// An image that was received and verified, in a file without a name.
#[derive(Debug)]
pub(super) struct Upload {
    file: Arc<FileSource>,
    pub(super) format: SourceFormat,
}

/// How much may come, and how slowly.
#[derive(Clone, Copy, Debug)]
struct Limits {
    max_bytes: u64,
    idle: Duration,
}

impl Upload {
    /// Receives the image of a request: its body, or the part `file` of a form.
    pub(super) async fn receive(
        request: Request,
        images: &Images,
        options: &RepositoryOptions,
    ) -> Result<Self, Problem> {
        let limits = Limits {
            max_bytes: options.max_upload_bytes,
            idle: options.upload_idle,
        };
        let announced = number(request.headers());
        if announced.is_some_and(|bytes| bytes > limits.max_bytes && !is_form(request.headers())) {
            return Err(limits.exceeded());
        }
        let file = if is_form(request.headers()) {
            receive_form(request, limits).await?
        } else {
            let body = request.into_body().into_data_stream();
            receive(body, limits).await?
        };
        Self::verify(file, images).await
    }

    async fn verify(file: File, images: &Images) -> Result<Self, Problem> {
        let file = Arc::new(FileSource::new(file).map_err(|error| disk(&error))?);
        let sniffed = Arc::clone(&file);
        let format = spawn_blocking(move || SourceFormat::sniff_at(&sniffed)).await;
        // What is wrong is what opening it says.
        let format = format.ok().and_then(Result::ok);
        let bytes = opening_bytes(format.as_ref(), file.len_bytes());
        let image = images.sources.open_image(Arc::clone(&file), bytes).await?;
        let image = image.map_err(|error| refusal(&error))?;
        let format = image.format();
        let tried = try_out(image, images).await?;
        tried.map_err(|error| refusal(&error))?;
        Ok(Self { file, format })
    }

    /// Stores it, in one go.
    pub(super) async fn store(
        &self,
        bucket: &Bucket,
        key: &str,
        overwrite: Overwrite,
    ) -> Result<(), Problem> {
        let writer = bucket.writer(key, media_type(self.format), overwrite).await;
        let mut writer = writer.map_err(|error| write_problem(&error))?;
        let length = self.file.len_bytes();
        for offset in (0..length).step_by(BLOCK_BYTES) {
            let file = Arc::clone(&self.file);
            let block = (length - offset).min(BLOCK_BYTES as u64) as usize;
            let read = blocking(move || file.read_at(offset, block)).await;
            let block = read.map_err(|error| disk(&error))?;
            let written = writer.write(block).await;
            written.map_err(|error| write_problem(&error))?;
        }
        writer.finish().await.map_err(|error| write_problem(&error))
    }
}

impl Limits {
    fn exceeded(self) -> Problem {
        let text = format!(
            "the upload is larger than is taken; expected at most {} bytes",
            self.max_bytes
        );
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    }
}

/// Returns why nothing could be stored or deleted. What storage says is for the log.
pub(super) fn write_problem(error: &iiif_storage::Error) -> Problem {
    use iiif_storage::ErrorKind as Kind;

    let mut causes =
        std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| {
            error.source()
        });
    if let Some(error) = causes.find_map(|cause| cause.downcast_ref::<io::Error>())
        && is_full(error)
    {
        return disk(error);
    }
    match error.kind() {
        Kind::Conflict => exists(),
        Kind::InvalidRequest => Problem::bad_request("the path is no name of an image"),
        Kind::Denied | Kind::Unsupported => {
            tracing::warn!("{error}");
            let text = "the storage of the images cannot be written to";
            Problem::new(StatusCode::FORBIDDEN, text)
        }
        _ => Problem::storage(error),
    }
}

pub(super) fn exists() -> Problem {
    let text = "there is an image of this name already; `?overwrite=true` replaces it";
    Problem::new(StatusCode::CONFLICT, text)
}

async fn try_out(
    image: SourceImage,
    images: &Images,
) -> Result<iiif_pipeline::Result<()>, Problem> {
    let plan = images.plan(&TRIAL.parse()?, &image)?;
    let choice = image.decode_choice(&plan, u64::MAX);
    let bytes = image.held_bytes() + choice.decoding_bytes() + choice.rendering_bytes(&plan);
    let mut encoding = EncodeOptions::default();
    encoding.passthrough = Passthrough::Never;
    let decode = move || {
        let decoded = image.decode_chosen(&choice)?;
        decoded.derive(&plan, &encoding).map(drop)
    };
    let admission = &images.memory.admission;
    Ok(admission
        .compute(Cost::of_request(bytes), decode)
        .await?
        .value)
}

/// Returns why a file is not taken. Errors of the pipeline name formats and figures only.
fn refusal(error: &iiif_pipeline::Error) -> Problem {
    match error.kind() {
        ErrorKind::TooLarge => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
        ErrorKind::Corrupt | ErrorKind::Unsupported => {
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error.to_string())
        }
        _ => {
            tracing::error!("cannot verify an upload: {error}");
            Problem::internal()
        }
    }
}

fn number(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let start = media_type.and_then(|it| it.get(.."multipart/form-data".len()));
    start.is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/form-data"))
}

/// Receives the part `file` of a form, as browsers and Python's `requests` send it.
async fn receive_form(request: Request, limits: Limits) -> Result<File, Problem> {
    let wrong = || {
        let text = "the form has no part `file`; expected one, or the image itself as the body";
        Problem::bad_request(text)
    };
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_no_form| wrong())?;
    loop {
        let field = timeout(limits.idle, form.next_field()).await;
        let field = field.map_err(|_elapsed| too_slow())?;
        let field = field.map_err(|_damaged| broken_off())?.ok_or_else(wrong)?;
        if field.name() == Some("file") {
            return receive(field, limits).await;
        }
    }
}

async fn receive<E>(
    body: impl Stream<Item = Result<Bytes, E>>,
    limits: Limits,
) -> Result<File, Problem> {
    let mut body = pin!(body);
    let file = blocking(tempfile::tempfile).await;
    let mut file = file.map_err(|error| disk(&error))?;
    let (mut block, mut block_bytes, mut received) = (Vec::new(), 0, 0);
    loop {
        let part = timeout(limits.idle, body.next()).await;
        let part = part.map_err(|_elapsed| too_slow())?.transpose();
        let part = part.map_err(|_gone| broken_off())?;
        let is_end = part.is_none();
        if let Some(part) = part {
            received += part.len() as u64;
            block_bytes += part.len();
            block.push(part);
        }
        if received > limits.max_bytes {
            return Err(limits.exceeded());
        }
        if is_end || block_bytes >= BLOCK_BYTES {
            let parts = std::mem::take(&mut block);
            block_bytes = 0;
            let write = move || {
                parts.iter().try_for_each(|part| file.write_all(part))?;
                Ok(file)
            };
            file = blocking(write).await.map_err(|error| disk(&error))?;
        }
        if is_end {
            return Ok(file);
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// The temporary file, or the folder of the images, cannot be written.
fn disk(error: &io::Error) -> Problem {
    tracing::error!("cannot keep an upload: {error}");
    if is_full(error) {
        let text = "there is no room for the upload; ask again later";
        return Problem::new(StatusCode::INSUFFICIENT_STORAGE, text);
    }
    Problem::internal()
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge
    )
}

fn too_slow() -> Problem {
    let text = "nothing came of the upload for too long; send it again";
    Problem::new(StatusCode::REQUEST_TIMEOUT, text)
}

fn broken_off() -> Problem {
    Problem::bad_request("the upload ended before its end; send it again")
}

#[cfg(test)]
mod tests {
    use iiif_storage::{Error, Operation};

    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures_and_no_place_is_named() {
        let failed = |kind: io::ErrorKind| Error::Failed {
            operation: Operation::Write,
            key: "a.jpg".to_owned(),
            bucket: "file:///secret".to_owned(),
            source: io::Error::from(kind).into(),
        };
        for (kind, status) in [
            (io::ErrorKind::StorageFull, 507),
            (io::ErrorKind::QuotaExceeded, 507),
            (io::ErrorKind::BrokenPipe, 500),
        ] {
            let problem = write_problem(&failed(kind));
            assert_eq!(problem.status.as_u16(), status, "{kind:?}");
            assert!(!problem.text().contains("secret"), "{}", problem.text());
        }
        let read_only = Error::ReadOnly {
            bucket: "https://secret".to_owned(),
        };
        let problem = write_problem(&read_only);
        assert_eq!(problem.status, StatusCode::FORBIDDEN);
        assert!(!problem.text().contains("secret"), "{}", problem.text());
    }
}
