//! Which files a profile is read from.

use std::fs;
use std::path::{Path, PathBuf};

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::{EnvConfigFileKind as Kind, EnvConfigFiles};

use super::ProfileFiles;
use crate::Profile;

/// A path of the profile's own is the only file; none means what the SDK does by itself.
pub(super) fn of(
    profile: &Profile,
    shared: Option<&ProfileFiles>,
) -> Result<Option<EnvConfigFiles>, CredentialsError> {
    match (&profile.file, shared) {
        (Some(path), _) => own(&expand_home(path)).map(Some),
        (None, Some(files)) => Ok(both(files)),
        (None, None) => Ok(None),
    }
}

fn own(path: &Path) -> Result<EnvConfigFiles, CredentialsError> {
    let text = fs::read_to_string(path).map_err(|error| {
        CredentialsError::invalid_configuration(format!(
            "cannot read `{}`: {error}",
            path.display()
        ))
    })?;
    let kind = kind(&text);
    Ok(EnvConfigFiles::builder().with_contents(kind, text).build())
}

/// A credentials file has sections `[NAME]`, a config file `[profile NAME]` and `[sso-session NAME]`.
fn kind(text: &str) -> Kind {
    let is_config = text.lines().any(|line| {
        line.strip_prefix('[')
            .and_then(|title| title.split_whitespace().next())
            .is_some_and(|word| ["profile", "sso-session", "services"].contains(&word))
    });
    if is_config {
        Kind::Config
    } else {
        Kind::Credentials
    }
}

/// None of both is none, which the SDK would panic at.
fn both(files: &ProfileFiles) -> Option<EnvConfigFiles> {
    let mut builder = EnvConfigFiles::builder();
    for (kind, path) in [
        (Kind::Config, &files.config),
        (Kind::Credentials, &files.credentials),
    ] {
        if let Some(path) = path {
            builder = builder.with_file(kind, path);
        }
    }
    (files != &ProfileFiles::default()).then(|| builder.build())
}

fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
