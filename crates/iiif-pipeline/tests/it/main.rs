//! The pipeline, by its public interface.

mod decode;
mod jpeg;
mod robustness;
mod tiff;
