//! Why a bucket could not be opened, read or written.

mod context;
mod reason;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use self::context::{Context, is_loop};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The result of a storage operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Reading an object or a part of it.
    Read,
    /// Asking for an object's size.
    Head,
    /// Writing an object.
    Write,
    /// Deleting an object.
    Delete,
    /// Listing keys.
    List,
    /// Signing a URL of an object.
    Sign,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Head => "look up",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Sign => "sign a URL of",
        })
    }
}

/// Why a bucket could not be opened, read or written. Buckets are named without their secrets.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is stored under the key.
    #[error("no object `{key}` in {bucket}")]
    NotFound {
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
    },
    /// The object is no longer the one that was opened.
    #[error("`{key}` in {bucket} changed while it was read")]
    Changed {
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
    },
    /// There is an object already that must not be replaced.
    #[error("there is an object `{key}` in {bucket} already; expected none")]
    Exists {
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
    },
    /// There is no such bucket.
    #[error("bucket {bucket} does not exist; expected the name of an existing one")]
    MissingBucket {
        /// The bucket's URI.
        bucket: String,
    },
    /// The credentials are not accepted, or do not allow it.
    #[error("not allowed to {operation} `{key}` in {bucket}")]
    Denied {
        /// What was tried.
        operation: Operation,
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
        /// What the backend said.
        source: BoxError,
    },
    /// The backend could not be reached or did not do it, also when asked again.
    #[error(
        "cannot {operation} `{key}` in {bucket}; the storage did not answer or is out of order"
    )]
    Unavailable {
        /// What was tried.
        operation: Operation,
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
        /// The last failure.
        source: BoxError,
    },
    /// The backend refused the request: the wrong region, endpoint or range.
    #[error("cannot {operation} `{key}` in {bucket}; the storage refused the request")]
    Refused {
        /// What was tried.
        operation: Operation,
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
        /// What the backend said.
        source: BoxError,
    },
    /// The local disk or this crate failed.
    #[error("cannot {operation} `{key}` in {bucket}")]
    Failed {
        /// What was tried.
        operation: Operation,
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
        /// The cause.
        source: BoxError,
    },
    /// The key names no object, or would lead out of its bucket.
    #[error(
        "key `{}` {problem}; expected names with `/` between them, without `.` and `..`",
        key.escape_debug()
    )]
    InvalidKey {
        /// The key.
        key: String,
        /// What is wrong with it, to be read after the key.
        problem: &'static str,
    },
    /// A symbolic link leads out of the folder.
    #[error(
        "`{key}` leads out of {bucket} through a symbolic link; expected one that stays inside"
    )]
    OutsideFolder {
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
    },
    /// The range starts behind the end of the object.
    #[error("range {start}-{end} of `{key}` in {bucket} starts behind its {size_bytes} bytes")]
    InvalidRange {
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
        /// The first byte.
        start: u64,
        /// The byte after the last one.
        end: u64,
        /// The size of the object.
        size_bytes: u64,
    },
    /// The object is larger than the caller takes.
    #[error("`{key}` in {bucket} has {actual} bytes; the limit is {limit}")]
    TooLarge {
        /// The key.
        key: String,
        /// The bucket's URI.
        bucket: String,
        /// The size of the object, in bytes.
        actual: u64,
        /// The most that the caller takes, in bytes.
        limit: u64,
    },
    /// The media type cannot be sent in a header.
    #[error("media type `{}` has characters that no header takes; expected `image/jpeg`", media_type.escape_debug())]
    InvalidMediaType {
        /// The media type.
        media_type: String,
    },
    /// A signed URL cannot hold so short or so long.
    #[error("a signed URL cannot hold for {expires_in:?}; expected a second to seven days")]
    InvalidExpiry {
        /// How long it should hold.
        expires_in: Duration,
    },
    /// The bucket cannot be written to.
    #[error("{bucket} is read-only; expected a bucket that can be written to")]
    ReadOnly {
        /// The bucket's URI.
        bucket: String,
    },
    /// The bucket is a web server.
    #[error(
        "{bucket} is a web server, which has no list of its files; expected the names of files, or a bucket that \
         has a list"
    )]
    NoList {
        /// The bucket's URI.
        bucket: String,
    },
    /// The bucket URI cannot be read.
    #[error("bucket URI `{uri}` {problem}")]
    InvalidUri {
        /// The URI without its secrets.
        uri: String,
        /// What is wrong with it and what is accepted, to be read after the URI.
        problem: String,
    },
    /// The bucket URI asks for something that is not done here.
    #[error("bucket URI `{uri}` needs {missing}")]
    Unsupported {
        /// The URI without its secrets.
        uri: String,
        /// What is missing.
        missing: String,
    },
    /// The folder does not exist.
    #[error("folder `{}` does not exist; expected an existing one, or `create_dir=true`", folder.display())]
    MissingFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// The bucket cannot be opened.
    #[error("cannot open {uri}")]
    Open {
        /// The URI without its secrets.
        uri: String,
        /// The cause.
        source: BoxError,
    },
}

/// What a caller can do about an error. Stable across releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The key is no key, or the range no range.
    InvalidRequest,
    /// The bucket URI or what it points to must be corrected.
    InvalidConfig,
    /// The object is larger than the caller takes.
    TooLarge,
    /// Nothing is stored there.
    NotFound,
    /// It is not allowed.
    Denied,
    /// Somebody else changed the object meanwhile, or there is one where none was expected.
    Conflict,
    /// Not done here, or not with the features of this build.
    Unsupported,
    /// The backend is out of order or out of reach; later it may work.
    Unavailable,
    /// The local disk or this crate failed.
    Internal,
}

impl ErrorKind {
    /// Returns whether the same may work later. Retries of [`RetrySettings`](crate::RetrySettings)
    /// have been made by then.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        self == Self::Unavailable
    }
}

impl Error {
    /// Returns what the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Changed { .. } | Self::Exists { .. } => ErrorKind::Conflict,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Denied { .. } | Self::OutsideFolder { .. } => ErrorKind::Denied,
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            Self::InvalidKey { .. }
            | Self::InvalidRange { .. }
            | Self::InvalidMediaType { .. }
            | Self::InvalidExpiry { .. } => ErrorKind::InvalidRequest,
            Self::ReadOnly { .. } | Self::NoList { .. } | Self::Unsupported { .. } => {
                ErrorKind::Unsupported
            }
            Self::Refused { .. }
            | Self::InvalidUri { .. }
            | Self::MissingFolder { .. }
            | Self::MissingBucket { .. }
            | Self::Open { .. } => ErrorKind::InvalidConfig,
            Self::Failed { .. } => ErrorKind::Internal,
        }
    }
}
