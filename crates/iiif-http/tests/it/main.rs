//! The service over a bucket in memory, asked without a network.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod caching;
mod errors;
mod images;
mod info;
mod repository;
mod server;
mod uris;
