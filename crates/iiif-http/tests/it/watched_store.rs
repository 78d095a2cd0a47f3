//! An object store that counts what is read of it, and fails when it is told to.

use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::watch;

#[derive(Debug, Default)]
pub(crate) struct WatchedStore {
    inner: InMemory,
    /// What was read.
    reads: Mutex<Vec<Range<u64>>>,
    /// Whether reads end after half of their bytes.
    pub(crate) is_cut: AtomicBool,
    /// Whether nothing is answered at all.
    pub(crate) is_down: AtomicBool,
    /// Reads of keys that begin so are not answered until this changes; each has a receiver.
    pub(crate) silent: watch::Sender<Option<String>>,
    /// How many reads were asked for.
    pub(crate) asked: AtomicUsize,
}

impl WatchedStore {
    /// Returns what was read since this was last asked.
    pub(crate) fn reads(&self) -> Vec<Range<u64>> {
        std::mem::take(&mut self.reads.lock().unwrap())
    }
}

fn failure(text: &str) -> object_store::Error {
    object_store::Error::Generic {
        store: "watched",
        source: format!("secret-bucket {text}").into(),
    }
}

impl fmt::Display for WatchedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("secret-bucket")
    }
}

#[async_trait::async_trait]
impl ObjectStore for WatchedStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(failure("is down"));
        }
        let is_head = options.head;
        if !is_head {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let is_answered = |silent: &Option<String>| {
                silent
                    .as_ref()
                    .is_none_or(|silent| !location.as_ref().starts_with(silent))
            };
            // The sender lives as long as this.
            let _ = self.silent.subscribe().wait_for(is_answered).await;
        }
        let mut found = self.inner.get_opts(location, options).await?;
        if is_head {
            return Ok(found);
        }
        self.reads.lock().unwrap().push(found.range.clone());
        if self.is_cut.load(Ordering::Relaxed) {
            let (range, meta) = (found.range.clone(), found.meta.clone());
            let attributes = found.attributes.clone();
            let bytes = found.bytes().await?;
            let half = bytes.slice(..bytes.len() / 2);
            let parts = [Ok(half), Err(failure("went away"))];
            found = GetResult {
                payload: GetResultPayload::Stream(stream::iter(parts).boxed()),
                meta,
                range,
                attributes,
                ..self.inner.get_opts(location, GetOptions::default()).await?
            };
        }
        Ok(found)
    }

    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
