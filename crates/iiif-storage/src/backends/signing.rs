//! Signing URLs.

use std::sync::Arc;

use object_store::signer::{Method, Signer};

use crate::bucket::UrlSigner;

/// Whether a setting of a builder is on, in any of the ways in which it can be written.
pub(super) fn is_true(value: Option<String>) -> bool {
    let value = value.unwrap_or_default().to_ascii_lowercase();
    ["1", "on", "true", "y", "yes"].contains(&value.as_str())
}

/// Returns what signs URLs for a store.
pub(super) fn signer(store: &Arc<impl Signer>) -> UrlSigner {
    let store = Arc::clone(store);
    Arc::new(move |path, expires_in| {
        let store = Arc::clone(&store);
        Box::pin(async move {
            let url = store.signed_url(Method::GET, &path, expires_in).await?;
            Ok(url.into())
        })
    })
}
