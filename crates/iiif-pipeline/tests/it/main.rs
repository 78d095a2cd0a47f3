//! The pipeline, by its public interface.

mod batch;
mod decode;
mod encode;
mod jpeg;
mod pyramid;
mod readers;
mod render;
mod robustness;
mod tiff;
