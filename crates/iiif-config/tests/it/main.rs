//! The files and URIs that users of go-iiif have, and what is said about wrong ones.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests are not test functions"
)]

mod config;
mod features;
mod instructions;
mod uri;

use std::error::Error;

/// Returns an error and its causes on one line, as programs print them.
fn chain(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        message = format!("{message}: {error}");
        cause = error.source();
    }
    message
}
