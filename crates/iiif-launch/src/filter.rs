//! Which of the objects that were created are processed.

use std::fmt;
use std::str::FromStr;

use globset::{Glob, GlobBuilder, GlobMatcher};
use iiif_config::{encode_path, has_image_extension, redact_uri};
use percent_encoding::percent_decode_str;

use crate::CreatedObject;

/// The schemes of buckets that derivatives can be written to.
const SCHEMES: [&str; 6] = ["s3", "s3blob", "gs", "az", "azblob", "file"];

/// Which of the objects that were created are processed: by globs over `bucket/key`, by their
/// extension, and never what lies where derivatives go.
#[derive(Clone, Debug, Default)]
pub struct ObjectFilter {
    include: Vec<GlobMatcher>,
    exclude: Vec<GlobMatcher>,
    derivatives: Vec<BucketFolder>,
    source_bucket: Option<String>,
}

/// A folder of a bucket, in which derivatives are. `BUCKET`, `BUCKET/FOLDER` and URIs such as
/// `s3://BUCKET/FOLDER` parse to it. `Debug` shows no secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketFolder {
    bucket: String,
    /// Ends with a slash, or is empty for the whole bucket.
    prefix: String,
    uri: String,
}

/// Text that is no [`BucketFolder`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{place}` is no place in a bucket; expected one `BUCKET`, `BUCKET/FOLDER` or URI such as \
     `s3://BUCKET/FOLDER`, in which a comma is `%2C`"
)]
pub struct ParseBucketFolderError {
    /// The text without its secrets.
    pub place: String,
}

/// Why an object is not processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Skipped {
    /// It lies where derivatives go.
    #[error("it lies where derivatives go")]
    Derivative,
    /// It lies in a bucket that images are not read from.
    #[error("images are read from another bucket; `-source-from-event` reads it where it lies")]
    OtherBucket,
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
    /// `exclude`. What is put into one of `derivatives` is never processed.
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
        derivatives: Vec<BucketFolder>,
    ) -> Result<Self, GlobError> {
        Ok(Self {
            include: matchers(include)?,
            exclude: matchers(exclude)?,
            derivatives,
            source_bucket: None,
        })
    }

    /// Sets the bucket from which images are read: the same key in another is another object.
    #[must_use]
    pub fn with_source_bucket(self, source_bucket: Option<String>) -> Self {
        Self {
            source_bucket,
            ..self
        }
    }

    /// Checks whether an object is processed.
    ///
    /// # Errors
    ///
    /// Why it is not.
    pub fn check(&self, object: &CreatedObject) -> Result<(), Skipped> {
        let is_derivative = |folder: &BucketFolder| {
            folder.bucket == object.bucket && object.key.starts_with(&folder.prefix)
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
        if let Some(source) = &self.source_bucket
            && *source != object.bucket
        {
            return Err(Skipped::OtherBucket);
        }
        Ok(())
    }
}

impl BucketFolder {
    /// Reads the URI of a bucket that opens, in which the folder may also stand as parameter `prefix`. One
    /// of a local folder is a place that no event tells of.
    #[must_use]
    pub fn of_uri(place: &str) -> Self {
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let given = place.trim();
        let (scheme, place) = given.split_once("://").unwrap_or(("", place));
        let (path, parameters) = place.split_once('?').unwrap_or((place, ""));
        let (bucket, folder) = path.split_once('/').unwrap_or((path, ""));
        let in_bucket = parameters
            .split('&')
            .filter_map(|parameter| parameter.strip_prefix("prefix="))
            .map(|prefix| decoded(&prefix.replace('+', " ")));
        // Only URIs are encoded.
        let (folder, uri) = if scheme.is_empty() {
            let uri = format!("s3://{}", encode_path(path));
            (folder.to_owned(), uri)
        } else {
            (decoded(folder), given.to_owned())
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
            uri,
        }
    }

