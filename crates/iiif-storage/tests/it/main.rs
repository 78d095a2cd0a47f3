//! What buckets promise, backend by backend.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected has failed"
)]

mod conformance;
mod fetching;
#[cfg(all(feature = "aws", feature = "http"))]
mod http;
mod local;
mod memory;
mod opening;
#[cfg(feature = "aws")]
mod s3;
#[cfg(feature = "aws")]
mod s3_server;
#[cfg(feature = "aws")]
mod server;
#[cfg(all(feature = "aws", feature = "azure", feature = "gcp"))]
mod signing;
#[cfg(unix)]
mod symlinks;
mod uris;
mod writing;

use iiif_storage::{Bucket, Environment, MissingFolder, StorageOpener};

/// Returns whether writing `key` to `one` would replace what `other` reads as `other_key`.
fn replaces(one: &Bucket, key: &str, other: &Bucket, other_key: &str) -> bool {
    let key = one.key_within(key, other);
    key.is_some_and(|key| other.keys_behind(other_key).contains(&key))
}

/// Opens without an environment, so that nothing of the machine can matter.
fn open(uri: &str) -> iiif_storage::Result<Bucket> {
    StorageOpener::new(Environment::empty()).open(uri, MissingFolder::Refuse)
}
