//! Credentials that are kept until they are due to be asked for again.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;

use super::ResolveCredentialsError;

type Resolved = Result<Credentials, ResolveCredentialsError>;

/// Credentials are replaced so long before they expire, or in the middle of what is left of them.
const REFRESH_BEFORE: Duration = Duration::from_mins(5);

/// A failure is the answer for so long: everyone who waits gets it, and nobody tries in a loop.
const FAILURE_KEPT: Duration = Duration::from_secs(10);

/// What was got last.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) resolved: Resolved,
    /// When to ask again; never for keys that do not expire.
    due: Option<SystemTime>,
}

impl Kept {
    pub(super) fn new(resolved: Resolved, now: SystemTime) -> Self {
        let due = match &resolved {
            Ok(credentials) => credentials.expiry().map(|expiry| {
                let left = expiry.duration_since(now).unwrap_or_default();
                expiry - REFRESH_BEFORE.min(left / 2)
            }),
            Err(_) => Some(now + FAILURE_KEPT),
        };
        Self { resolved, due }
    }

    pub(super) fn is_due(&self, now: SystemTime) -> bool {
        self.due.is_some_and(|due| due <= now)
    }

    /// Replaces what is kept, save that a failure does not replace credentials that still work.
    pub(super) fn renewed(self, resolved: Resolved, now: SystemTime) -> Self {
        let still_works = self
            .resolved
            .as_ref()
            .is_ok_and(|credentials| credentials.expiry().is_some_and(|expiry| now < expiry));
        if resolved.is_err() && still_works {
            return Self {
                resolved: self.resolved,
                due: Some(now + FAILURE_KEPT),
            };
        }
        Self::new(resolved, now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::CredentialSource;

    const HOUR: Duration = Duration::from_hours(1);

    fn keys(key_id: &str, lifetime: Option<Duration>) -> Credentials {
        let expiry = lifetime.map(|lifetime| UNIX_EPOCH + lifetime);
        Credentials::new(key_id, "hunter2", None, expiry, "test")
    }

    fn failure() -> Resolved {
        let nothing =
            aws_credential_types::provider::error::CredentialsError::not_loaded("nothing");
        Err(ResolveCredentialsError::new(
            &CredentialSource::Role,
            &nothing,
        ))
    }

    #[test]
    fn credentials_are_due_before_they_expire() {
        let minutes = |minutes| UNIX_EPOCH + Duration::from_mins(minutes);
        let hour = Kept::new(Ok(keys("A", Some(HOUR))), UNIX_EPOCH);
        assert!(!hour.is_due(minutes(54)) && hour.is_due(minutes(55)));
        let short = Kept::new(Ok(keys("A", Some(Duration::from_mins(4)))), UNIX_EPOCH);
        assert!(!short.is_due(minutes(1)) && short.is_due(minutes(2)));
        let expired = Kept::new(Ok(keys("A", Some(Duration::ZERO))), minutes(1));
        assert!(expired.is_due(minutes(1)));
        assert!(!Kept::new(Ok(keys("A", None)), UNIX_EPOCH).is_due(UNIX_EPOCH + 1000 * HOUR));
    }

    #[test]
    fn a_failure_replaces_only_credentials_that_have_expired() {
        let key_id = |kept: &Kept| kept.resolved.as_ref().unwrap().access_key_id().to_owned();
        let before = UNIX_EPOCH + HOUR - Duration::from_mins(2);
        let kept = Kept::new(Ok(keys("A", Some(HOUR))), UNIX_EPOCH).renewed(failure(), before);
        assert_eq!(key_id(&kept), "A");
        assert!(!kept.is_due(before) && kept.is_due(before + FAILURE_KEPT));

        let after = UNIX_EPOCH + HOUR;
        let failed = kept.renewed(failure(), after);
        assert!(failed.resolved.is_err());
        assert!(!failed.is_due(after) && failed.is_due(after + FAILURE_KEPT));
        assert_eq!(key_id(&failed.renewed(Ok(keys("B", None)), after)), "B");
    }
}
