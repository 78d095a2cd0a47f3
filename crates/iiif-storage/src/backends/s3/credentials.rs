//! From a [`CredentialSource`] to the keys of a client.

use std::path::PathBuf;
use std::sync::Arc;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_dsn::{AssumedRole, CredentialSource, Profile, RetryConfig, SdkOptions};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use super::DEFAULT_REGION;
use super::profile::{self, Found};
use super::provider::{ForSdk, FromSdk};
use crate::{Environment, StorageOpener};

/// Why no credentials could be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialsError {
    #[error(
        "the environment has no credentials; expected the variables `AWS_ACCESS_KEY_ID` and \
         `AWS_SECRET_ACCESS_KEY`"
    )]
    NotInEnvironment,
    #[error(
        "no home folder to look for `.aws/credentials` in; expected the variable `HOME` or \
         `AWS_SHARED_CREDENTIALS_FILE`"
    )]
    NoHome,
    #[error("cannot read the credentials file `{}`", file.display())]
    Read {
        file: PathBuf,
        source: std::io::Error,
    },
    #[error("no profile `{profile}` in `{}`", file.display())]
    NoProfile { profile: String, file: PathBuf },
    #[error(
        "profile `{profile}` in `{}` has no keys; expected `aws_access_key_id` and \
         `aws_secret_access_key`",
        file.display()
    )]
    NoKeys { profile: String, file: PathBuf },
    #[error("{}", Profile::HIDDEN)]
    HiddenProfile,
    #[error("cannot ask for a role with these credentials")]
    Base { source: object_store::Error },
    #[error("keys of a source that is not known")]
    UnknownSource,
    #[error(
        "no credentials in the environment or the default profile, and \
         `AWS_EC2_METADATA_DISABLED` forbids to ask the machine"
    )]
    MetadataDisabled,
}

impl CredentialsError {
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self, Self::UnknownSource)
    }
}

type Applied = (AmazonS3Builder, Option<String>);

/// Which credentials a bucket is opened with.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) source: CredentialSource,
    /// Who asks for the role, where the source is one.
    pub(super) base: CredentialSource,
    /// The region, where the URI or the environment names one.
    pub(super) region: Option<&'a str>,
}

/// Gives the builder what is wanted, and returns the profile's region if it has one.
///
/// Keys are given as they are. The SDK is asked where somebody else has to be: for roles, for
/// profiles with single sign-on or a process. It then finds its files by the opener's environment;
/// what a profile's `credential_source` says is looked for in that of the process.
pub(super) fn apply(
    builder: AmazonS3Builder,
    wanted: &Wanted<'_>,
    opener: &StorageOpener,
) -> Result<Applied, CredentialsError> {
    let environment = opener.environment();
    match &wanted.source {
        CredentialSource::Anonymous => Ok((builder.with_skip_signature(true), None)),
        CredentialSource::Static(keys) => {
            let token = keys.token.as_ref().map(aws_dsn::Secret::expose);
            let builder = with_keys(builder, &keys.key_id, keys.secret.expose(), token);
            Ok((builder, None))
        }
        CredentialSource::Environment => from_environment(builder, environment)
            .map(|builder| (builder, None))
            .map_err(|_unchanged| CredentialsError::NotInEnvironment),
        CredentialSource::Profile(profile) => {
            let found = profile::read(profile, opener)?;
            Ok(with_profile(builder, found, wanted.region, opener))
        }
        CredentialSource::Role => default_chain(builder, wanted.region, opener),
        CredentialSource::AssumeRole(role) => assumed(builder, role, &wanted.base, opener),
        _ => Err(CredentialsError::UnknownSource),
    }
}

fn assumed(
    builder: AmazonS3Builder,
    role: &AssumedRole,
    base: &CredentialSource,
    opener: &StorageOpener,
) -> Result<Applied, CredentialsError> {
    let wanted = Wanted {
        source: base.clone(),
        base: CredentialSource::Role,
        region: Some(&role.region),
    };
    let (chain, region) = apply(builder.clone(), &wanted, opener)?;
    let chain = chain
        .with_region(&role.region)
        .with_retry(opener.retry().to_config())
        .build()
        .map_err(|source| CredentialsError::Base { source })?;
    let base = ForSdk(Arc::clone(chain.credentials()));
    let options = sdk_options(opener).with_default_chain(SharedCredentialsProvider::new(base));
    let source = CredentialSource::AssumeRole(role.clone());
    Ok((with_sdk(builder, &source, &role.region, &options), region))
}

