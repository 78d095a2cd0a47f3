//! A whole object, in memory or not.

use std::fs::File;

use bytes::Bytes;

/// A whole object that was fetched.
#[derive(Debug)]
pub enum Fetched {
    /// Its bytes.
    Memory(Bytes),
    /// A file with its bytes, to be read from the start and not to be written to: that of a local
    /// folder itself, or a temporary one without a name, which goes away when it is closed.
    File(File),
}
