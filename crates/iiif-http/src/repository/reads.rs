//! Listings, images, their metadata and their URLs: one or several.

use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderValue, StatusCode, request};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures::stream::{self, StreamExt as _};
use iiif_image_api::{DerivativeRequest, JSON_MEDIA_TYPE};
use serde_json::{Value, json};

use super::name::{ImageName, Place, encoded, shown};
use super::query::{Form, Page, Query};
use super::{Current, ServedMetadata, archive, catalog, metadata, url};
use crate::etag::{EntityTag, is_unmodified};
use crate::sources::Version;
use crate::{Problem, disposition};

/// Images of one answer that are made at the same time.
const MADE_AHEAD: usize = 2;

const ZIP_MEDIA_TYPE: &str = "application/zip";

impl Current {
    pub(super) async fn get(self: Arc<Self>, head: &request::Parts) -> Result<Response, Problem> {
        let query = Query::parse(&head.uri, &self.shared.options)?;
        match Place::parse(head.uri.path())? {
            // An expression chooses names of all, and images of a folder.
            Place::Folder(folder)
                if query.is_of_images || (query.regex.is_some() && !folder.is_empty()) =>
            {
                self.several(head, &folder, &query).await
            }
            Place::Folder(folder) => self.listing(head, &folder, &query).await,
            // A folder may be named without its slash.
            Place::Image(name) if query.regex.is_some() => {
                self.several(head, name.asked_key(), &query).await
            }
            Place::Image(name) => self.one(head, &name, &query).await,
        }
    }

    async fn listing(
        &self,
        head: &request::Parts,
        folder: &str,
        query: &Query,
    ) -> Result<Response, Problem> {
        let (bucket, regex) = (self.images.bucket(), query.regex.as_ref());
        let page = catalog::list(bucket, folder, regex, &query.page).await?;
        let mut headers = HeaderMap::new();
        if let (true, Some(last)) = (page.is_cut, page.names.last()) {
            insert_next(&mut headers, head, last.asked_key());
        }
        let names: Vec<&str> = page.names.iter().map(ImageName::asked_key).collect();
        Ok((headers, to_json(&json!(names))).into_response())
    }

    /// Answers with one image, in the form that is asked for.
    async fn one(
        &self,
        head: &request::Parts,
        name: &ImageName,
        query: &Query,
    ) -> Result<Response, Problem> {
        if query.form != Form::Image {
            return Ok(to_json(&self.told(name, query).await?));
        }
        let request = query.rendering.request(&self.shared.options)?;
        match self.image(head, name, &request).await {
            // What was looked at some time ago is looked at again, once.
            Err(problem) if problem.is_stale => {
                catalog::forget(&self.images.sources, name).await;
                self.image(head, name, &request).await
            }
            answer => answer,
        }
    }

    async fn image(
        &self,
        head: &request::Parts,
        name: &ImageName,
        request: &DerivativeRequest,
    ) -> Result<Response, Problem> {
        let version = catalog::find(&self.images.sources, name).await?;
        let tag = self.tag(&version, request);
        let mut headers = self.images.cached(&tag, &version);
        if is_unmodified(&head.headers, &tag, self.images.modified(&version)) {
            return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
        }
        let file = disposition::name(&version.identifier, request.format);
        let bytes = self.derive(version, request).await?;
        let inline = HeaderValue::try_from(format!("inline; filename=\"{file}\""));
        headers.insert(
            CONTENT_DISPOSITION,
            inline.map_err(|_no_header| Problem::internal())?,
        );
        let media_type = HeaderValue::from_static(request.format.media_type());
        headers.insert(CONTENT_TYPE, media_type);
        Ok((headers, Body::from(bytes)).into_response())
    }

    /// Answers with all images of a folder that match: one by itself, several as a zip or a list.
    async fn several(
        self: Arc<Self>,
        head: &request::Parts,
        folder: &str,
        query: &Query,
    ) -> Result<Response, Problem> {
        let page = Page {
            after: query.page.after.clone(),
            limit: self.shared.options.max_images,
        };
        let (bucket, regex) = (self.images.bucket(), query.regex.as_ref());
        let found = catalog::list(bucket, folder, regex, &page).await?;
        if found.is_cut {
            return Err(too_many(self.shared.options.max_images));
        }
        match &found.names[..] {
            [] => Err(catalog::no_such_image()),
            [name] => self.one(head, name, query).await,
            _ if query.form == Form::Image => self.zip(found.names, query),
            _ => {
                let told = stream::iter(found.names).map(|name| {
                    let (inner, query) = (Arc::clone(&self), query.clone());
                    async move {
                        let told = inner.told(&name, &query).await;
                        told.unwrap_or_else(
                            |problem| json!({ "name": name.asked_key(), "error": problem.text() }),
                        )
                    }
                });
                let told: Vec<Value> = told.buffered(MADE_AHEAD).collect().await;
                Ok(to_json(&told.into()))
            }
        }
    }

