//! The program, started and asked over real connections.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod check;
mod clients;
mod config;
mod docs;
mod flags;
mod http2;
mod lambda;
mod pages;
mod repository;
mod server;
mod serving;
mod tls;
