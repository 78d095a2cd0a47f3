//! Names of images: paths without extensions.

use iiif_pipeline::SourceFormat;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::Problem;
use crate::store::is_in_folder;

/// The extensions of images, with their formats. Of several for one format the first is written.
const EXTENSIONS: [(&str, SourceFormat); 14] = [
    ("jpg", SourceFormat::Jpeg),
    ("jpeg", SourceFormat::Jpeg),
    ("png", SourceFormat::Png),
    ("gif", SourceFormat::Gif),
    ("tif", SourceFormat::Tiff),
    ("tiff", SourceFormat::Tiff),
    ("webp", SourceFormat::WebP),
    ("bmp", SourceFormat::Bmp),
    ("jp2", SourceFormat::Jpeg2000),
    ("j2k", SourceFormat::Jpeg2000),
    ("j2c", SourceFormat::Jpeg2000),
    ("jpc", SourceFormat::Jpeg2000),
    ("jpf", SourceFormat::Jpeg2000),
    ("jpx", SourceFormat::Jpeg2000),
];

/// With the extension and a prefix this stays below what S3 takes: 1,024 bytes.
const MAX_NAME_BYTES: usize = 900;

/// File systems take 255 bytes, with the extension and what temporary files add.
const MAX_SEGMENT_BYTES: usize = 200;

/// What is encoded in paths: all but the unreserved characters (RFC 3986 §2.3) and slashes.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// What a path below the repository names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The folder of this name; empty for all.
    Folder(String),
    Image(ImageName),
}

/// The name of an image, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImageName {
    /// Without the extension.
    stem: String,
    /// With the extension, where there is one; tells images of the same stem apart.
    asked: String,
    /// The keys that a listing has of this name; empty where none was looked at.
    listed: Vec<String>,
}

impl Place {
    /// Reads a path as it stands in the request: decoded once, so that an encoded slash is a slash.
    pub(super) fn parse(path: &str) -> Result<Self, Problem> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let escapes_are_complete = path.split('%').skip(1).all(|after| {
            let digits = after.as_bytes().get(..2);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        });
        let decoded = percent_decode_str(path).decode_utf8().ok();
        let path = decoded.filter(|_| escapes_are_complete).ok_or_else(|| {
            Problem::bad_request("the path is not UTF-8 when decoded; expected a name of an image")
        })?;
        if path.is_empty() {
            return Ok(Self::Folder(String::new()));
        }
        let name = path.strip_suffix('/').unwrap_or(&path);
        check(name)?;
        if name.len() < path.len() {
            return Ok(Self::Folder(name.to_owned()));
        }
        Ok(Self::Image(ImageName::of(name)))
    }
}

impl ImageName {
    pub(super) fn of(name: &str) -> Self {
        let stem = split(name).map_or(name, |(stem, _)| stem);
        Self {
            stem: stem.to_owned(),
            asked: name.to_owned(),
            listed: Vec::new(),
        }
    }

    /// Returns a name as it is [shown](shown), of which these keys were listed.
    pub(super) fn listed(name: &str, keys: Vec<String>) -> Self {
        Self {
            listed: keys,
            ..Self::of(name)
        }
    }

    /// Returns the keys that an image of this name can have.
    pub(super) fn keys(&self) -> Vec<String> {
        if !self.listed.is_empty() {
            return self.listed.clone();
        }
        let both_cases = |(extension, _): (&str, SourceFormat)| {
            let upper = extension.to_ascii_uppercase();
            [
                format!("{}.{extension}", self.stem),
                format!("{}.{upper}", self.stem),
            ]
        };
        EXTENSIONS.into_iter().flat_map(both_cases).collect()
    }

    /// Returns the key of a new image of this name.
    pub(super) fn new_key(&self, format: SourceFormat) -> String {
        let known = EXTENSIONS.into_iter().find(|(_, it)| *it == format);
        format!("{}.{}", self.stem, known.map_or("img", |(it, _)| it))
    }

    /// Returns the name as it was asked for: a key, if it was with its extension.
    pub(super) fn asked_key(&self) -> &str {
        &self.asked
    }

    /// Returns the stem, which is the same for all that mean the same image.
    pub(super) fn stem(&self) -> &str {
        &self.stem
    }

    /// Returns a path that names the image, percent-encoded.
    pub(super) fn to_path(&self) -> String {
        encoded(&shown(&format!("{}.jpg", self.stem)).unwrap_or_default())
    }
}

