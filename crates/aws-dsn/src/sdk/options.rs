//! What the strings leave open.

use std::path::PathBuf;

use aws_config::retry::RetryConfig;
use aws_credential_types::provider::SharedCredentialsProvider;

/// How often a request is sent, the first time included.
const DEFAULT_MAX_ATTEMPTS: u32 = 8;

/// What a DSN leaves open when the SDK is configured with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SdkOptions {
    /// How often failed requests are sent again, also those for credentials. Default: the SDK's
    /// standard mode with 8 attempts.
    pub retry: RetryConfig,
    /// Where profiles without a path of their own are looked up. Default: `AWS_CONFIG_FILE` and
    /// `AWS_SHARED_CREDENTIALS_FILE` of the process, else `~/.aws/config` and `~/.aws/credentials`.
    pub profile_files: Option<ProfileFiles>,
    /// What stands for the default chain of the process, in `iam:` and below `iam:REGION:ARN`.
    /// Default: the chain itself.
    pub default_chain: Option<SharedCredentialsProvider>,
    /// The URL of the token service that `iam:REGION:ARN` asks. Default: `AWS_ENDPOINT_URL_STS` of
    /// the process, else that of the region.
    pub sts_endpoint: Option<String>,
}

/// The two files that profiles are read from; a profile may be in either or in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileFiles {
    /// The file with sections `[NAME]`, which must exist.
    pub credentials: Option<PathBuf>,
    /// The file with sections `[profile NAME]`, which must exist.
    pub config: Option<PathBuf>,
}

impl SdkOptions {
    /// Sets [`retry`](Self::retry).
    #[must_use]
    pub fn with_retry(mut self, retry: RetryConfig) -> Self {
        self.retry = retry;
        self
    }

    /// Sets [`profile_files`](Self::profile_files).
    #[must_use]
    pub fn with_profile_files(mut self, files: ProfileFiles) -> Self {
        self.profile_files = Some(files);
        self
    }

    /// Sets [`default_chain`](Self::default_chain).
    #[must_use]
    pub fn with_default_chain(mut self, provider: SharedCredentialsProvider) -> Self {
        self.default_chain = Some(provider);
        self
    }

    /// Sets [`sts_endpoint`](Self::sts_endpoint).
    #[must_use]
    pub fn with_sts_endpoint(mut self, url: impl Into<String>) -> Self {
        self.sts_endpoint = Some(url.into());
        self
    }
}

impl Default for SdkOptions {
    fn default() -> Self {
        Self {
            retry: RetryConfig::standard().with_max_attempts(DEFAULT_MAX_ATTEMPTS),
            profile_files: None,
            default_chain: None,
            sts_endpoint: None,
        }
    }
}
