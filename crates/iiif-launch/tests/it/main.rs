//! Requests on the wire, against a local server.
#![cfg(feature = "aws")]
#![expect(
    clippy::unwrap_used,
    clippy::assigning_clones,
    reason = "tests fail by panicking, and read more plainly"
)]

mod ecs;
mod follow;
mod handler;
mod invoke;
mod logs;
mod server;
