//! What is known about an object without reading it.

use std::time::SystemTime;

use crate::ObjectVersion;

/// What is known about an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

impl ObjectInfo {
    /// Returns which version of the object this is about.
    ///
    /// That is the entity tag of the backend. For a file of a local folder it is made of the size,
    /// the time of the last modification in nanoseconds and, on Unix, the number of the file, which
    /// is another one after a file was put in the place of another. What leaves all three alone is
    /// not noticed: a file that is rewritten in place with as many bytes within one tick of the file
    /// system's clock, or whose time is set back. Of a web server that sends no `ETag` it is made of the
    /// size and the date, in seconds.
    #[must_use]
    pub fn version(&self) -> ObjectVersion {
        ObjectVersion::new(self.e_tag.as_deref(), self.size_bytes, self.last_modified)
    }
}
