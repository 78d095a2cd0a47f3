//! What is read of a level before its pixels: its directory, and where its chunks are.

use std::sync::Arc;

use super::chunks::ChunkIndex;
use super::directory::Directory;
use super::file::File;
use super::page::Page;
use crate::Result;
use crate::source::{Data, Level};

/// The most bytes that are kept with a source, per level: the positions of 130,000 tiles. Those of
/// larger levels are read each time.
const MAX_KEPT_BYTES: u64 = 2 << 20;

/// A page, and where its chunks are in the file.
#[derive(Debug)]
pub(crate) struct PageIndex {
    pub(super) page: Page,
    pub(super) chunks: ChunkIndex,
}

impl PageIndex {
    /// Returns the index of a level: read once, unless it is large.
    pub(super) fn of_level(data: &Data, level: &Level) -> Result<Arc<Self>> {
        if let Some(index) = level.index.get() {
            return Ok(Arc::clone(index));
        }
        let file = File::open(data)?;
        let directory = file.directory(level.offset)?;
        let page = Page::read(&file, &directory, level.dimensions)?;
        let index = Arc::new(Self::read(&file, &directory, page)?);
        if level.kept_bytes > 0 {
            // Another thread may have been faster, with the same.
            let _ = level.index.set(Arc::clone(&index));
        }
        Ok(index)
    }

    /// Returns the index of a page, if the directory was read together with where the chunks are:
    /// nothing is read for it.
    pub(super) fn at_hand(
        file: &File<'_>,
        directory: &Directory,
        page: &Page,
    ) -> Option<Arc<Self>> {
        let (offsets, byte_counts) = page.chunk_tags(directory);
        let is_at_hand = [offsets, byte_counts]
            .into_iter()
            .all(|tag| directory.is_at_hand(file, tag));
        // Whatever is wrong is told when it is needed.
        let read = || Self::read(file, directory, page.clone()).ok();
        is_at_hand.then(read).flatten().map(Arc::new)
    }

    fn read(file: &File<'_>, directory: &Directory, page: Page) -> Result<Self> {
        let chunks = ChunkIndex::read(file, directory, &page)?;
        Ok(Self { page, chunks })
    }

    /// Returns the most bytes that are kept of a page once some of its chunks were read; 0 if all of it is
    /// read each time.
    pub(super) fn kept_bytes(page: &Page) -> u64 {
        let bytes = (size_of::<Self>() as u64)
            .saturating_add(page.held_bytes())
            .saturating_add(ChunkIndex::held_bytes(page));
        if bytes <= MAX_KEPT_BYTES { bytes } else { 0 }
    }
}
