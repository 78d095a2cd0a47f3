//! Which of the objects that were created are processed.

use globset::{Glob, GlobBuilder, GlobMatcher};
use iiif_config::has_image_extension;
use percent_encoding::percent_decode_str;

use crate::CreatedObject;

/// Which of the objects that were created are processed: by globs over `bucket/key`, by their
/// extension, and never what lies where derivatives go.
#[derive(Clone, Debug, Default)]
pub struct ObjectFilter {
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    derivatives: Vec<Location>,
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
    /// Returns a filter of objects that match one of `include`, all if there is none, and none of
    /// `exclude`. What is put into one of `derivatives`, `bucket/folder` or a URI, is never processed.
    ///
    /// `*` and `?` stop at slashes, `**` does not: `scans/**/*.tif`. A text may hold several globs with
    /// commas between them; commas in braces belong to the glob.
    ///
    /// # Errors
    ///
    /// [`GlobError`] if a text is no glob.
    pub fn new(
        include: &[String],
        exclude: &[String],
        derivatives: &[&str],
    ) -> Result<Self, GlobError> {
        Ok(Self {
            include: matchers(include)?,
            exclude: matchers(exclude)?,
            derivatives: derivatives
                .iter()
                .map(|place| Location::of(place))
                .collect(),
        })
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
        if self.derivatives.iter().any(is_derivative) {
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

impl Location {
    /// Reads `bucket/folder`, or a URI in which the folder may also stand as parameter `prefix`.
    fn of(place: &str) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let place = place.trim();
        let (scheme, place) = place.split_once("://").unwrap_or(("", place));
        let (path, parameters) = place.split_once('?').unwrap_or((place, ""));
        let (bucket, folder) = path.split_once('/').unwrap_or((path, ""));
        let in_bucket = parameters
            .split('&')
            .filter_map(|parameter| parameter.strip_prefix("prefix="))
            .map(|prefix| decoded(&prefix.replace('+', " ")));
        // Only URIs are encoded.
        let folder = if scheme.is_empty() {
            folder.to_owned()
        } else {
            decoded(folder)
        };
        let folders = std::iter::once(folder).chain(in_bucket);
        let prefix = folders
            .map(|folder| folder.trim_matches('/').to_owned())
            .filter(|folder| !folder.is_empty())
            .map(|folder| folder + "/")
            .collect();
        Self {
            bucket: bucket.to_owned(),
            prefix,
        }
    }
}

fn matchers(lists: &[String]) -> Result<Vec<GlobMatcher>, GlobError> {
    let globs = lists.iter().flat_map(|list| globs_of(list));
    globs.map(matcher).collect()
}

/// Splits a list at the commas that are not in braces.
fn globs_of(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let is_end = move |character: char| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    list.split(is_end).filter(|glob| !glob.is_empty())
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

    fn filter(include: &[&str], exclude: &[&str]) -> ObjectFilter {
        let texts = |globs: &[&str]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
        ObjectFilter::new(&texts(include), &texts(exclude), &[]).expect("globs")
    }

    #[test]
    fn lists_of_globs_have_commas_outside_of_braces() {
        let globs: Vec<&str> = globs_of("a/*.{jpg,png},,b/**,{c,{d,e}}/*").collect();
        assert_eq!(globs, ["a/*.{jpg,png}", "b/**", "{c,{d,e}}/*"]);
        let excluded = filter(&[], &["scans/a/**,scans/b/**"]);
        for key in ["a/1.jpg", "b/1.jpg"] {
            let checked = excluded.check(&object("scans", key));
            assert_eq!(checked, Err(Skipped::Excluded), "{key}");
        }
    }

    #[test]
    fn only_images_that_are_included_and_not_excluded_are_processed() {
        let filter = filter(
            &["scans/**/*.tif,photos/*"],
            &["**/private/**", "**/{a,b},c.jpg/**"],
        );
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
        let of = |place| ObjectFilter::new(&[], &[], &[place]).expect("no globs");
        for place in [
            "images/derivatives/",
            "s3://images/derivatives?region=us-east-1",
            "s3://images?region=us-east-1&prefix=derivatives%2F",
            " s3://images/%64erivatives",
        ] {
            let folder = of(place);
            assert_eq!(
                folder.check(&object("images", "derivatives/a.jpg")),
                Err(Skipped::Derivative),
                "{place}"
            );
            for (bucket, key) in [
                ("images", "derivatives.jpg"),
                ("other", "derivatives/a.jpg"),
            ] {
                assert_eq!(folder.check(&object(bucket, key)), Ok(()), "{place}: {key}");
            }
        }
        let bucket = of("images");
        assert_eq!(
            bucket.check(&object("images", "a.jpg")),
            Err(Skipped::Derivative)
        );
    }

    #[test]
    fn a_glob_that_is_none_is_named() {
        let error = ObjectFilter::new(&["scans/[".to_owned()], &[], &[]).unwrap_err();
        assert!(error.to_string().contains("`scans/[`"), "{error}");
    }
}
