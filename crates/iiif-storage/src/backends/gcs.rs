//! Google Cloud Storage.

use std::sync::Arc;

use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};

use super::signing::{is_true, signer};
use crate::bucket::{Access, Store};
use crate::uri::BucketUri;
use crate::{Result, StorageOpener};

/// Credentials are the service account at `private_key_path`, else what the variables `GOOGLE_...`
/// say, else those of the machine.
pub(crate) fn open_gcs(uri: &BucketUri, opener: &StorageOpener) -> Result<Store> {
    uri.check_params(&["anonymous", "endpoint", "private_key_path"])?;
    let bucket = uri.bucket_name()?;
    let endpoint = uri.url_param("endpoint")?;
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_retry(opener.retry().to_config())
        .with_client_options(opener.retry().client_options(endpoint));
    for (name, value) in opener.environment().starting_with("GOOGLE_") {
        if let Ok(key) = name.to_ascii_lowercase().parse::<GoogleConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    builder = builder.with_bucket_name(bucket);
    if uri.switch("anonymous", false)? {
        builder = builder.with_skip_signature(true);
    }
    if let Some(path) = uri.param("private_key_path") {
        builder = builder.with_service_account_path(path);
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_base_url(endpoint);
    }
    let can_sign = !is_true(builder.get_config_value(&GoogleConfigKey::SkipSignature));
    let store = builder.build().map_err(|error| uri.cannot_open(error))?;
    let identity = format!("gs {} {bucket}", endpoint.unwrap_or_default());
    let store = Arc::new(store);
    let signer = can_sign.then(|| signer(&store));
    Ok(Store::new(store, Some(&identity), Access::ReadWrite).with_signer(signer))
}
