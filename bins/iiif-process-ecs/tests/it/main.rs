//! The program as a user runs it, against a server in the place of AWS.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod docs;
mod faults;
mod function;
mod invoke;
mod run;
mod tasks;
mod usage;