/// The default chain of the AWS SDKs: the environment, the profile `AWS_PROFILE` or `default`, a
/// web identity, the container's role, the instance's role. The last three are the builder's.
fn default_chain(
    builder: AmazonS3Builder,
    region: Option<&str>,
    opener: &StorageOpener,
) -> Result<Applied, CredentialsError> {
    let environment = opener.environment();
    let mut builder = match from_environment(builder, environment) {
        Ok(builder) => return Ok((builder, None)),
        Err(builder) => *builder,
    };
    let named = environment.get("AWS_PROFILE");
    let profile = Profile {
        name: named.unwrap_or("default").to_owned(),
        file: None,
    };
    match profile::read(&profile, opener) {
        Ok(found) => return Ok(with_profile(builder, found, region, opener)),
        Err(error) if named.is_some() => return Err(error),
        // The default profile need not exist.
        Err(_) => {}
    }
    let mut is_elsewhere = false;
    for name in [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_ROLE_SESSION_NAME",
        "AWS_ENDPOINT_URL_STS",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ] {
        let key: Result<AmazonS3ConfigKey, _> = name.to_ascii_lowercase().parse();
        if let (Some(value), Ok(key)) = (environment.get(name), key) {
            is_elsewhere |= name.contains("TOKEN_FILE") || name.ends_with("RELATIVE_URI");
            builder = builder.with_config(key, value);
        }
    }
    if let Some(endpoint) = environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") {
        builder = builder.with_metadata_endpoint(endpoint);
    }
    let is_disabled = environment
        .get("AWS_EC2_METADATA_DISABLED")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if is_disabled && !is_elsewhere {
        return Err(CredentialsError::MetadataDisabled);
    }
    Ok((builder, None))
}

/// Gives the builder back where the environment has no keys.
fn from_environment(
    builder: AmazonS3Builder,
    environment: &Environment,
) -> Result<AmazonS3Builder, Box<AmazonS3Builder>> {
    match (
        environment.get("AWS_ACCESS_KEY_ID"),
        environment.get("AWS_SECRET_ACCESS_KEY"),
    ) {
        (Some(key_id), Some(secret)) => Ok(with_keys(
            builder,
            key_id,
            secret,
            environment.get("AWS_SESSION_TOKEN"),
        )),
        _ => Err(Box::new(builder)),
    }
}

fn with_profile(
    builder: AmazonS3Builder,
    found: Found,
    region: Option<&str>,
    opener: &StorageOpener,
) -> Applied {
    match found {
        Found::Keys(keys) => {
            let token = keys.token.as_ref().map(aws_dsn::Secret::expose);
            let builder = with_keys(builder, &keys.key_id, keys.secret.expose(), token);
            (builder, keys.region)
        }
        Found::Elsewhere(found) => {
            let region = region.or(found.region.as_deref()).unwrap_or(DEFAULT_REGION);
            let options = sdk_options(opener).with_profile_files(found.files);
            let source = CredentialSource::Profile(found.profile);
            (with_sdk(builder, &source, region, &options), found.region)
        }
    }
}

fn with_sdk(
    builder: AmazonS3Builder,
    source: &CredentialSource,
    region: &str,
    options: &SdkOptions,
) -> AmazonS3Builder {
    match source.provider(region, options) {
        Some(provider) => builder.with_credentials(Arc::new(FromSdk(provider))),
        None => builder.with_skip_signature(true),
    }
}

fn sdk_options(opener: &StorageOpener) -> SdkOptions {
    let (retry, environment) = (opener.retry(), opener.environment());
    let attempts = u32::try_from(retry.max_retries).unwrap_or(u32::MAX);
    let options = SdkOptions::default().with_retry(
        RetryConfig::standard()
            .with_max_attempts(attempts.saturating_add(1))
            .with_initial_backoff(retry.initial_backoff)
            .with_max_backoff(retry.max_backoff),
    );
    let endpoint = environment
        .get("AWS_ENDPOINT_URL_STS")
        .or_else(|| environment.get("AWS_ENDPOINT_URL"));
    match endpoint {
        Some(url) => options.with_sts_endpoint(url),
        None => options,
    }
}

fn with_keys(
    builder: AmazonS3Builder,
    key_id: &str,
    secret: &str,
    token: Option<&str>,
) -> AmazonS3Builder {
    let builder = builder
        .with_access_key_id(key_id)
        .with_secret_access_key(secret);
    match token {
        Some(token) => builder.with_token(token),
        None => builder,
    }
}
