//! Where sources and derivatives live: a bucket URI, or the named form of v1 to v6.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Error;
use crate::names::named;
use crate::reader::{Field, Object};

/// Kept as they are in a bucket URI; everything else is percent-encoded.
const TEXT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b',');

named! {
    /// The kinds of sources and caches of v1 to v6.
    enum Kind {
        /// `path` is a bucket URI.
        Blob = "blob",
        /// `path` is a folder.
        Disk = "disk",
        /// Kept in memory.
        Memory = "memory",
        /// Kept nowhere.
        Null = "null",
        /// `path` is the name of a bucket.
        S3 = "s3",
        /// The same.
        S3Blob = "s3blob",
        /// `path` is a URI template of RFC 6570.
        Uri = "uri",
        /// Photos of Flickr.
        Flickr = "flickr",
    }
}

/// Reads a bucket URI from `{"uri": …}` or `{"name": …, "path": …, …}`; `None` for an empty object.
pub(crate) fn read(field: Field<'_>) -> Result<Option<String>, Error> {
    let mut object = field.object()?;
    object.ignore(&["tmpdir", "count", "ttl", "limit"]);
    let parts = Parts {
        path: text_of(&mut object, "path")?,
        prefix: text_of(&mut object, "prefix")?,
        region: text_of(&mut object, "region")?,
        credentials: text_of(&mut object, "credentials")?,
    };
    let name = object.get("name");
    let uri = match (object.get("uri"), name) {
        (Some(uri), _) => Some(uri.string()?.to_owned()),
        (None, Some(name)) => Some(parts.to_uri(name.word()?, &object)?),
        (None, None) if parts.path.is_empty() => None,
        (None, None) => {
            return Err(object.field().mismatch(
                "an object without `uri` and `name`",
                "a bucket URI such as `{\"uri\": \"file:///usr/local/images\"}`",
            ));
        }
    };
    object.close();
    Ok(uri.filter(|uri| !uri.is_empty()))
}

fn text_of<'a>(object: &mut Object<'a>, key: &'static str) -> Result<&'a str, Error> {
    match object.get(key) {
        Some(field) => field.string(),
        None => Ok(""),
    }
}

struct Parts<'a> {
    path: &'a str,
    prefix: &'a str,
    region: &'a str,
    credentials: &'a str,
}

impl Parts<'_> {
    fn to_uri(&self, kind: Kind, object: &Object<'_>) -> Result<String, Error> {
        let needs_path = !matches!(kind, Kind::Memory | Kind::Null | Kind::Flickr);
        if needs_path && self.path.is_empty() {
            return Err(object.field().mismatch(
                format!("a `{kind}` location without `path`"),
                "a `path`: a folder, the name of a bucket, or a URI",
            ));
        }
        Ok(match kind {
            Kind::Blob => self.path.to_owned(),
            Kind::Disk => self.disk_uri(),
            Kind::Memory => "memory://".to_owned(),
            Kind::Null => "null://".to_owned(),
            Kind::S3 | Kind::S3Blob => self.s3_uri(),
            Kind::Uri => format!("rfc6570://?template={}", encode(self.path)),
            Kind::Flickr => "flickr://".to_owned(),
        })
    }

    /// An absolute folder follows `file://`; a relative one starts with a dot, so that its first
    /// part cannot be taken for a host.
    fn disk_uri(&self) -> String {
        let path = encode(self.path);
        if path.starts_with('/') || path.starts_with("./") || path.starts_with("../") {
            format!("file://{path}")
        } else {
            format!("file://./{path}")
        }
    }

    fn s3_uri(&self) -> String {
        let mut uri = format!("s3blob://{}", encode(self.path));
        let parameters = [
            ("region", self.region),
            ("credentials", self.credentials),
            ("prefix", self.prefix),
        ];
        let mut separator = '?';
        for (key, value) in parameters {
            if !value.is_empty() {
                // Writing to a string does not fail.
                let _infallible = write!(uri, "{separator}{key}={}", encode(value));
                separator = '&';
            }
        }
        uri
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, TEXT).to_string()
}
