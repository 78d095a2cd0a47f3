//! Where credentials come from.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Secret;

/// Where the credentials of an AWS client come from: the `credentials=` part of a DSN or of an
/// `s3blob://` URI.
///
/// The forms are those of go-whosonfirst-aws, old and new. `Display` gives the canonical form with
/// secrets replaced by asterisks, so it parses back to the same value for all but
/// [`Static`](Self::Static) and profiles that [may be keys](Profile::may_be_keys).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialSource {
    /// `iam:`: the default chain of the AWS SDKs, which ends at the role of the task, function or
    /// instance.
    Role,
    /// `env:` or nothing: the environment variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`
    /// and `AWS_SESSION_TOKEN`, and nothing else.
    Environment,
    /// `PROFILE`, `PATH:PROFILE` or `shared:PATH:PROFILE`: a section of a shared credentials file.
    Profile(Profile),
    /// `anon:`: requests are not signed.
    Anonymous,
    /// `static:ID:SECRET:TOKEN`, where the token may be empty: fixed keys.
    Static(StaticKeys),
    /// `iam:REGION:ARN`: a role to assume with the credentials of the default chain.
    AssumeRole(AssumedRole),
}

/// A section of a shared credentials file. `Display` and `Debug` show none that
/// [may be keys](Self::may_be_keys).
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name of the section.
    pub name: String,
    /// The file; where missing, the user's own, `~/.aws/credentials`.
    pub file: Option<PathBuf>,
}

/// Fixed keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticKeys {
    /// The access key id, which is not secret.
    pub key_id: String,
    /// The secret access key.
    pub secret: Secret,
    /// The session token of temporary keys.
    pub token: Option<Secret>,
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumedRole {
    /// The region whose token service is asked.
    pub region: String,
    /// The Amazon resource name of the role.
    pub arn: String,
}

/// Text that is no form of [`CredentialSource`]. The text may hold a secret, so it is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "credentials {problem}; expected `iam:`, `env:`, `PROFILE`, `PATH:PROFILE`, `shared:PATH:PROFILE`, \
     `anon:`, `static:ID:SECRET:TOKEN` or `iam:REGION:ARN`"
)]
pub struct ParseCredentialsError {
    /// What is wrong, to be read after "credentials".
    pub problem: &'static str,
}

/// Secret access keys have as many letters and digits, or more.
const SECRET_CHARS: usize = 40;

impl Profile {
    /// What is said of a profile that cannot be found and [may be keys](Self::may_be_keys).
    pub const HIDDEN: &str = "no such profile or file, which are not shown as they may be keys; expected \
         `static:ID:SECRET:TOKEN`, a profile, or its file by a path that begins with `/`, `./`, `../` or `~/`";

    /// Returns whether this reads as keys that lack `static:` in front, `ID:SECRET` or a secret alone, so
    /// that it must not be shown: a name that is no word, or a file that is told by no `/`, `./`, `../` or
    /// `~/` at its begin, and no drive.
    #[must_use]
    pub fn may_be_keys(&self) -> bool {
        let Some(file) = &self.file else {
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_. ".contains(&byte);
            let is_long = self.name.len() >= SECRET_CHARS
                && self.name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return is_long || !self.name.bytes().all(is_word);
        };
        let file = file.to_string_lossy();
        let is_path = ["/", "./", "../", "~/"]
            .iter()
            .any(|start| file.starts_with(start));
        !is_path && drive_len(&file) == 0
    }
}

impl CredentialSource {
    fn parse_role(rest: &str) -> Result<Self, ParseCredentialsError> {
        if rest.is_empty() {
            return Ok(Self::Role);
        }
        match rest.split_once(':') {
            Some((region, arn)) if !region.is_empty() && arn.starts_with("arn:") => {
                Ok(Self::AssumeRole(AssumedRole {
                    region: region.to_owned(),
                    arn: arn.to_owned(),
                }))
            }
            _ => Err(problem(
                "behind `iam:` stands neither nothing nor `REGION:ARN`",
            )),
        }
    }

    fn parse_static(rest: &str) -> Result<Self, ParseCredentialsError> {
        let parts: Vec<&str> = rest.split(':').collect();
        let (key_id, secret, token) = match parts[..] {
            [key_id, secret] => (key_id, secret, ""),
            [key_id, secret, token] => (key_id, secret, token),
            _ => {
                return Err(problem(
                    "with `static:` have neither two nor three more parts",
                ));
            }
        };
        if key_id.is_empty() || secret.is_empty() {
            return Err(problem("with `static:` lack the id or the secret"));
        }
        // They go into headers.
        if rest.contains(char::is_control) {
            return Err(problem("have a control character, such as a newline"));
        }
        Ok(Self::Static(StaticKeys {
            key_id: key_id.to_owned(),
            secret: secret.into(),
            token: (!token.is_empty()).then(|| token.into()),
        }))
    }

    fn parse_profile(text: &str) -> Result<Self, ParseCredentialsError> {
        let drive = drive_len(text);
        let (file, name) = match text[drive..].split_once(':') {
            None if drive == 0 => (None, text),
            None => return Err(problem("lack the profile after the path")),
            Some((path, name)) => (Some(&text[..drive + path.len()]), name),
        };
        // Static keys with a misspelt keyword have more colons; as a path they would be shown.
        if name.contains(':') {
            return Err(problem("have too many parts"));
        }
        if name.is_empty() {
            return Err(problem("lack the profile after the path"));
        }
        if file.is_some_and(str::is_empty) {
            return Err(problem("lack the path before the profile"));
        }
        Ok(Self::Profile(Profile {
            name: name.to_owned(),
            file: file.map(PathBuf::from),
        }))
    }
}

impl FromStr for CredentialSource {
    type Err = ParseCredentialsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Environment);
        }
        match text.split_once(':') {
            Some(("iam", rest)) => Self::parse_role(rest),
            Some(("env", "")) => Ok(Self::Environment),
            Some(("anon", "")) => Ok(Self::Anonymous),
            Some(("static", rest)) => Self::parse_static(rest),
            Some(("shared", rest)) if rest.contains(':') => Self::parse_profile(rest),
            Some(("shared", _)) => Err(problem("with `shared:` lack the path or the profile")),
            Some(("env" | "anon", _)) => Err(problem("have more after `env:` or `anon:`")),
            Some(("sts", _)) => Err(problem("with `sts:` are not supported")),
            _ => Self::parse_profile(text),
        }
    }
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role => f.write_str("iam:"),
            Self::Environment => f.write_str("env:"),
            Self::Anonymous => f.write_str("anon:"),
            Self::AssumeRole(role) => write!(f, "iam:{}:{}", role.region, role.arn),
            Self::Static(keys) => {
                write!(f, "static:{}:{}:", keys.key_id, keys.secret)?;
                keys.token
                    .as_ref()
                    .map_or(Ok(()), |token| write!(f, "{token}"))
            }
            Self::Profile(profile) => write!(f, "{profile}"),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            _ if self.may_be_keys() => f.write_str("******"),
            None => f.write_str(&self.name),
            Some(file) => write!(f, "{}:{}", file.display(), self.name),
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({self})")
    }
}

/// Returns how long the drive is that a path begins with. Its colon belongs to the path: `C:\keys:default`.
fn drive_len(text: &str) -> usize {
    match text.as_bytes() {
        [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic() => 2,
        _ => 0,
    }
}

fn problem(problem: &'static str) -> ParseCredentialsError {
    ParseCredentialsError { problem }
}

#[cfg(test)]
mod tests;
