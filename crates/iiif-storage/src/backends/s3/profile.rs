//! Profiles of shared credentials files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aws_dsn::{Profile, Secret};

use super::credentials::CredentialsError;
use crate::{Environment, StorageOpener};

/// What a profile holds.
#[derive(Debug)]
pub(super) struct ProfileKeys {
    pub(super) key_id: String,
    pub(super) secret: Secret,
    pub(super) token: Option<Secret>,
    pub(super) region: Option<String>,
}

/// Reads a profile from its file, else from `AWS_SHARED_CREDENTIALS_FILE` or
/// `~/.aws/credentials`. The region may also be in `AWS_CONFIG_FILE` or `~/.aws/config`.
pub(super) fn read(
    profile: &Profile,
    opener: &StorageOpener,
) -> Result<ProfileKeys, CredentialsError> {
    let (environment, name) = (opener.environment(), &profile.name);
    let file = match &profile.file {
        Some(file) => expand_home(file, environment),
        None => aws_file(environment, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
            .ok_or(CredentialsError::NoHome)?,
    };
    let file = opener.absolute(&file).unwrap_or(file);
    let text = fs::read_to_string(&file).map_err(|source| CredentialsError::Read {
        file: file.clone(),
        source,
    })?;
    let mut section = section(&text, name).ok_or_else(|| CredentialsError::NoProfile {
        profile: name.clone(),
        file: file.clone(),
    })?;
    let region = section
        .remove("region")
        .or_else(|| region_in_config(profile, environment));
    match (
        section.remove("aws_access_key_id"),
        section.remove("aws_secret_access_key"),
    ) {
        (Some(key_id), Some(secret)) => Ok(ProfileKeys {
            key_id,
            secret: secret.into(),
            token: section.remove("aws_session_token").map(Secret::from),
            region,
        }),
        _ if section.contains_key("role_arn") => Err(CredentialsError::AssumedRole),
        _ => Err(CredentialsError::NoKeys {
            profile: name.clone(),
            file,
        }),
    }
}

fn region_in_config(profile: &Profile, environment: &Environment) -> Option<String> {
    let text = fs::read_to_string(aws_file(environment, "AWS_CONFIG_FILE", "config")?).ok()?;
    let name = match profile.name.as_str() {
        "default" => "default".to_owned(),
        name => format!("profile {name}"),
    };
    section(&text, &name)?.remove("region")
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
