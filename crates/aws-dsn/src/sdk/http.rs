//! The HTTP client of all SDK clients.

use std::sync::LazyLock;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use aws_types::sdk_config::SharedHttpClient;

/// One client is one pool of connections and one reading of the system's certificates.
static CLIENT: LazyLock<SharedHttpClient> = LazyLock::new(build);

pub(super) fn client() -> SharedHttpClient {
    CLIENT.clone()
}

/// The SDK's own default client, with `ring` in place of `aws-lc`: it has proxies from the
/// environment, which `Builder::build_https` leaves out.
fn build() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring));
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.build()
    })
}
