//! Amazon S3 and servers that speak its protocol.

mod credentials;
mod endpoint;
mod profile;
mod provider;

use std::sync::Arc;

use aws_dsn::{AssumedRole, CredentialSource};
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};

use self::credentials::Wanted;
use self::endpoint::Endpoint;
use super::signing::{is_true, signer};
use crate::bucket::{Access, Store};
use crate::uri::BucketUri;
use crate::{Result, StorageOpener};

/// Parameters of gocloud's `s3blob` and of go-iiif's. Those that tune the Go client mean nothing
/// here and are accepted.
const PARAMS: [&str; 21] = [
    "accelerate",
    "acl",
    "anonymous",
    "awssdk",
    "credentials",
    "disable_https",
    "dualstack",
    "endpoint",
    "fips",
    "hostname_immutable",
    "kmskeyid",
    "profile",
    "rate_limiter_capacity",
    "region",
    "request_checksum_calculation",
    "response_checksum_validation",
    "role",
    "s3ForcePathStyle",
    "ssetype",
    "use_path_style",
    "disableSSL",
];

/// Canned access lists of S3.
const ACLS: [&str; 4] = [
    "authenticated-read",
    "private",
    "public-read",
    "public-read-write",
];

/// Where neither the URI nor the environment nor the profile names a region.
const DEFAULT_REGION: &str = "us-east-1";

pub(crate) fn open_s3(uri: &BucketUri, opener: &StorageOpener) -> Result<Store> {
    uri.check_params(&PARAMS)?;
    let bucket = uri.bucket_name()?;
    check_acl(uri)?;
    let environment = opener.environment();
    let region = uri
        .param("region")
        .or_else(|| environment.get("AWS_REGION"))
        .or_else(|| environment.get("AWS_DEFAULT_REGION"));
    let wanted = wanted(uri, region)?;
    let builder = AmazonS3Builder::new().with_bucket_name(bucket);
    let (mut builder, profile_region) =
        credentials::apply(builder, &wanted, opener).map_err(|error| {
            if error.is_unsupported() {
                uri.unsupported(error.to_string())
            } else {
                uri.cannot_open(error)
            }
        })?;
    let region = region
        .or(profile_region.as_deref())
        .unwrap_or(DEFAULT_REGION);
    let endpoint = Endpoint::of(uri, environment, bucket, region)?;
    if let Some(url) = &endpoint.url {
        builder = builder.with_endpoint(url);
    }
    builder = encryption(builder, uri)
        .with_region(region)
        .with_virtual_hosted_style_request(endpoint.virtual_hosted)
        .with_retry(opener.retry().to_config())
        .with_client_options(opener.retry().client_options(endpoint.url.as_deref()));
    let can_sign = !is_true(builder.get_config_value(&AmazonS3ConfigKey::SkipSignature));
    let store = builder.build().map_err(|error| uri.cannot_open(error))?;
    let identity = format!("s3 {} {bucket}", endpoint.identity);
    let store = Arc::new(store);
    let signer = can_sign.then(|| signer(&store));
    Ok(Store::new(store, Some(&identity), Access::ReadWrite).with_signer(signer))
}

/// `credentials=` says it all; without it, gocloud's `anonymous`, `profile` and `role` do, and
/// without these it is the default chain. A role is assumed by the profile, if there is one.
fn wanted<'a>(uri: &BucketUri, region: Option<&'a str>) -> Result<Wanted<'a>> {
    let wanted = |source| Wanted {
        source,
        base: CredentialSource::Role,
        region,
    };
    if let Some(text) = uri.credentials() {
        let source = text.parse().map_err(|error| uri.cannot_open(error))?;
        return Ok(wanted(source));
    }
    if uri.switch("anonymous", false)? {
        return Ok(wanted(CredentialSource::Anonymous));
    }
    let own = match uri.param("profile") {
        Some(name) => CredentialSource::Profile(aws_dsn::Profile {
            name: name.to_owned(),
            file: None,
        }),
        None => CredentialSource::Role,
    };
    Ok(match uri.param("role") {
        Some(arn) => Wanted {
            source: CredentialSource::AssumeRole(AssumedRole {
                region: region.unwrap_or(DEFAULT_REGION).to_owned(),
                arn: arn.to_owned(),
            }),
            base: own,
            region,
        },
        None => wanted(own),
    })
}

/// Canned access lists are not sent: the client cannot sign their header, and buckets have been
/// created with access lists off since April 2023.
fn check_acl(uri: &BucketUri) -> Result<()> {
    match uri.param("acl") {
        None | Some("private") => Ok(()),
        Some(acl) if ACLS.contains(&acl) => {
            tracing::warn!(
                bucket = %uri,
                "`acl={acl}` is not applied; a bucket policy can make objects public"
            );
            Ok(())
        }
        Some(_) => Err(uri.invalid(format!(
            "has an unknown `acl`; expected {}",
            ACLS.map(|acl| format!("`{acl}`")).join(", ")
        ))),
    }
}

fn encryption(mut builder: AmazonS3Builder, uri: &BucketUri) -> AmazonS3Builder {
    for (param, config) in [
        ("ssetype", "aws_server_side_encryption"),
        ("kmskeyid", "aws_sse_kms_key_id"),
    ] {
        let key: Result<AmazonS3ConfigKey, _> = config.parse();
        if let (Some(value), Ok(key)) = (uri.param(param), key) {
            builder = builder.with_config(key, value);
        }
    }
    builder
}
