//! The pipeline, by its public interface.

mod batch;
mod decode;
mod decoded;
mod encode;
mod jpeg;
mod jpeg2000;
mod levels;
mod logged;
mod pyramid;
mod readers;
mod remote;
mod render;
mod robustness;
mod tiff;
mod tiff_pictures;
mod tiles;
