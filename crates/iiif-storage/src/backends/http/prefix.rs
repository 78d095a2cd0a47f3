//! The place below which everything of a bucket is.

use reqwest::Url;

use crate::key::{check_key, has_dots_with_parameters};

/// The place below which everything of a bucket is.
#[derive(Clone, Debug)]
pub(super) struct Prefix(Url);

impl Prefix {
    /// Takes the URL of a bucket and its parameter `prefix`.
    pub(super) fn new(
        url: &str,
        folder: Option<&str>,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut url = Url::parse(url)?;
        if let (Some(folder), Ok(mut path)) = (folder, url.path_segments_mut()) {
            path.pop_if_empty()
                .extend(folder.trim_end_matches('/').split('/'));
        }
        Ok(Self(url))
    }

    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns whether `url` is of an object of the bucket, by the rule for keys: nothing on the way
    /// may resolve it to another place.
    pub(super) fn contains(&self, url: &Url) -> bool {
        let rest = url.path().strip_prefix(self.0.path().trim_end_matches('/'));
        let key = rest.and_then(|rest| rest.strip_prefix('/'));
        let has_user = !url.username().is_empty() || url.password().is_some();
        url.origin() == self.0.origin()
            && !has_user
            && key.is_some_and(|key| check_key(key).is_ok() && !has_dots_with_parameters(key))
    }

    /// Returns it for people.
    pub(super) fn shown(&self) -> String {
        shown(&self.0)
    }
}

/// Returns a URL for people: without a query, which may sign it, and without a user.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_below_the_prefix_are_inside() {
        let prefix = Prefix::new("http://images.example/scans", Some("my maps/")).unwrap();
        #[rustfmt::skip]
        let cases = [
            ("http://images.example/scans/my%20maps/a.jpg",             true),
            ("http://images.example:80/scans/my%20maps/b/a.jpg?sign=1", true),
            ("http://images.example/scans/my%20maps/50%25.jpg",         true),
            ("http://images.example/scans/my%20maps",                   false),
            ("http://images.example/scans/my%20maps/",                  false),
            ("http://images.example/scans/my%20maps2/a.jpg",            false),
            ("http://images.example/scans/a.jpg",                       false),
            ("http://images.example/scans/my%20maps/../a.jpg",          false),
            ("http://images.example/scans/my%20maps/%2e%2e/a.jpg",      false),
            ("http://images.example/scans/my%20maps/..%2fa.jpg",        false),
            ("http://images.example/scans/my%20maps/%252e%252e%252fa",  false),
            ("http://images.example/scans/my%20maps/..%5ca.jpg",        false),
            ("http://images.example/scans/my%20maps/..;x/a.jpg",        false),
            ("http://images.example/scans/my%20maps/a;x.jpg",           true),
            ("http://images.example/scans/my%20maps//a.jpg",            false),
            ("https://images.example/scans/my%20maps/a.jpg",            false),
            ("http://images.example:8080/scans/my%20maps/a.jpg",        false),
            ("http://me@images.example/scans/my%20maps/a.jpg",          false),
            ("http://images.example.org/scans/my%20maps/a.jpg",         false),
            ("http://169.254.169.254/scans/my%20maps/a.jpg",            false),
        ];
        for (url, expected) in cases {
            let parsed = Url::parse(url).unwrap();
            assert_eq!(prefix.contains(&parsed), expected, "{url}");
        }
        let host = Prefix::new("http://images.example", None).unwrap();
        assert!(host.contains(&Url::parse("http://images.example/a.jpg").unwrap()));
    }
}
