//! The program as a user runs it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod cloud;
mod documented;
mod flags;
mod names;
mod refusals;
mod reports;
mod s3;
mod signals;
mod studio;
mod watch;
