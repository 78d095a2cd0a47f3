//! URLs of derivatives that the object store signs.

use axum::http::StatusCode;
use iiif_image_api::{DerivativeRequest, Identifier};
use iiif_storage::Bucket;
use serde_json::{Value, json};

use super::{Current, RepositoryOptions};
use crate::etag::EntityTag;
use crate::sources::Version;
use crate::{Problem, disposition};

/// Returns a URL with which anybody can fetch a derivative for a while.
///
/// It is that of a derivative, never of the image itself, which has metadata. One that was made before
/// for the same version of the image is not made again.
pub(super) async fn of(
    repository: &Current,
    version: Version,
    request: &DerivativeRequest,
) -> Result<String, Problem> {
    let options = &repository.shared.options;
    let bucket = options.url_bucket.as_ref().ok_or_else(unsupported)?;
    let name = disposition::name(&version.identifier, request.format);
    let digest = repository.tag(&version, request).digest();
    let key = format!("{}/{digest}/{name}", folder(&version.identifier));
    let signed = bucket.signed_url(&key, options.url_expiry).await;
    let signed = signed.map_err(|error| Problem::storage(&error))?;
    let url = signed.ok_or_else(unsupported)?;
    let exists = bucket.exists(&key).await;
    if !exists.map_err(|error| Problem::storage(&error))? {
        let bytes = repository.derive(version, request).await?;
        let media_type = request.format.media_type();
        let put = bucket.put(&key, bytes, media_type).await;
        put.map_err(|error| Problem::storage(&error))?;
    }
    Ok(url)
}

/// Removes the derivatives of an image, so that their URLs lead nowhere.
pub(super) async fn forget(bucket: &Bucket, identifier: &Identifier) -> iiif_storage::Result<()> {
    use futures::stream::TryStreamExt as _;

    let listed = bucket.list(&folder(identifier));
    listed
        .try_for_each(|found| async move { bucket.delete(&found.key).await })
        .await
}

pub(super) fn to_json(name: &str, url: &str, options: &RepositoryOptions) -> Value {
    json!({
        "name": name,
        "url": url,
        "expires_in_seconds": options.url_expiry.as_secs(),
    })
}

/// Returns the folder of the derivatives of an image, of which no other is a part, and which does not
/// tell its name.
fn folder(identifier: &Identifier) -> String {
    EntityTag::of(&["url", identifier.as_str()]).digest()
}

fn unsupported() -> Problem {
    let text = "no URLs are handed out here: there is no object store that signs them";
    Problem::new(StatusCode::NOT_IMPLEMENTED, text)
}
