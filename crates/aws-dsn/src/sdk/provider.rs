//! From a [`CredentialSource`] to credentials.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result, SharedCredentialsProvider, future,
};
use tokio::sync::Mutex;

use super::kept::Kept;
use super::{ResolveCredentialsError, SdkOptions, behavior_version, files, http};
use crate::{AssumedRole, CredentialSource, Profile, Secret, StaticKeys};

/// What the sessions of assumed roles are called, before the time in seconds.
const SESSION_PREFIX: &str = "iiif";

/// A provider of the credentials of a [`CredentialSource`], for SDK clients and for others.
///
/// Credentials are kept, and got anew five minutes before they expire; if that fails, they are used
/// as long as they work. A clone is another handle to the same credentials.
#[derive(Clone, Debug)]
pub struct CredentialsProvider(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: CredentialSource,
    region: Region,
    options: SdkOptions,
    kept: Mutex<Option<Kept>>,
}

impl CredentialsProvider {
    pub(super) fn new(source: CredentialSource, region: Region, options: SdkOptions) -> Self {
        Self(Arc::new(Shared {
            source,
            region,
            options,
            kept: Mutex::new(None),
        }))
    }

    /// Returns the credentials, which are got if none are kept.
    ///
    /// # Errors
    ///
    /// [`ResolveCredentialsError`] if there are none; its causes say what was tried.
    pub async fn resolve(&self) -> std::result::Result<Credentials, ResolveCredentialsError> {
        // Those who come while credentials are got wait here, and ask nobody.
        let mut slot = self.0.kept.lock().await;
        if let Some(kept) = slot.as_ref().filter(|kept| !kept.is_due(SystemTime::now())) {
            return kept.resolved.clone();
        }
        let resolved = (self.0.get().await)
            .map_err(|error| ResolveCredentialsError::new(&self.0.source, &error));
        let now = SystemTime::now();
        let kept = match slot.take() {
            Some(kept) => kept.renewed(resolved, now),
            None => Kept::new(resolved, now),
        };
        slot.insert(kept).resolved.clone()
    }
}

impl ProvideCredentials for CredentialsProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.resolve()
                .await
                .map_err(CredentialsError::provider_error)
        })
    }
}

impl Shared {
    /// Providers of the SDK are made for each time: some of them never recover from a failure.
    async fn get(&self) -> Result {
        match &self.source {
            CredentialSource::Role => self.default_chain().await,
            CredentialSource::Environment => environment().await,
            CredentialSource::Profile(profile) => self.profile(profile).await,
            CredentialSource::Static(keys) => Ok(fixed(keys)),
            CredentialSource::AssumeRole(role) => self.assumed(role).await,
            CredentialSource::Anonymous => Err(CredentialsError::not_loaded_no_source()),
        }
    }

    async fn default_chain(&self) -> Result {
        match &self.options.default_chain {
            Some(provider) => provider.provide_credentials().await,
            None => self.sdk_chain().await.provide_credentials().await,
        }
    }

    async fn sdk_chain(&self) -> DefaultCredentialsChain {
        DefaultCredentialsChain::builder()
            .region(self.region.clone())
            .configure(self.provider_config())
            .build()
            .await
    }

    async fn profile(&self, profile: &Profile) -> Result {
        let mut builder = ProfileFileCredentialsProvider::builder()
            .configure(&self.provider_config())
            .profile_name(&profile.name);
        if let Some(files) = files::of(profile, self.options.profile_files.as_ref())? {
            builder = builder.profile_files(files);
        }
        let credentials = builder.build().provide_credentials().await;
        credentials.map_err(|error| match error {
            CredentialsError::CredentialsNotLoaded(_)
                if std::error::Error::source(&error).is_none() =>
            {
                CredentialsError::not_loaded(format!(
                    "profile `{}` is missing, or has no keys and names nothing that has; expected \
                     `aws_access_key_id` and `aws_secret_access_key`",
                    profile.name
                ))
            }
            error => error,
        })
    }

    async fn assumed(&self, role: &AssumedRole) -> Result {
        let base = match &self.options.default_chain {
            Some(provider) => provider.clone(),
            None => SharedCredentialsProvider::new(self.sdk_chain().await),
        };
        let mut loader = aws_config::defaults(behavior_version())
            .region(Region::new(role.region.clone()))
            .http_client(http::client())
            .retry_config(self.options.retry.clone())
            .credentials_provider(base);
        if let Some(endpoint) = &self.options.sts_endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.unwrap_or_default().as_secs();
        AssumeRoleProvider::builder(&role.arn)
            .configure(&loader.load().await)
            .session_name(format!("{SESSION_PREFIX}-{seconds}"))
            .build()
            .await
            .provide_credentials()
            .await
    }

    fn provider_config(&self) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_region(Some(self.region.clone()))
            .with_behavior_version(Some(behavior_version()))
            .with_http_client(http::client())
            .with_retry_config(self.options.retry.clone())
    }
}

/// The SDK's message does not name the variables.
async fn environment() -> Result {
    let provider = EnvironmentVariableCredentialsProvider::new();
    provider
        .provide_credentials()
        .await
        .map_err(|error| match error {
            CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(
                "the environment has none; expected the variables `AWS_ACCESS_KEY_ID` and \
             `AWS_SECRET_ACCESS_KEY`",
            ),
            error => error,
        })
}

fn fixed(keys: &StaticKeys) -> Credentials {
    Credentials::new(
        &keys.key_id,
        keys.secret.expose(),
        keys.token.as_ref().map(Secret::expose).map(str::to_owned),
        None,
        "static",
    )
}