    /// Returns the URI with which the place is opened, secrets included. Of a place that is no URI it is
    /// one on S3.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Returns the name of the bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }
}

impl FromStr for BucketFolder {
    type Err = ParseBucketFolderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (scheme, place) = text.trim().split_once("://").unwrap_or(("s3", text.trim()));
        let (place, _parameters) = place.split_once('?').unwrap_or((place, ""));
        let bucket = place.split('/').next().unwrap_or_default();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        // A local folder is after an empty host.
        let has_bucket = !bucket.is_empty() || scheme.eq_ignore_ascii_case("file");
        let is_known = SCHEMES
            .iter()
            .any(|known| known.eq_ignore_ascii_case(scheme));
        // A comma makes a list of it.
        if is_known && has_bucket && bucket.bytes().all(is_name) && !place.contains(',') {
            return Ok(Self::of_uri(text));
        }
        Err(ParseBucketFolderError {
            place: redact_uri(text),
        })
    }
}

impl fmt::Debug for BucketFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketFolder({})", redact_uri(&self.uri))
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
    list.split(is_end)
        .map(str::trim)
        .filter(|glob| !glob.is_empty())
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
        ObjectFilter::new(&texts(include), &texts(exclude), Vec::new()).expect("globs")
    }

    #[test]
    fn lists_of_globs_have_commas_outside_of_braces() {
        let globs: Vec<&str> = globs_of("a/*.{jpg,png},, b/** ,{c,{d,e}}/*").collect();
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
    fn objects_of_a_bucket_that_is_not_the_source_are_not_processed_whatever_is_included() {
        for include in [&[][..], &["**/*.jpg"], &["scans/**,maps/**"]] {
            let filter = filter(include, &[]).with_source_bucket(Some("scans".to_owned()));
            let other = filter.check(&object("maps", "1.jpg"));
            assert_eq!(other, Err(Skipped::OtherBucket));
            assert_eq!(filter.check(&object("scans", "1.jpg")), Ok(()));
        }
    }

    #[test]
    fn derivatives_are_never_processed() {
        let of = |place: &str| {
            let folder = place.parse().expect("a place in a bucket");
            ObjectFilter::new(&[], &[], vec![folder]).expect("no globs")
        };
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
    fn a_place_means_the_same_where_it_is_excluded_and_where_it_is_opened() {
        for (text, uri, key) in [
            ("scans/a%2Cb", "s3://scans/a%252Cb", "a%2Cb/1.jpg"),
            ("s3://scans/a%2Cb", "s3://scans/a%2Cb", "a,b/1.jpg"),
        ] {
            let place: BucketFolder = text.parse().expect("a place");
            assert_eq!(place.uri(), uri);
            let filter = ObjectFilter::new(&[], &[], vec![place]).expect("no globs");
            let checked = filter.check(&object("scans", key));
            assert_eq!(checked, Err(Skipped::Derivative), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_in_a_bucket_is_refused() {
        for text in [
            "",
            "/srv/derivatives",
            "scans/d1,scans/d2",
            "s3://scans/d1,s3://scans/d2",
            "arn:aws:s3:::scans/derivatives",
            "s3:///derivatives",
            "ftp://scans/derivatives",
            "scans derivatives",
        ] {
            let error = text.parse::<BucketFolder>().unwrap_err().to_string();
            assert!(error.contains("`BUCKET/FOLDER`"), "{error}");
        }
        for text in [
            "scans/a%2Cb",
            "s3blob://scans?prefix=a,b",
            "file:///srv/derivatives",
            "GS://scans",
        ] {
            assert!(text.parse::<BucketFolder>().is_ok(), "{text}");
        }
    }

    #[test]
    fn a_glob_that_is_none_is_named() {
        let error = ObjectFilter::new(&["scans/[".to_owned()], &[], Vec::new()).unwrap_err();
        assert!(error.to_string().contains("`scans/[`"), "{error}");
    }
}
