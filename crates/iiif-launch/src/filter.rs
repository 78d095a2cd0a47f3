//! Which of the objects that were created are processed.

use globset::{Glob, GlobBuilder, GlobMatcher};
use iiif_config::has_image_extension;

use crate::CreatedObject;

/// Which of the objects that were created are processed: by globs over `bucket/key`, by their
/// extension, and never what lies where derivatives go.
#[derive(Clone, Debug, Default)]
pub struct ObjectFilter {
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    derivatives: Option<Location>,
}

/// A folder of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Location {
    bucket: String,
    /// Ends with a slash, or is empty for the whole bucket.
    prefix: String,
}

/// Why an object is not processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Skipped {
    /// It lies where derivatives go.
    #[error("it lies where derivatives go")]
    Derivative,
    /// Its name has no extension of an image.
    #[error("its name has no extension of an image")]
    NotAnImage,
    /// None of the globs to include matches.
    #[error("no `-include` matches")]
    NotIncluded,
    /// A glob to exclude matches.
    #[error("an `-exclude` matches")]
    Excluded,
}

/// Text that is no glob.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{glob}` is no glob; expected `bucket/key` with `*`, `**`, `?`, `[a-z]` or `{{a,b}}`")]
pub struct GlobError {
    /// The text.
    pub glob: String,
    /// What is wrong with it.
    #[source]
    pub source: globset::Error,
}

impl ObjectFilter {
    /// Adds a glob of objects to process. Default: all.
    ///
    /// `*` and `?` stop at slashes, `**` does not: `scans/**/*.tif`.
    ///
    /// # Errors
    ///
    /// [`GlobError`] if the text is no glob.
    pub fn include(mut self, glob: &str) -> Result<Self, GlobError> {
        self.include.push(matcher(glob)?);
        Ok(self)
    }

    /// Adds a glob of objects to leave out, which wins over those to process. Default: none.
    ///
    /// # Errors
    ///
    /// [`GlobError`] if the text is no glob.
    pub fn exclude(mut self, glob: &str) -> Result<Self, GlobError> {
        self.exclude.push(matcher(glob)?);
        Ok(self)
    }

    /// Sets where derivatives go, `bucket` or `bucket/folder`: what is put there is never processed.
    #[must_use]
    pub fn with_derivatives(mut self, location: &str) -> Self {
        let location = location.trim_matches('/');
        let (bucket, folder) = location.split_once('/').unwrap_or((location, ""));
        let prefix = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        self.derivatives = Some(Location {
            bucket: bucket.to_owned(),
            prefix,
        });
        self
    }

    /// Checks whether an object is processed.
    ///
    /// # Errors
    ///
    /// Why it is not.
    pub fn check(&self, object: &CreatedObject) -> Result<(), Skipped> {
        let is_derivative = |location: &Location| {
            location.bucket == object.bucket && object.key.starts_with(&location.prefix)
        };
        if self.derivatives.as_ref().is_some_and(is_derivative) {
            return Err(Skipped::Derivative);
        }
        let path = format!("{}/{}", object.bucket, object.key);
        let matches = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(&path));
        if matches(&self.exclude) {
            return Err(Skipped::Excluded);
        }
        if !self.include.is_empty() && !matches(&self.include) {
            return Err(Skipped::NotIncluded);
        }
        if !has_image_extension(&object.key) {
            return Err(Skipped::NotAnImage);
        }
        Ok(())
    }
}

fn matcher(glob: &str) -> Result<GlobMatcher, GlobError> {
    let built: Result<Glob, _> = GlobBuilder::new(glob).literal_separator(true).build();
    built
        .map(|built| built.compile_matcher())
        .map_err(|source| GlobError {
            glob: glob.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(bucket: &str, key: &str) -> CreatedObject {
        CreatedObject {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }
    }

    #[test]
    fn only_images_that_are_included_and_not_excluded_are_processed() {
        let filter = ObjectFilter::default()
            .include("scans/**/*.tif")
            .and_then(|filter| filter.include("photos/*"))
            .and_then(|filter| filter.exclude("**/private/**"))
            .expect("globs");
        for (bucket, key, expected) in [
            ("scans", "1.tif", Ok(())),
            ("scans", "a/b/1.tif", Ok(())),
            ("scans", "a/b/1.jpg", Err(Skipped::NotIncluded)),
            ("scans", "a/private/1.tif", Err(Skipped::Excluded)),
            ("photos", "1.jpg", Ok(())),
            ("photos", "a/1.jpg", Err(Skipped::NotIncluded)),
            ("photos", "notes.txt", Err(Skipped::NotAnImage)),
        ] {
            assert_eq!(
                filter.check(&object(bucket, key)),
                expected,
                "{bucket}/{key}"
            );
        }
    }

    #[test]
    fn derivatives_are_never_processed() {
        let folder = ObjectFilter::default().with_derivatives("images/derivatives/");
        assert_eq!(
            folder.check(&object("images", "derivatives/a.jpg")),
            Err(Skipped::Derivative)
        );
        for (bucket, key) in [
            ("images", "derivatives.jpg"),
            ("other", "derivatives/a.jpg"),
        ] {
            assert_eq!(folder.check(&object(bucket, key)), Ok(()), "{bucket}/{key}");
        }
        let bucket = ObjectFilter::default().with_derivatives("images");
        assert_eq!(
            bucket.check(&object("images", "a.jpg")),
            Err(Skipped::Derivative)
        );
    }

    #[test]
    fn a_glob_that_is_none_is_named() {
        let error = ObjectFilter::default().include("scans/[").unwrap_err();
        assert!(error.to_string().contains("`scans/[`"), "{error}");
    }
}