/// Returns the name under which the object of a key is shown, which finds it again; none if it is no
/// image by its extension.
///
/// What remains without the extension may look as if it had one; it is shown with it then.
pub(super) fn shown(key: &str) -> Option<String> {
    let (stem, _) = split(key).filter(|_| !is_in_folder(key))?;
    let name = if split(stem).is_some() { key } else { stem };
    Some(name.to_owned())
}

/// Returns text as a part of a URI.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// Returns the media type of a format.
pub(super) fn media_type(format: SourceFormat) -> &'static str {
    match format {
        SourceFormat::Jpeg => "image/jpeg",
        SourceFormat::Jpeg2000 => "image/jp2",
        SourceFormat::Png => "image/png",
        SourceFormat::Gif => "image/gif",
        SourceFormat::Tiff => "image/tiff",
        SourceFormat::WebP => "image/webp",
        SourceFormat::Bmp => "image/bmp",
        _ => "application/octet-stream",
    }
}

/// Splits an extension of images off, in lower or in upper case.
fn split(name: &str) -> Option<(&str, &str)> {
    let (stem, extension) = name.rsplit_once('.')?;
    let is_known = EXTENSIONS
        .iter()
        .any(|(known, _)| extension == *known || extension == known.to_ascii_uppercase());
    (is_known && !stem.is_empty() && !stem.ends_with('/')).then_some((stem, extension))
}

/// Refuses what is no name. What is encoded more than once storage refuses besides.
fn check(name: &str) -> Result<(), Problem> {
    let problem = if name.len() > MAX_NAME_BYTES {
        "is longer than 900 bytes"
    } else if name.contains(|c: char| c.is_control() || c == '\\') {
        "has a backslash or a control character"
    } else if name.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "has an empty part, `.` or `..`"
    } else if name.split('/').any(|part| part.len() > MAX_SEGMENT_BYTES) {
        "has a part longer than 200 bytes"
    } else if is_in_folder(name) {
        "lies in a folder of the service"
    } else {
        return Ok(());
    };
    Err(Problem::bad_request(format!(
        "the name of the image {problem}; expected names with `/` between them"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stem(path: &str) -> Option<String> {
        match Place::parse(path) {
            Ok(Place::Image(name)) => Some(name.stem),
            _ => None,
        }
    }

    #[test]
    fn every_extension_of_images_has_its_format() {
        let mut extensions = EXTENSIONS.map(|(extension, _)| extension);
        extensions.sort_unstable();
        assert_eq!(extensions, iiif_config::IMAGE_EXTENSIONS);
    }

    #[test]
    fn extensions_are_no_part_of_names() {
        let table = [
            ("/maps/a.jpg", "maps/a"),
            ("/maps/a", "maps/a"),
            ("/maps%2Fa.PNG", "maps/a"),
            ("/a%20b.tiff", "a b"),
            ("/a.jpg.png", "a.jpg"),
            ("/v1.2", "v1.2"),
            ("/.jpg", ".jpg"),
            ("/a/.jpg", "a/.jpg"),
            ("/100%25.jpg", "100%"),
        ];
        for (path, expected) in table {
            assert_eq!(stem(path).as_deref(), Some(expected), "{path}");
        }
        assert_eq!(Place::parse("/").ok(), Some(Place::Folder(String::new())));
        let folder = Place::Folder("maps/old".to_owned());
        assert_eq!(Place::parse("/maps/old/").ok(), Some(folder));
    }

    #[test]
    fn a_name_that_is_shown_finds_the_key_again() {
        for key in [
            "a.jpg",
            "maps/a.TIFF",
            "a.jpg.png",
            ".jpg.jpg",
            "ü/a b.webp",
        ] {
            let name = shown(key).unwrap();
            let Ok(Place::Image(name)) = Place::parse(&format!("/{}", encoded(&name))) else {
                panic!("`{name}` names no image");
            };
            assert!(name.keys().iter().any(|it| it == key), "{key}: {name:?}");
        }
        for other in ["notes.txt", "a", ".jpg", "a.Jpg", ".iiif/a/b.jpg"] {
            assert_eq!(shown(other), None, "{other}");
        }
    }

    #[test]
    fn what_leads_elsewhere_is_no_name() {
        let long = format!("/{}", "a".repeat(201));
        for path in [
            "/../a",
            "/%2e%2e/a",
            "/a%2F..%2Fb",
            "/a/./b",
            "//a",
            "/a//b",
            "/..%5Ca",
            "/a%00.jpg",
            "/a%0D%0AX-Evil:y",
            "/a%C2%85",
            "/%ff",
            "/.iiif/a.jpg",
            "/a%2",
            "/a%zz",
            &long,
            &"/a".repeat(500),
        ] {
            assert!(Place::parse(path).is_err(), "{path}");
        }
    }
}
