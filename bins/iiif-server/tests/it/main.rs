//! The program, started and asked over real connections.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod check;
mod config;
mod docs;
mod pages;
mod repository;
mod server;
mod serving;
