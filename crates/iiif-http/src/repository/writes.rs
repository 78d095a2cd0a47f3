//! Uploads and deletions.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use iiif_storage::Overwrite;
use tokio::sync::MutexGuard;

use super::name::{ImageName, Place};
use super::upload::{Upload, exists, write_problem};
use super::{Current, WRITERS, catalog, query, url};
use crate::Problem;
use crate::sources::Version;

impl Current {
    /// Stores an image: one that is new, or, if that is asked for, in the place of another.
    pub(super) async fn upload(&self, request: Request) -> Result<Response, Problem> {
        let overwrite = query::overwrite(request.uri())?;
        let name = image_name(request.uri().path())?;
        let sources = &self.images.sources;
        let (head, body) = request.into_parts();
        let base = self.images.base_uri(&head, "")?;
        // Before anything is received, which may be much.
        let before = catalog::candidates(sources, &name).await?;
        if overwrite == Overwrite::Forbidden && !before.is_empty() {
            return Err(exists());
        }
        // Kept to the end: so long the upload takes room on the disk.
        let slot = self.shared.uploads.try_acquire();
        let _slot = slot.map_err(|_all_taken| Problem::busy())?;
        let request = Request::from_parts(head, body);
        let upload = Upload::receive(request, &self.images, &self.shared.options).await?;
        let _turn = self.turn(&name).await;
        catalog::forget(sources, &name).await;
        let before = catalog::candidates(sources, &name).await?;
        if overwrite == Overwrite::Forbidden && !before.is_empty() {
            return Err(exists());
        }
        let key = name.new_key(upload.format);
        let stored = upload.store(self.images.bucket(), &key, overwrite).await;
        catalog::forget(sources, &name).await;
        stored?;
        self.remove_others(&name, &key).await?;
        for replaced in &before {
            self.forget_derivatives(replaced).await?;
        }
        let status = if before.is_empty() {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let location = format!("{base}/{}", name.to_path());
        let location = HeaderValue::try_from(location).map_err(|_no_header| Problem::internal())?;
        Ok((status, [(LOCATION, location)]).into_response())
    }

    /// Deletes an image and the derivatives that URLs were handed out of.
    pub(super) async fn delete(&self, uri: &Uri) -> Result<Response, Problem> {
        query::none(uri)?;
        let name = image_name(uri.path())?;
        let sources = &self.images.sources;
        let _turn = self.turn(&name).await;
        catalog::forget(sources, &name).await;
        let found = catalog::find(sources, &name).await?;
        self.remove(&name, &found).await?;
        self.forget_derivatives(&found).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// Removes what else has a name now: images of other formats, which are no longer the image.
    async fn remove_others(&self, name: &ImageName, key: &str) -> Result<(), Problem> {
        let there = catalog::candidates(&self.images.sources, name).await?;
        let stored = there.iter().find(|it| catalog::key(it) == key);
        // Gone by the hand of somebody else.
        let Some(stored) = stored else { return Ok(()) };
        for other in &there {
            // On disks that take `a.jpg` for `a.JPG`, both are the same file.
            if other.object != stored.object {
                self.remove(name, other).await?;
            }
        }
        Ok(())
    }

    async fn remove(&self, name: &ImageName, version: &Version) -> Result<(), Problem> {
        let sources = &self.images.sources;
        let deleted = self.images.bucket().delete(catalog::key(version)).await;
        catalog::forget(sources, name).await;
        deleted.map_err(|error| write_problem(&error))
    }

    /// Removes what was made of an image, and what URLs of it lead to.
    async fn forget_derivatives(&self, version: &Version) -> Result<(), Problem> {
        let identifier = &version.identifier;
        let mut forgotten = self.images.purge(identifier).await;
        if let Some(bucket) = &self.shared.options.url_bucket {
            forgotten = forgotten.and(url::forget(bucket, identifier).await);
        }
        forgotten.map_err(|error| write_problem(&error))
    }

    /// Waits until nobody else writes this name.
    async fn turn(&self, name: &ImageName) -> MutexGuard<'_, ()> {
        let mut hash = DefaultHasher::new();
        name.stem().hash(&mut hash);
        let turn = hash.finish() as usize % WRITERS;
        self.shared.writers[turn].lock().await
    }
}

fn image_name(path: &str) -> Result<ImageName, Problem> {
    match Place::parse(path)? {
        Place::Image(name) => Ok(name),
        Place::Folder(_) => Err(Problem::bad_request(
            "the path names a folder; expected `/images/PATH`, with a name at its end",
        )),
    }
}
