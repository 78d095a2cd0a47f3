//! The files of the kit, read by decoders that have nothing to do with it.

mod header_lies;
mod jpeg;
mod others;
mod png;
#[cfg(feature = "s3")]
mod s3;
mod sample;
mod tiff;
