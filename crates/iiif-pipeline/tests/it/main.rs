//! The pipeline, by its public interface.

mod batch;
mod decode;
mod encode;
mod jpeg;
mod readers;
mod render;
mod robustness;
mod tiff;
