//! Between the credentials of the AWS SDK and those of `object_store`.

use std::sync::Arc;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_dsn::CredentialsProvider;
use object_store::aws::{AwsCredential, AwsCredentialProvider};
use object_store::{CredentialProvider, Error};

/// Gives a bucket the credentials of the SDK.
#[derive(Debug)]
pub(super) struct FromSdk(pub(super) CredentialsProvider);

#[async_trait]
impl CredentialProvider for FromSdk {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        // `Context::store` finds the cause again, and knows what to say.
        let credentials = self.0.resolve().await.map_err(|error| Error::Generic {
            store: "S3",
            source: error.into(),
        })?;
        Ok(Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        }))
    }
}

/// Gives the SDK the credentials of a bucket, which `object_store` keeps and refreshes.
#[derive(Debug)]
pub(super) struct ForSdk(pub(super) AwsCredentialProvider);

impl ProvideCredentials for ForSdk {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let credential = self.0.get_credential().await.map_err(|error| match error {
                Error::Generic { source, .. } => CredentialsError::provider_error(source),
                error => CredentialsError::provider_error(error),
            })?;
            Ok(Credentials::new(
                &credential.key_id,
                &credential.secret_key,
                credential.token.clone(),
                None,
                "object_store",
            ))
        })
    }
}
