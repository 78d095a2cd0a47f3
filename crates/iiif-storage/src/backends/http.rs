//! Web servers, read-only, and nothing but what their URI names.
//!
//! Who puts files on a web server, or answers for its name, may not make this program ask elsewhere:
//! redirects stay below the [`Prefix`], and [`Names`] lead to public addresses only.

mod addresses;
mod client;
mod names;
mod prefix;

use std::net::IpAddr;
use std::sync::Arc;

use object_store::http::HttpBuilder;

use self::client::Client;
use self::names::{Lookup, Names};
use self::prefix::Prefix;
use crate::bucket::{Access, Store};
use crate::uri::BucketUri;
use crate::{Result, StorageOpener};

/// The parameter that allows names at private addresses.
const ALLOW_PRIVATE: &str = "allow_private";

/// Why a web server is not asked for what it leads to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// A redirect leads out of the bucket.
    #[error("it is redirected to `{to}`; expected a place below `{prefix}`")]
    RedirectedOut { to: String, prefix: String },
    /// One redirect leads to the next.
    #[error("it is redirected more than {most} times")]
    RedirectedOften { most: usize },
    /// A name of the key is a `.` or `..` with parameters.
    #[error("it has parameters behind `.` or `..`")]
    Parameters,
    /// The web server does not do what is asked of it at all.
    #[error("it answered `{method}` with {status}")]
    NotDone { method: String, status: u16 },
    /// A name leads into the network of this machine.
    #[error(
        "`{host}` is at the private address {address}; expected a public one, or `{ALLOW_PRIVATE}=true` in \
         the URI of the bucket"
    )]
    PrivateAddress { host: String, address: IpAddr },
}

pub(crate) fn open_http(uri: &BucketUri, opener: &StorageOpener) -> Result<Store> {
    open_with(uri, opener, names::system())
}

/// Opens a web server whose name `lookup` finds.
fn open_with(uri: &BucketUri, opener: &StorageOpener, lookup: Lookup) -> Result<Store> {
    uri.check_params(&[ALLOW_PRIVATE])?;
    if uri.place.contains(['@', '#']) {
        return Err(uri.invalid("has a user, a password or a `#` in it; expected none".to_owned()));
    }
    let url = format!("{}://{}", uri.scheme, uri.place.trim_end_matches('/'));
    let prefix = Prefix::new(&url, uri.param("prefix")).map_err(|error| uri.cannot_open(error))?;
    let names = if uri.switch(ALLOW_PRIVATE, false)? {
        Names::anywhere(lookup)
    } else {
        Names::public(prefix.host(), lookup)
    };
    let client = Client::new(prefix, names, opener.retry().request_timeout);
    let store = HttpBuilder::new()
        .with_url(&url)
        .with_retry(opener.retry().to_config())
        .with_http_connector(client.map_err(|error| uri.cannot_open(error))?)
        .build()
        .map_err(|error| uri.cannot_open(error))?;
    Ok(Store::new(Arc::new(store), Some(&url), Access::ReadOnly))
}

#[cfg(test)]
mod tests;
