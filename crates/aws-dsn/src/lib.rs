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
//! By itself this crate reads and writes the strings. It opens no file, reads no environment
//! variable and connects to nothing: a [`CredentialSource`] says where credentials are to be found,
//! and its user finds them there. Secrets are [`Secret`]s, which no `Display` and no `Debug` shows.
//!
//! With the feature `sdk`, which is off by default, it does go there:
//!
//! - `AwsDsn::sdk_config` gives the configuration that clients of the AWS SDK are made of, and
//!   `AwsDsn::resolved_sdk_config` gives it with credentials that are known to be there;
//! - `CredentialSource::provider` gives a provider of credentials for everyone else.
//!
//! | Credentials | Where they are looked for |
//! |---|---|
//! | `iam:` | the default chain of the AWS SDKs: the environment, profiles, SSO, a web identity, the container's role, the instance's role (`IMDSv2`) |
//! | `env:` | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, nothing else |
//! | `PROFILE` | `~/.aws/config` and `~/.aws/credentials`; keys, a role to assume, SSO, a process |
//! | `PATH:PROFILE` | this file alone; where it has sections `[profile NAME]`, it is read as `~/.aws/config` is |
//! | `anon:` | nowhere; requests are not signed |
//! | `static:ID:SECRET:TOKEN` | nowhere else |
//! | `iam:REGION:ARN` | the token service of the region, asked with the default chain; sessions are called `iiif-SECONDS` |
//!
//! All clients share one pool of connections, with `rustls` and `ring` for TLS.

mod credentials;
mod dsn;
#[cfg(feature = "sdk")]
mod sdk;
mod secret;

pub use crate::credentials::{
    AssumedRole, CredentialSource, ParseCredentialsError, Profile, StaticKeys,
};
pub use crate::dsn::{AwsDsn, ParseDsnError};
#[cfg(feature = "sdk")]
pub use crate::sdk::{
    CredentialsProvider, ProfileFiles, ResolveCredentialsError, ResolveErrorKind, RetryConfig,
    SdkConfig, SdkOptions,
};
pub use crate::secret::Secret;
