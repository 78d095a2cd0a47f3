//! Which server a bucket is on.

use crate::uri::BucketUri;
use crate::{Environment, Result};

/// Where requests for a bucket go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// The URL, with the bucket in its host if `virtual_hosted`; none for AWS's own standard.
    pub(super) url: Option<String>,
    /// Whether the bucket is in the host rather than in the path.
    pub(super) virtual_hosted: bool,
    /// The server, the same for all ways to reach it.
    pub(super) identity: String,
}

impl Endpoint {
    /// The URL is `endpoint`, else `AWS_ENDPOINT_URL_S3`, else `AWS_ENDPOINT_URL`, else AWS.
    ///
    /// AWS is asked by virtual host, save for buckets with a dot, whose hosts no certificate
    /// covers. Others are asked by path, which all of them know, unless `use_path_style=false`.
    pub(super) fn of(
        uri: &BucketUri,
        environment: &Environment,
        bucket: &str,
        region: &str,
    ) -> Result<Self> {
        let own = match uri.url_param("endpoint")? {
            Some(url) => Some(url),
            None => environment
                .get("AWS_ENDPOINT_URL_S3")
                .or_else(|| environment.get("AWS_ENDPOINT_URL")),
        };
        let by_path = match uri.param("s3ForcePathStyle") {
            Some(_) => uri.switch("s3ForcePathStyle", false)?,
            None => uri.switch("use_path_style", own.is_some() || bucket.contains('.'))?,
        };
        let url = match own {
            Some(url) => Some(url.to_owned()),
            None => amazon(uri, region)?,
        };
        let url = match url {
            Some(url) if !by_path => Some(url.replacen("://", &format!("://{bucket}."), 1)),
            url => url,
        };
        Ok(Self {
            url,
            virtual_hosted: !by_path,
            identity: own
                .map_or("aws", |url| url.trim_end_matches('/'))
                .to_owned(),
        })
    }
}

/// Returns AWS's server where it is not the standard one of the region.
fn amazon(uri: &BucketUri, region: &str) -> Result<Option<String>> {
    let is_plain = uri.switch("disable_https", false)? || uri.switch("disableSSL", false)?;
    let is_dual = uri.switch("dualstack", false)?;
    let is_fips = uri.switch("fips", false)?;
    let domain = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    let scheme = if is_plain { "http" } else { "https" };
    if uri.switch("accelerate", false)? {
        let dual = if is_dual { ".dualstack" } else { "" };
        return Ok(Some(format!("{scheme}://s3-accelerate{dual}.{domain}")));
    }
    if !is_plain && !is_dual && !is_fips && domain == "amazonaws.com" {
        return Ok(None);
    }
    let service = if is_fips { "s3-fips" } else { "s3" };
    let dual = if is_dual { ".dualstack" } else { "" };
    Ok(Some(format!(
        "{scheme}://{service}{dual}.{region}.{domain}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_asked_for_where_its_uri_says() {
        #[rustfmt::skip]
        let cases = [
            ("s3://b",                                          None,                                           true),
            ("s3://b?use_path_style=true",                      None,                                           false),
            ("s3://b.c",                                        None,                                           false),
            ("s3://b?endpoint=http://localhost:9000/",          Some("http://localhost:9000"),                  false),
            ("s3://b?endpoint=https://fra1.example.com&use_path_style=false", Some("https://b.fra1.example.com"), true),
            ("s3://b?disable_https=true",                       Some("http://b.s3.eu-west-1.amazonaws.com"),    true),
            ("s3://b?dualstack=true&fips=true",                 Some("https://b.s3-fips.dualstack.eu-west-1.amazonaws.com"), true),
            ("s3://b?accelerate=true",                          Some("https://b.s3-accelerate.amazonaws.com"),  true),
        ];
        for (text, url, virtual_hosted) in cases {
            let uri = BucketUri::parse(text).unwrap();
            let bucket = uri.bucket_name().unwrap().to_owned();
            let endpoint = Endpoint::of(&uri, &Environment::empty(), &bucket, "eu-west-1").unwrap();
            assert_eq!(endpoint.url.as_deref(), url, "`{text}`");
            assert_eq!(endpoint.virtual_hosted, virtual_hosted, "`{text}`");
        }
    }

    #[test]
    fn regions_in_china_have_a_domain_of_their_own() {
        let uri = BucketUri::parse("s3://b").unwrap();
        let endpoint = Endpoint::of(&uri, &Environment::empty(), "b", "cn-north-1").unwrap();
        assert_eq!(
            endpoint.url.as_deref(),
            Some("https://b.s3.cn-north-1.amazonaws.com.cn")
        );
    }

    #[test]
    fn the_environment_names_an_endpoint_where_the_uri_does_not() {
        let environment = Environment::from_iter([
            ("AWS_ENDPOINT_URL", "http://all:1"),
            ("AWS_ENDPOINT_URL_S3", "http://s3:2"),
        ]);
        let of = |text| {
            let uri = BucketUri::parse(text).unwrap();
            Endpoint::of(&uri, &environment, "b", "r").unwrap().url
        };
        assert_eq!(of("s3://b").as_deref(), Some("http://s3:2"));
        assert_eq!(
            of("s3://b?endpoint=http://uri:3").as_deref(),
            Some("http://uri:3")
        );
    }
}
