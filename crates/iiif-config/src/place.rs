//! Where in a file something stands.

use std::fmt;

/// A value of a JSON file.
///
/// Prints as file, line and key: ``config.json:12: `blurhash_service.x` ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, in bytes from 1.
    pub column: usize,
    /// The path of keys, such as `palette_service.extruders[0].count`; empty for the whole document.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file, line, key, ..
        } = self;
        if key.is_empty() {
            write!(f, "{file}:{line}: the document")
        } else {
            write!(f, "{file}:{line}: `{key}`")
        }
    }
}
