//! Blocking work on tokio's threads for that.

use std::io;

use crate::error::Context;
use crate::folder::FolderError;
use crate::{Error, Result};

/// Runs work on a folder; what goes wrong is about `context`.
pub(super) async fn blocking<T: Send + 'static>(
    context: Context<'_>,
    work: impl FnOnce() -> Result<T, FolderError> + Send + 'static,
) -> Result<T> {
    spawn(work)
        .await
        .map_err(|error| from_folder(error, context))
}

/// Runs any work.
pub(super) async fn spawn<T: Send + 'static, E: From<io::Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(io::Error::other(error).into()),
    }
}

pub(super) fn from_folder(error: FolderError, context: Context<'_>) -> Error {
    match error {
        FolderError::Outside => context.outside(),
        FolderError::Changed => context.changed(),
        FolderError::Exists => context.exists(),
        FolderError::Disk(error) => context.disk(error),
        FolderError::Range(size) | FolderError::TooLarge(size) => {
            context.failed(format!("the file has {size} bytes"))
        }
    }
}
