//! Remote backends, each behind its feature.

#[cfg(feature = "azure")]
mod azure;
#[cfg(feature = "gcp")]
mod gcs;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "aws")]
mod s3;
#[cfg(any(feature = "aws", feature = "azure", feature = "gcp"))]
mod signing;

#[cfg(feature = "azure")]
pub(crate) use self::azure::open_azure;
#[cfg(feature = "gcp")]
pub(crate) use self::gcs::open_gcs;
#[cfg(feature = "http")]
pub(crate) use self::http::{Refusal, open_http};
#[cfg(feature = "aws")]
pub(crate) use self::s3::open_s3;

/// Lets TLS encrypt with `ring`, for the whole process, unless it chose something else before:
/// `aws-lc-rs`, the usual choice, is two megabytes larger.
#[cfg(feature = "remote")]
pub(crate) fn choose_tls() {
    let chosen = rustls::crypto::ring::default_provider().install_default();
    // The one that was chosen before stays.
    drop(chosen);
}

/// Stands for a backend that this build is without.
macro_rules! without_feature {
    ($feature:literal, $open:ident) => {
        #[cfg(not(feature = $feature))]
        pub(crate) fn $open(
            uri: &crate::uri::BucketUri,
            _opener: &crate::StorageOpener,
        ) -> crate::Result<crate::bucket::Store> {
            Err(uri.unsupported(concat!("a build with the feature `", $feature, "`")))
        }
    };
}

without_feature!("aws", open_s3);
without_feature!("azure", open_azure);
without_feature!("gcp", open_gcs);
without_feature!("http", open_http);
