//! Clients of the SDK.

/// Returns the client of an SDK crate with a configuration. Without credentials, as `anon:` has none, its
/// requests are not signed: a client that is not told so refuses to send them.
macro_rules! client {
    ($sdk:ident, $config:expr) => {{
        let builder = $sdk::config::Builder::from($config);
        let builder = match $config.credentials_provider() {
            Some(_) => builder,
            None => builder.allow_no_auth(),
        };
        $sdk::Client::from_conf(builder.build())
    }};
}

pub(crate) use client;
