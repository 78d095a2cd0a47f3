//! Profiles of shared credentials and config files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aws_dsn::{Profile, ProfileFiles, Secret};

use super::credentials::CredentialsError;
use crate::{Environment, StorageOpener};

/// What a profile leads to.
#[derive(Debug)]
pub(super) enum Found {
    /// Keys that it holds.
    Keys(ProfileKeys),
    /// Credentials that the SDK has to ask somebody for.
    Elsewhere(Elsewhere),
}

/// The keys of a profile.
#[derive(Debug)]
pub(super) struct ProfileKeys {
    pub(super) key_id: String,
    pub(super) secret: Secret,
    pub(super) token: Option<Secret>,
    pub(super) region: Option<String>,
}

/// A profile for the SDK.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) profile: Profile,
    pub(super) files: ProfileFiles,
    pub(super) region: Option<String>,
}

/// Settings that go before keys, as in the SDK.
const ELSEWHERE: [&str; 6] = [
    "role_arn",
    "credential_source",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "credential_process",
];

/// Reads a profile from its file, which is the only one, else from `AWS_SHARED_CREDENTIALS_FILE` or
/// `~/.aws/credentials` together with `AWS_CONFIG_FILE` or `~/.aws/config`.
pub(super) fn read(profile: &Profile, opener: &StorageOpener) -> Result<Found, CredentialsError> {
    let (file, config) = files(profile, opener)?;
    let text = fs::read_to_string(&file);
    let config_text = match &config {
        Some(config) => fs::read_to_string(config).ok(),
        None => text.as_ref().ok().cloned(),
    };
    let mut settings = config_text
        .as_deref()
        .and_then(|text| section(text, &config_title(&profile.name)));
    if let Some(own) = (text.as_deref().ok()).and_then(|text| section(text, &profile.name)) {
        settings.get_or_insert_default().extend(own);
    }
    let Some(mut settings) = settings else {
        return Err(match text {
            _ if profile.may_be_keys() => CredentialsError::HiddenProfile,
            Err(source) => CredentialsError::Read { file, source },
            Ok(_) => CredentialsError::NoProfile {
                profile: profile.name.clone(),
                file,
            },
        });
    };
    let region = settings.remove("region");
    if ELSEWHERE.iter().any(|name| settings.contains_key(*name)) {
        return Ok(Found::Elsewhere(Elsewhere {
            profile: Profile {
                name: profile.name.clone(),
                file: profile.file.as_ref().map(|_| file.clone()),
            },
            files: ProfileFiles {
                credentials: text.is_ok().then_some(file),
                config: config.filter(|_| config_text.is_some()),
            },
            region,
        }));
    }
    match (
        settings.remove("aws_access_key_id"),
        settings.remove("aws_secret_access_key"),
    ) {
        (Some(key_id), Some(secret)) => Ok(Found::Keys(ProfileKeys {
            key_id,
            secret: secret.into(),
            token: settings.remove("aws_session_token").map(Secret::from),
            region,
        })),
        _ if profile.may_be_keys() => Err(CredentialsError::HiddenProfile),
        _ => Err(CredentialsError::NoKeys {
            profile: profile.name.clone(),
            file,
        }),
    }
}

/// Returns the credentials file, and the config file unless the profile has a file of its own.
fn files(
    profile: &Profile,
    opener: &StorageOpener,
) -> Result<(PathBuf, Option<PathBuf>), CredentialsError> {
    let environment = opener.environment();
    let absolute = |file: PathBuf| opener.absolute(&file).unwrap_or(file);
    match &profile.file {
        Some(file) => Ok((absolute(expand_home(file, environment)), None)),
        None => Ok((
            aws_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
                .map(absolute)
                .ok_or(CredentialsError::NoHome)?,
            aws_file(environment, "AWS_CONFIG_FILE", "config").map(absolute),
        )),
    }
}

fn config_title(name: &str) -> String {
    match name {
        "default" => "default".to_owned(),
        name => format!("profile {name}"),
    }
}

fn aws_file(environment: &Environment, variable: &str, name: &str) -> Option<PathBuf> {
    match environment.get(variable) {
        Some(file) => Some(expand_home(Path::new(file), environment)),
        None => Some(home(environment)?.join(".aws").join(name)),
    }
}

fn home(environment: &Environment) -> Option<&Path> {
    environment
        .get("HOME")
        .or_else(|| environment.get("USERPROFILE"))
        .map(Path::new)
}

fn expand_home(file: &Path, environment: &Environment) -> PathBuf {
    match (file.strip_prefix("~"), home(environment)) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => file.to_owned(),
    }
}

/// Returns the settings of the section `[name]`: `name = value` lines. Indented lines belong to
/// nested settings and lines that start with `#` or `;` are comments, as the AWS SDKs read them.
fn section(text: &str, name: &str) -> Option<BTreeMap<String, String>> {
    let mut found = None;
    let mut is_inside = false;
    for line in text.lines() {
        if line.starts_with(['#', ';', ' ', '\t']) {
            continue;
        }
        if let Some(title) = line.strip_prefix('[') {
            is_inside = title
                .split(']')
                .next()
                .is_some_and(|title| title.trim() == name);
            if is_inside {
                found.get_or_insert_with(BTreeMap::new);
            }
        } else if let (true, Some((key, value)), Some(section)) =
            (is_inside, line.split_once('='), &mut found)
        {
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# keys\n[default]\naws_access_key_id = AKID1\naws_secret_access_key=a+b/c==\n\
        s3 =\n  region = nested\n\n[ maps ] ; old\nAWS_ACCESS_KEY_ID=AKID2\n[empty]\n";

    #[test]
    fn a_section_is_read_up_to_the_next_one() {
        let default = section(FILE, "default").unwrap();
        assert_eq!(default["aws_access_key_id"], "AKID1");
        assert_eq!(default["aws_secret_access_key"], "a+b/c==");
        assert!(!default.contains_key("region"));
        let maps = section(FILE, "maps").unwrap();
        assert_eq!(maps.len(), 1);
        assert_eq!(maps["aws_access_key_id"], "AKID2");
        assert!(section(FILE, "empty").unwrap().is_empty());
        assert_eq!(section(FILE, "missing"), None);
    }
}
