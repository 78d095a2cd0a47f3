//! The pipeline, by its public interface.

mod batch;
mod decode;
mod encode;
mod render;
