//! From the strings to what the AWS SDK is built of.

mod error;
mod files;
mod http;
mod kept;
mod options;
mod provider;

pub use aws_config::SdkConfig;
pub use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region};

pub use self::error::{ResolveCredentialsError, ResolveErrorKind};
pub use self::options::{ProfileFiles, SdkOptions};
pub use self::provider::CredentialsProvider;
use crate::{AwsDsn, CredentialSource};

impl AwsDsn {
    /// Returns the configuration that SDK clients are made of: region, endpoint and credentials.
    ///
    /// No request is sent; wrong credentials show at the first call, and
    /// [`resolved_sdk_config`](Self::resolved_sdk_config) shows them now. What the DSN says nothing
    /// about comes from the environment and the profiles of the process, as for all AWS tools.
    ///
    /// With `anon:` there is no provider of credentials, so a client must be built with
    /// `allow_no_auth`.
    pub async fn sdk_config(&self, options: &SdkOptions) -> SdkConfig {
        self.load(self.credentials.provider(&self.region, options), options)
            .await
    }

    /// Returns the configuration as [`sdk_config`](Self::sdk_config) does, with credentials that
    /// have been got.
    ///
    /// The first call with the configuration uses them; they are not asked for twice.
    ///
    /// # Errors
    ///
    /// [`ResolveCredentialsError`] if there are none; its causes say what was tried.
    pub async fn resolved_sdk_config(
        &self,
        options: &SdkOptions,
    ) -> Result<SdkConfig, ResolveCredentialsError> {
        let provider = self.credentials.provider(&self.region, options);
        if let Some(provider) = &provider {
            provider.resolve().await?;
        }
        Ok(self.load(provider, options).await)
    }

    async fn load(&self, provider: Option<CredentialsProvider>, options: &SdkOptions) -> SdkConfig {
        let mut loader = aws_config::defaults(behavior_version())
            .region(Region::new(self.region.clone()))
            .http_client(http::client())
            .retry_config(options.retry.clone());
        loader = match provider {
            Some(provider) => loader.credentials_provider(provider),
            None => loader.no_credentials(),
        };
        if let Some(endpoint) = &self.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        loader.load().await
    }
}

impl CredentialSource {
    /// Returns a provider of these credentials; none for [`Anonymous`](Self::Anonymous).
    ///
    /// Nothing is read and no request is sent before credentials are asked for. `region` is where
    /// profiles that name a role have it assumed; [`AssumeRole`](Self::AssumeRole) names its own.
    #[must_use]
    pub fn provider(&self, region: &str, options: &SdkOptions) -> Option<CredentialsProvider> {
        match self {
            Self::Anonymous => None,
            source => Some(CredentialsProvider::new(
                source.clone(),
                Region::new(region.to_owned()),
                options.clone(),
            )),
        }
    }
}

/// The newest defaults of the SDK, by name, so that they change when this line does.
fn behavior_version() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}
