//! Generated test images, pixel comparison and a local S3 server. For tests, examples and benches only.
//!
//! A test draws a picture with [`pattern`], makes a file of it with [`encode`], gives the file to
//! the code under test and compares what comes back with [`compare`]. For readers there are broken
//! files in [`damage`] and dishonest ones in [`header_lies`].
//!
//! Feature `s3` adds a local S3 server, `s3::S3Server`.
//!
//! ```
//! use iiif_testkit::compare::assert_similar;
//! use iiif_testkit::encode::{JpegOptions, jpeg};
//! use iiif_testkit::pattern::photo;
//!
//! let picture = photo(160, 120);
//! let file = jpeg(&picture.clone().into(), &JpegOptions { quality: 95, ..Default::default() });
//! assert!(file.starts_with(&[0xFF, 0xD8]));
//! assert_similar(&picture, &picture, f64::INFINITY);
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "aws")]
pub mod aws;
pub mod compare;
pub mod damage;
pub mod encode;
pub mod header_lies;
pub mod icc;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod pattern;
#[cfg(feature = "s3")]
pub mod s3;
mod sample;

pub use self::sample::sample_photo;
