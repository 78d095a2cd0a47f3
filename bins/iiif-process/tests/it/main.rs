//! The program as a user runs it.

mod documented;
mod flags;
mod refusals;
mod reports;
mod s3;
mod signals;
mod studio;
mod watch;
