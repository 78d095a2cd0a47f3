//! What names of web servers stand for.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Refusal;
use super::addresses::is_public;

/// Finds the addresses of a name.
pub(super) type Lookup =
    Arc<dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Returns what the system finds.
pub(super) fn system() -> Lookup {
    Arc::new(|name| {
        let find = move || {
            let found = (name.as_str(), 0).to_socket_addrs()?;
            Ok(found.map(|address| address.ip()).collect())
        };
        let found = tokio::task::spawn_blocking(find);
        async move { found.await.map_err(io::Error::other)? }.boxed()
    })
}

/// What names of web servers stand for. It is asked for every connection, so a name that changes meanwhile
/// is looked at again.
pub(super) struct Names {
    lookup: Lookup,
    /// The name that has to be at a public address.
    public: Option<String>,
}

impl Names {
    /// Returns names that may be at any address.
    pub(super) fn anywhere(lookup: Lookup) -> Self {
        let public = None;
        Self { lookup, public }
    }

    /// Returns names of which `host` has to be at public addresses. Others are those of proxies, which who
    /// runs the program has set. Literal addresses are never looked up: they say themselves where they
    /// are, as `localhost` does (RFC 6761 §6.3).
    pub(super) fn public(host: &str, lookup: Lookup) -> Self {
        let name = host.trim_end_matches('.');
        let is_local = name == "localhost" || name.ends_with(".localhost");
        let public = (!is_local).then(|| host.to_owned());
        Self { lookup, public }
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let found = (self.lookup)(host.clone());
        let must_be_public =
            (self.public.as_ref()).is_some_and(|it| it.eq_ignore_ascii_case(&host));
        Box::pin(async move {
            let found = found.await?;
            // One private address among public ones is an attempt like any other.
            let private = found.iter().find(|&&address| !is_public(address));
            if let Some(&address) = private.filter(|_| must_be_public) {
                return Err(Refusal::PrivateAddress { host, address }.into());
            }
            // The port is that of the URL.
            let addresses = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
