//! The files that the flags of the programs name.

use std::fmt;
use std::path::Path;

use crate::redact_uri;

/// What ships with the programs, in go-iiif's words.
const DEFAULTS: &str = "defaults://";

/// A file in a bucket, as flags name it: `-config PATH`, or `-config-source BUCKET` and `-config-name
/// NAME`. `Display` and `Debug` show where it is, without secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// The URI of the bucket, which may hold secrets; a folder for a path.
    pub bucket: String,
    /// The name in the bucket.
    pub name: String,
}

impl NamedFile {
    /// The most bytes of a config or instructions file: 4 MiB, some thousand times what they usually have.
    /// A larger one is another file.
    pub const MAX_BYTES: u64 = 4 << 20;

    /// Returns the file of `path`, else that of `name` in `source`; `None` where neither is given, or the
    /// source is `defaults://`: the built-in default.
    #[must_use]
    pub fn of(path: Option<&str>, source: Option<&str>, name: &str) -> Option<Self> {
        let Some(path) = path.map(Path::new) else {
            let bucket = source.filter(|source| *source != DEFAULTS)?;
            return Some(Self {
                bucket: bucket.to_owned(),
                name: name.to_owned(),
            });
        };
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        let bucket = folder.map_or(".".into(), |folder| folder.to_string_lossy());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Some(Self {
            bucket: bucket.into_owned(),
            name: name.into_owned(),
        })
    }
}

impl fmt::Display for NamedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bucket = redact_uri(&self.bucket);
        write!(f, "{}/{}", bucket.trim_end_matches('/'), self.name)
    }
}

impl fmt::Debug for NamedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NamedFile({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_or_a_source_names_a_file_without_showing_secrets() {
        let shown =
            |path, source| NamedFile::of(path, source, "config.json").map(|it| it.to_string());
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(shown(Some("a/b.json"), None), some("a/b.json"));
        assert_eq!(shown(Some("b.json"), None), some("./b.json"));
        assert_eq!(
            shown(None, Some("file:///etc/")),
            some("file:///etc/config.json")
        );
        assert_eq!(shown(None, Some("defaults://")), None);
        assert_eq!(shown(None, None), None);
        let uri = "s3://a?credentials=static:ID:SECRET:";
        let file = NamedFile::of(None, Some(uri), "c").expect("a file");
        assert!(!format!("{file} {file:?}").contains("SECRET"), "{file:?}");
    }
}
