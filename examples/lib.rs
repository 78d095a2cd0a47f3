//! Examples of the crates; each file beside this one is a program of its own.
//!
//! The pictures that they use are in `images`; `iiif_testkit::sample_photo` made them.

/// The sample image, a JPEG of photographic detail.
pub const ZUBER: &[u8] = include_bytes!("images/zuber.jpg");

/// The result of an example.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
