//! What a path asks for (Image API 2.1 §2, 3.0 §2).

use std::borrow::Cow;

use iiif_image_api::{ApiVersion, Identifier};
use percent_encoding::percent_decode_str;

use crate::Problem;

/// Where the versions of the Image API are mounted. go-iiif answers 2.1 at the root.
const PREFIXES: [(&str, ApiVersion); 3] = [
    ("iiif/3", ApiVersion::V3),
    ("iiif/2", ApiVersion::V2),
    ("", ApiVersion::V2),
];

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) version: ApiVersion,
    /// The path below which the image lies: `iiif/3`, or nothing.
    pub(crate) prefix: &'static str,
    pub(crate) identifier: Identifier,
    pub(crate) resource: Resource,
}

/// What is asked of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// The image itself, by its base URI.
    Base,
    /// info.json.
    Info,
    /// A derivative: `{region}/{size}/{rotation}/{quality}.{format}`, decoded.
    Image(String),
}

impl Target {
    /// Reads a path that starts with a slash, as it stands in the request: nothing is decoded yet.
    /// Identifiers are one segment, so that their slashes are `%2F` (3.0 §9).
    pub(crate) fn parse(path: &str) -> Result<Self, Problem> {
        let path = path.trim_start_matches('/');
        let below = |(prefix, version): (&'static str, ApiVersion)| {
            let rest = match prefix {
                "" => Some(path),
                prefix => path.strip_prefix(prefix)?.strip_prefix('/'),
            };
            rest.map(|rest| (prefix, version, rest))
        };
        let (prefix, version, rest) = PREFIXES
            .into_iter()
            .find_map(below)
            .ok_or_else(Problem::no_such_path)?;
        let segments: Vec<&str> = rest.split('/').collect();
        let resource = match &segments[1..] {
            [] | [""] => Resource::Base,
            ["info.json"] => Resource::Info,
            request @ [_, _, _, _] => Resource::Image(decoded(request)?),
            _ => return Err(Problem::no_such_path()),
        };
        if segments[0].is_empty() {
            return Err(Problem::no_such_path());
        }
        let identifier = Identifier::from_path_segment(segments[0]).map_err(Problem::identifier)?;
        Ok(Self {
            version,
            prefix,
            identifier,
            resource,
        })
    }
}

/// Decodes each part once; a slash that was encoded belongs to no part of a request.
fn decoded(parts: &[&str]) -> Result<String, Problem> {
    let decode = |part| {
        let decoded = percent_decode_str(part).decode_utf8().ok();
        decoded.filter(|decoded| !decoded.contains('/'))
    };
    let parts: Option<Vec<Cow<'_, str>>> = parts.iter().copied().map(decode).collect();
    let parts = parts.ok_or_else(|| {
        Problem::bad_request("the request is not UTF-8 when decoded, or has an encoded `/`")
    })?;
    Ok(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str) -> Option<(&'static str, String, Resource)> {
        let target = Target::parse(path).ok()?;
        Some((
            target.prefix,
            target.identifier.as_str().to_owned(),
            target.resource,
        ))
    }

    #[test]
    fn paths_are_told_apart_by_their_segments() {
        let image = |request: &str| Resource::Image(request.to_owned());
        let table = [
            ("/iiif/3/a.tif", "iiif/3", "a.tif", Resource::Base),
            ("/iiif/3/a.tif/", "iiif/3", "a.tif", Resource::Base),
            ("/iiif/2/a.tif/info.json", "iiif/2", "a.tif", Resource::Info),
            ("/a.tif/info.json", "", "a.tif", Resource::Info),
            (
                "/iiif/3/b%2Fa%2520b/full/%5Emax/%210/default.jpg",
                "iiif/3",
                "b/a%20b",
                image("full/^max/!0/default.jpg"),
            ),
            (
                "/a.tif/0%2C0,9,9/9,/0/gray.png",
                "",
                "a.tif",
                image("0,0,9,9/9,/0/gray.png"),
            ),
        ];
        for (path, prefix, identifier, resource) in table {
            assert_eq!(
                parse(path),
                Some((prefix, identifier.to_owned(), resource)),
                "{path}"
            );
        }
    }

    #[test]
    fn other_paths_name_nothing() {
        for path in [
            "/",
            "/iiif/3",
            "/iiif/3/",
            "/iiif/3/a/b/info.json",
            "/iiif/3//info.json",
            "/iiif/3/a/full/max/0",
            "/iiif/3/a/full/max/0/default.jpg/x",
            "/iiif/3/%2e%2e/info.json",
            "/iiif/3/a%00b/info.json",
            "/iiif/3/a%zz/info.json",
            "/iiif/3/%ff/info.json",
            "/iiif/3/a/full%2Fmax/max/0/default.jpg",
        ] {
            let target = Target::parse(path);
            assert!(target.is_err(), "{path}: {target:?}");
        }
    }
}
