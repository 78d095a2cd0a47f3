//! The pipeline, by its public interface.

mod decode;
mod robustness;
mod tiff;
