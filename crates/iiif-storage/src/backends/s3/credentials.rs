//! From a [`CredentialSource`] to the keys of a client.

use std::path::PathBuf;

use aws_dsn::CredentialSource;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use super::profile::{self, ProfileKeys};
use crate::{Environment, StorageOpener};

/// What credentials need that are not had by asking for a role to be assumed.
pub(super) const ASSUMED_ROLES: &str = "credentials of an assumed role, which are not supported; \
     expected a profile, keys, or `iam:` in a process that has the role";

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
    #[error("{ASSUMED_ROLES}")]
    AssumedRole,
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
        matches!(self, Self::AssumedRole | Self::UnknownSource)
    }
}

type Applied = (AmazonS3Builder, Option<String>);

/// Gives the builder what `source` leads to, and returns the profile's region if it has one.
pub(super) fn apply(
    builder: AmazonS3Builder,
    source: &CredentialSource,
    opener: &StorageOpener,
) -> Result<Applied, CredentialsError> {
    let environment = opener.environment();
    match source {
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
            profile::read(profile, opener).map(|keys| with_profile(builder, keys))
        }
        CredentialSource::Role => default_chain(builder, opener),
        CredentialSource::AssumeRole(_) => Err(CredentialsError::AssumedRole),
        _ => Err(CredentialsError::UnknownSource),
    }
}

/// The default chain of the AWS SDKs: the environment, the profile `AWS_PROFILE` or `default`, a
/// web identity, the container's role, the instance's role. The last three are the builder's.
fn default_chain(
    builder: AmazonS3Builder,
    opener: &StorageOpener,
) -> Result<Applied, CredentialsError> {
    let environment = opener.environment();
    let mut builder = match from_environment(builder, environment) {
        Ok(builder) => return Ok((builder, None)),
        Err(builder) => *builder,
    };
    let named = environment.get("AWS_PROFILE");
    let profile = aws_dsn::Profile {
        name: named.unwrap_or("default").to_owned(),
        file: None,
    };
    match profile::read(&profile, opener) {
        Ok(keys) => return Ok(with_profile(builder, keys)),
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

fn with_profile(builder: AmazonS3Builder, keys: ProfileKeys) -> Applied {
    let token = keys.token.as_ref().map(aws_dsn::Secret::expose);
    let builder = with_keys(builder, &keys.key_id, keys.secret.expose(), token);
    (builder, keys.region)
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
