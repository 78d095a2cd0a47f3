//! The pipeline, by its public interface.

mod decode;
mod render;