    fn zip(self: Arc<Self>, names: Vec<ImageName>, query: &Query) -> Result<Response, Problem> {
        let request = query.rendering.request(&self.shared.options)?;
        let kind = query.rendering.kind;
        let entries = stream::iter(names).map(move |name| {
            let inner = Arc::clone(&self);
            async move {
                let made = inner.derive_named(&name, &request).await;
                (format!("{}.{kind}", name.asked_key()), made)
            }
        });
        let body = archive::body(entries.buffered(MADE_AHEAD).boxed());
        let headers = [
            (CONTENT_TYPE, ZIP_MEDIA_TYPE),
            (CONTENT_DISPOSITION, "attachment; filename=\"images.zip\""),
        ];
        Ok((headers, body).into_response())
    }

    async fn derive_named(
        &self,
        name: &ImageName,
        request: &DerivativeRequest,
    ) -> Result<Bytes, Problem> {
        let sources = &self.images.sources;
        let version = catalog::find(sources, name).await?;
        match self.derive(version, request).await {
            Err(problem) if problem.is_stale => {
                catalog::forget(sources, name).await;
                let version = catalog::find(sources, name).await?;
                self.derive(version, request).await
            }
            made => made,
        }
    }

    /// Returns what is served of an image: without metadata, unless options allow some.
    pub(super) async fn derive(
        &self,
        version: Version,
        request: &DerivativeRequest,
    ) -> Result<Bytes, Problem> {
        let derivative = self.images.derive(version.clone(), request).await?;
        match self.shared.options.served_metadata {
            ServedMetadata::Stripped => Ok(derivative),
            ServedMetadata::Allowed => {
                metadata::carried(&self.images, version, derivative, &self.shared.options).await
            }
        }
    }

    /// Returns the tag of what [`derive`](Self::derive) makes.
    pub(super) fn tag(&self, version: &Version, request: &DerivativeRequest) -> EntityTag {
        let mut parts = request.to_string();
        if self.shared.options.served_metadata == ServedMetadata::Allowed {
            parts.push(' ');
            parts.push_str(&self.shared.options.metadata_tags.join(","));
        }
        self.images.tag(version, &parts)
    }

    /// Returns the metadata of an image, or its URL.
    async fn told(&self, name: &ImageName, query: &Query) -> Result<Value, Problem> {
        let sources = &self.images.sources;
        match self
            .told_of(catalog::find(sources, name).await?, query)
            .await
        {
            Err(problem) if problem.is_stale => {
                catalog::forget(sources, name).await;
                self.told_of(catalog::find(sources, name).await?, query)
                    .await
            }
            told => told,
        }
    }

    async fn told_of(&self, version: Version, query: &Query) -> Result<Value, Problem> {
        let (images, options) = (&self.images, &self.shared.options);
        let name = shown(catalog::key(&version)).unwrap_or_default();
        if query.form == Form::Metadata {
            return metadata::of(images, version, &name, options).await;
        }
        let request = query.rendering.request(options)?;
        let url = url::of(self, version, &request).await?;
        Ok(url::to_json(&name, &url, options))
    }
}

fn to_json(value: &Value) -> Response {
    ([(CONTENT_TYPE, JSON_MEDIA_TYPE)], value.to_string()).into_response()
}

/// Tells the next page (RFC 8288), by a query that stands for that of the request.
fn insert_next(headers: &mut HeaderMap, head: &request::Parts, last: &str) {
    let query = head.uri.query().unwrap_or("");
    let kept = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("after="));
    let mut pairs: Vec<&str> = kept.collect();
    let after = format!("after={}", encoded(last));
    pairs.push(&after);
    let link = format!("<?{}>;rel=\"next\"", pairs.join("&"));
    if let Ok(link) = HeaderValue::try_from(link) {
        headers.insert(LINK, link);
    }
}

fn too_many(most: NonZeroUsize) -> Problem {
    let text = format!("more than {most} images match; expected a narrower `regex` or folder");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text)
}
