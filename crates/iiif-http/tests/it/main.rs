//! The service over a bucket in memory, asked without a network.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod caching;
mod conformance;
mod errors;
mod example;
mod images;
mod info;
mod lanes;
mod reload;
mod remote;
mod repository;
mod server;
mod services;
mod stored;
mod uris;
mod waiting;
mod watched_store;
mod web;
