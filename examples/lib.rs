//! Examples of the crates; each file beside this one is a program of its own.
//!
//! The picture that they use is in `images`; the project's own test kit made it.

/// The sample image, a JPEG of photographic detail.
pub const ZUBER: &[u8] = include_bytes!("images/zuber.jpg");

/// The result of an example.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
