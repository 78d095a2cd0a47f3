//! Images outside of memory whose reads are logged.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use iiif_pipeline::{DecodeLimits, ReadAt, SourceImage};

/// What is read, and what is held of it.
#[derive(Debug, Default)]
pub(crate) struct Log {
    reads: Mutex<Vec<(u64, usize)>>,
    pub(crate) held: AtomicUsize,
    pub(crate) most_held: AtomicUsize,
}

impl Log {
    /// Returns where each read since the last call began, and its length.
    pub(crate) fn reads(&self) -> Vec<(u64, usize)> {
        std::mem::take(&mut *self.reads.lock().expect("a lock"))
    }
}

/// Opens an image on a disk.
pub(crate) fn open_local(file: impl Into<Bytes>) -> (SourceImage, Arc<Log>) {
    open(file.into(), false)
}

/// Opens an image far away, where each read takes its time.
pub(crate) fn open_remote(file: impl Into<Bytes>) -> (SourceImage, Arc<Log>) {
    open(file.into(), true)
}

fn open(bytes: Bytes, is_remote: bool) -> (SourceImage, Arc<Log>) {
    let log = Arc::new(Log::default());
    let reader = Logged {
        bytes,
        is_remote,
        log: Arc::clone(&log),
    };
    let source = SourceImage::open(reader, &DecodeLimits::default()).expect("an image");
    (source, log)
}

#[derive(Debug)]
struct Logged {
    bytes: Bytes,
    is_remote: bool,
    log: Arc<Log>,
}

impl ReadAt for Logged {
    fn len_bytes(&self) -> u64 {
        self.bytes.len_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let bytes = self.bytes.read_at(offset, length)?;
        let log = &self.log;
        log.reads.lock().expect("a lock").push((offset, length));
        let held = log.held.fetch_add(length, Ordering::Relaxed) + length;
        log.most_held.fetch_max(held, Ordering::Relaxed);
        Ok(Bytes::from_owner(Part(bytes, Arc::clone(log))))
    }

    fn is_remote(&self) -> bool {
        self.is_remote
    }
}

/// Bytes that are held.
struct Part(Bytes, Arc<Log>);

impl AsRef<[u8]> for Part {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.1.held.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}
