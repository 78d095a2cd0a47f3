//! Azure Blob Storage.

use std::sync::Arc;

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};

use super::signing::{is_true, signer};
use crate::bucket::{Access, Store};
use crate::uri::BucketUri;
use crate::{Result, StorageOpener};

/// The account is `account` or, as gocloud has it, `storage_account`, else
/// `AZURE_STORAGE_ACCOUNT`; credentials are what the variables `AZURE_...` say.
pub(crate) fn open_azure(uri: &BucketUri, opener: &StorageOpener) -> Result<Store> {
    uri.check_params(&["account", "anonymous", "endpoint", "storage_account"])?;
    let (container, environment) = (uri.bucket_name()?, opener.environment());
    let endpoint = uri.url_param("endpoint")?;
    let account = uri
        .param("account")
        .or_else(|| uri.param("storage_account"))
        .or_else(|| environment.get("AZURE_STORAGE_ACCOUNT_NAME"))
        .or_else(|| environment.get("AZURE_STORAGE_ACCOUNT"))
        .ok_or_else(|| {
            uri.invalid(
                "names no storage account; expected `account=` or the variable \
                 `AZURE_STORAGE_ACCOUNT`"
                    .to_owned(),
            )
        })?;
    let mut builder = MicrosoftAzureBuilder::new()
        .with_retry(opener.retry().to_config())
        .with_client_options(opener.retry().client_options(endpoint));
    for (name, value) in environment.starting_with("AZURE_") {
        // gocloud's name for the key.
        let name = match name {
            "AZURE_STORAGE_KEY" => "azure_storage_account_key".to_owned(),
            name => name.to_ascii_lowercase(),
        };
        if let Ok(key) = name.parse::<AzureConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    builder = builder.with_account(account).with_container_name(container);
    if uri.switch("anonymous", false)? {
        builder = builder.with_skip_signature(true);
    }
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint.to_owned());
    }
    // A URL that is signed cannot sign others.
    let only_signed_url = builder.get_config_value(&AzureConfigKey::SasKey).is_some()
        && builder
            .get_config_value(&AzureConfigKey::AccessKey)
            .is_none();
    let can_sign =
        !only_signed_url && !is_true(builder.get_config_value(&AzureConfigKey::SkipSignature));
    let store = builder.build().map_err(|error| uri.cannot_open(error))?;
    let identity = format!("az {} {account} {container}", endpoint.unwrap_or_default());
    let store = Arc::new(store);
    let signer = can_sign.then(|| signer(&store));
    Ok(Store::new(store, Some(&identity), Access::ReadWrite).with_signer(signer))
}
