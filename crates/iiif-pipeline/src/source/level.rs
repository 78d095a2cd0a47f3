//! One of the sizes in which a file holds its image.

use std::sync::{Arc, OnceLock};

use iiif_image_api::Dimensions;

use crate::decode::PageIndex;

/// One of the sizes in which a file holds its image, and how it is cut into chunks: pieces that are
/// decompressed as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Level {
    pub(crate) dimensions: Dimensions,
    /// Where the file describes it: an offset in bytes.
    pub(crate) offset: u64,
    /// Whether the chunks are tiles, not strips.
    pub(crate) is_tiled: bool,
    /// Whether the chunks are compressed.
    pub(crate) is_compressed: bool,
    /// Width and height of a chunk, in pixels. It may reach over the right and lower edge.
    pub(crate) chunk: Dimensions,
    /// Rows of pixels that a thread decodes in turn: a number of chunks.
    pub(crate) block_height: u32,
    /// What a thread holds while it decodes, in bytes.
    pub(crate) block_bytes: u64,
    /// What is held during all of it, in bytes.
    pub(crate) index_bytes: u64,
    /// What the index takes as long as the source lives, in bytes; 0 if it is read each time.
    pub(crate) kept_bytes: u64,
    /// What is read of a chunk, at most, where many are read together, in bytes; otherwise 0.
    pub(crate) fetched_chunk_bytes: u64,
    /// What is held of all that is read together, at most, in bytes.
    pub(crate) fetched_bytes: u64,
    /// Whether the chunks are tiles that may be passed on as JPEG files.
    pub(crate) is_jpeg: bool,
    /// Where the chunks are, as soon as some were read.
    pub(crate) index: OnceLock<Arc<PageIndex>>,
}
