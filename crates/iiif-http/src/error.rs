//! Why a service cannot be started.

use axum::http::header::InvalidHeaderValue;

use crate::shares::MIN_MEMORY_LIMIT_BYTES;

/// Why a service cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// `Cache-Control` has characters that no header takes.
    #[error(
        "`Cache-Control` cannot be sent; expected printable ASCII such as `public, max-age=3600`"
    )]
    CacheControl(#[from] InvalidHeaderValue),
    /// Not even a tile of an ordinary image could be made.
    #[error(
        "a memory limit of {limit_bytes} bytes is too small to serve anything; expected {} MiB or more",
        MIN_MEMORY_LIMIT_BYTES >> 20
    )]
    MemoryLimit {
        /// The limit that was given, in bytes.
        limit_bytes: u64,
    },
    /// The threads that make derivatives cannot be started.
    #[error("cannot start the threads that make derivatives")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Derivatives would be stored among the images.
    #[error(
        "the bucket of the derivatives that URLs are handed out of lies in the bucket of the images; \
         expected one outside of it"
    )]
    UrlBucket,
    /// Nobody could read what URLs are handed out of.
    #[error(
        "{bucket} signs no URLs; expected a bucket of S3, of Google Cloud Storage or of Azure, with credentials \
         that sign"
    )]
    UnsignedUrls {
        /// The bucket's URI, without secrets.
        bucket: String,
    },
    /// A tag that would never be shown.
    #[error(
        "`{tag}` is no tag of EXIF 2.32; expected names such as `DateTimeOriginal`, `Make` or `Copyright`"
    )]
    UnknownTag {
        /// The name.
        tag: String,
    },
}
