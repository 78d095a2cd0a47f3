//! Why there are no credentials.

use std::error::Error;
use std::sync::Arc;

use aws_config::meta::ProviderChainError;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::error::ErrorMetadata;

use crate::{CredentialSource, Profile};

/// Why there are no credentials. The causes are those of the SDK, as text: their own `Debug` may
/// show what a server answered.
#[derive(Clone, Debug, thiserror::Error)]
#[error("no credentials from `{credentials}`")]
pub struct ResolveCredentialsError {
    credentials: String,
    kind: ResolveErrorKind,
    source: Option<Arc<Reason>>,
}

/// What a caller can do about missing credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResolveErrorKind {
    /// There are none where they were looked for, or a profile is wrong.
    InvalidConfig,
    /// Whoever has them refused: the token service, the container, the instance, a process.
    Denied,
    /// Whoever has them could not be reached, also when asked again.
    Unavailable,
}

/// A cause, and what caused it.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Reason {
    text: String,
    source: Option<Arc<Self>>,
}

impl ResolveCredentialsError {
    pub(super) fn new(credentials: &CredentialSource, error: &CredentialsError) -> Self {
        let causes = causes(error);
        // Its causes name the profile and the file.
        let is_hidden =
            matches!(credentials, CredentialSource::Profile(profile) if profile.may_be_keys());
        Self {
            credentials: credentials.to_string(),
            kind: kind(error, &causes),
            source: if is_hidden {
                Some(Arc::new(Reason {
                    text: Profile::HIDDEN.to_owned(),
                    source: None,
                }))
            } else {
                reason(&causes)
            },
        }
    }

    /// Returns what the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ResolveErrorKind {
        self.kind
    }
}

impl ResolveErrorKind {
    /// Returns whether the same may work later.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        self == Self::Unavailable
    }
}

fn kind(error: &CredentialsError, causes: &[&(dyn Error + 'static)]) -> ResolveErrorKind {
    // One provider may be the source of another.
    if let Some(nested) = causes
        .iter()
        .find_map(|cause| cause.downcast_ref::<ResolveCredentialsError>())
    {
        return nested.kind;
    }
    let is_out_of_reach = causes
        .iter()
        .filter_map(|cause| cause.downcast_ref::<ConnectorError>())
        .any(|error| error.is_io() || error.is_timeout());
    if is_out_of_reach {
        return ResolveErrorKind::Unavailable;
    }
    match error {
        CredentialsError::ProviderTimedOut(_) => ResolveErrorKind::Unavailable,
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            ResolveErrorKind::InvalidConfig
        }
        // A file that cannot be read, a program that cannot be started.
        _ if causes.iter().any(|cause| cause.is::<std::io::Error>()) => {
            ResolveErrorKind::InvalidConfig
        }
        _ => ResolveErrorKind::Denied,
    }
}

fn causes(error: &CredentialsError) -> Vec<&(dyn Error + 'static)> {
    let mut causes: Vec<&(dyn Error + 'static)> = Vec::new();
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    causes
}

/// Returns the causes that say something the one before does not.
fn reason(causes: &[&(dyn Error + 'static)]) -> Option<Arc<Reason>> {
    let mut texts: Vec<String> = Vec::new();
    for (index, cause) in causes.iter().enumerate() {
        let text = text(*cause);
        // "An error occurred", "unhandled error (AccessDenied)": a cause says which, and why.
        let is_empty = cause.is::<CredentialsError>() || text.starts_with("unhandled error");
        let is_known = texts.last().is_some_and(|last| last.contains(&text));
        if !(is_known || is_empty && index + 1 < causes.len()) {
            texts.push(text);
        }
    }
    texts
        .into_iter()
        .rev()
        .fold(None, |source, text| Some(Arc::new(Reason { text, source })))
}

/// Returns what a cause says, in one line and in words.
fn text(cause: &(dyn Error + 'static)) -> String {
    if let Some(answer) = cause.downcast_ref::<ErrorMetadata>()
        && let (Some(code), Some(message)) = (answer.code(), answer.message())
    {
        return format!("{code}: {message}");
    }
    let Some(chain) = cause.downcast_ref::<ProviderChainError<CredentialsError>>() else {
        return cause.to_string();
    };
    let attempts: Vec<String> = (chain.attempts().iter())
        .map(|attempt| {
            let causes: Vec<String> = (causes(attempt.error()).iter().skip(1))
                .map(ToString::to_string)
                .collect();
            if causes.is_empty() {
                format!("{}: not configured", attempt.name())
            } else {
                format!("{}: {}", attempt.name(), causes.join(": "))
            }
        })
        .collect();
    format!(
        "nothing in the default chain has any; {}",
        attempts.join("; ")
    )
}
