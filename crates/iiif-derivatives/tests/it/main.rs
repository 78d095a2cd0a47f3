//! Jobs over buckets in memory.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod check;
mod run;
mod stream;
mod studio;
