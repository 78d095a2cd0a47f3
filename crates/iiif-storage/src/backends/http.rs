//! Web servers, read-only.

use std::sync::Arc;

use object_store::http::HttpBuilder;

use crate::bucket::{Access, Store};
use crate::uri::BucketUri;
use crate::{Result, StorageOpener};

pub(crate) fn open_http(uri: &BucketUri, opener: &StorageOpener) -> Result<Store> {
    uri.check_params(&[])?;
    if uri.place.contains('@') {
        return Err(uri.invalid("has a user or password in it; expected none".to_owned()));
    }
    let url = format!("{}://{}", uri.scheme, uri.place.trim_end_matches('/'));
    let store = HttpBuilder::new()
        .with_url(&url)
        .with_retry(opener.retry().to_config())
        .with_client_options(opener.retry().client_options(Some(&url)))
        .build()
        .map_err(|error| uri.cannot_open(error))?;
    Ok(Store::new(Arc::new(store), Some(&url), Access::ReadOnly))
}
