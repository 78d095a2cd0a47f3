//! URLs that let others read an object.

use std::time::Duration;

use super::{Bucket, Place};
use crate::key::{check_key, join};
use crate::{Error, Operation, Result};

/// What all backends sign for at most, in seconds: seven days.
const MAX_EXPIRY_SECONDS: u64 = 7 * 24 * 60 * 60;

impl Bucket {
    /// Returns a URL with which anybody can read the object by GET, without credentials, as long as
    /// `expires_in`: from one second to seven days. Whoever has it must keep it as a secret.
    ///
    /// None where the backend cannot sign: a local folder, memory, a web server, and a bucket that
    /// is opened without credentials.
    ///
    /// Whether there is an object is not looked at. A URL that was signed with temporary credentials
    /// ends with these.
    ///
    /// # Errors
    ///
    /// See [`Error`]; of kind [`InvalidRequest`](crate::ErrorKind) for a shorter or longer time, and
    /// what goes wrong where credentials have to be asked for, or the backend signs itself.
    pub async fn signed_url(&self, key: &str, expires_in: Duration) -> Result<Option<String>> {
        check_key(key)?;
        if !(1..=MAX_EXPIRY_SECONDS).contains(&expires_in.as_secs()) {
            return Err(Error::InvalidExpiry { expires_in });
        }
        match &self.place {
            Place::Store(store) => {
                let context = self.context(Operation::Sign, key);
                let full = join(&self.prefix, key);
                store.signed_url(&full, expires_in, context).await
            }
            _ => Ok(None),
        }
    }

    /// Returns whether [`signed_url`](Self::signed_url) gives URLs here.
    #[must_use]
    pub fn signs_urls(&self) -> bool {
        matches!(&self.place, Place::Store(store) if store.has_signer())
    }
}
