//! Data source names for AWS services: a region, credentials and an optional endpoint in one string.
//!
//! ```
//! use aws_dsn::{AwsDsn, CredentialSource};
//!
//! let dsn: AwsDsn = "region=us-east-1 credentials=iam:".parse()?;
//! assert_eq!(dsn.region, "us-east-1");
//! assert_eq!(dsn.credentials, CredentialSource::Role);
//! assert_eq!(dsn.to_string(), "credentials=iam: region=us-east-1");
//! # Ok::<(), aws_dsn::ParseDsnError>(())
//! ```
//!
//! This crate reads and writes the strings. It opens no file, reads no environment variable and
//! connects to nothing: a [`CredentialSource`] says where credentials are to be found, and its
//! user finds them there. Secrets are [`Secret`]s, which no `Display` and no `Debug` shows.

#![forbid(unsafe_code)]

mod credentials;
mod dsn;
mod secret;

pub use crate::credentials::{
    AssumedRole, CredentialSource, ParseCredentialsError, Profile, StaticKeys,
};
pub use crate::dsn::{AwsDsn, ParseDsnError};
pub use crate::secret::Secret;
