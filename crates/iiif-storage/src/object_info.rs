//! What is known about an object without reading it.

use std::time::SystemTime;

/// What is known about an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectInfo {
    /// The key inside the bucket.
    pub key: String,
    /// The size, in bytes.
    pub size_bytes: u64,
    /// The entity tag, which changes with the content; quoted as in HTTP.
    pub e_tag: Option<String>,
    /// When the object was last written.
    pub last_modified: Option<SystemTime>,
}
