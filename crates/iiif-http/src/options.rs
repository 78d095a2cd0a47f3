//! What a service may take, and how it answers.

use std::num::NonZeroUsize;
use std::time::Duration;

use iiif_image_api::{BaseUri, OversizedBox};

use crate::ExamplePages;

/// What a service may take, and how it answers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServiceOptions {
    /// The URI of the server as clients see it, with what stands before `/iiif/3` in its path.
    /// Default: told by each request, from `Forwarded`, `X-Forwarded-*` or `Host`.
    pub public_uri: Option<BaseUri>,
    /// Memory for caches and work together, in bytes: 16 MiB or more. Default: 512 MiB.
    pub memory_limit_bytes: u64,
    /// Threads that decode and render small requests, and as many others for large ones: neither waits
    /// for the other. Default: the number of cores.
    pub concurrency: NonZeroUsize,
    /// Small requests that wait for their turn, and as many large ones; more are turned away with 503.
    /// Default: 256.
    pub max_waiting: usize,
    /// How long a request waits for its turn, and for memory to keep what it read or made, each time,
    /// before it is turned away with 503. Default: 30 s.
    pub max_wait: Duration,
    /// The most bytes of the derivatives that are kept in a bucket, if [`sweep`] is called now and
    /// then. Default: 10 GiB.
    ///
    /// [`sweep`]: crate::ImageService::sweep
    pub store_limit_bytes: u64,
    /// How many sources are open at the same time, at most; each may have an open file. Default: 128.
    pub max_sources: NonZeroUsize,
    /// How long a source is taken to be what it was when it was last looked at. Default: 2 s.
    pub source_refresh: Duration,
    /// How long the bucket of images may take to tell of a source and, unless it is a local folder, for each
    /// read of it, with a second more for each MiB, before the request is turned away with 503. A
    /// bucket of derivatives that has not said what it has by then is done without. Default: 15 s.
    pub source_timeout: Duration,
    /// `Cache-Control` of images and info.json. Default: `public, max-age=3600`.
    pub cache_control: String,
    /// What a `!w,h` larger than the region gives in 3.0. Default: it is refused, as the official
    /// validator wants it; the text of 3.0 §4.2 gives the region.
    pub oversized_box: OversizedBox,
    /// Pages for browsers: a list of the images at `/`, which names them all, and a viewer at
    /// `/example/viewer`. Default: none.
    pub example: Option<ExamplePages>,
}

const DEFAULT_MEMORY_LIMIT_BYTES: u64 = 512 << 20;
const MAX_SOURCES: NonZeroUsize = NonZeroUsize::new(128).unwrap();

impl Default for ServiceOptions {
    fn default() -> Self {
        Self {
            public_uri: None,
            memory_limit_bytes: DEFAULT_MEMORY_LIMIT_BYTES,
            concurrency: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            max_waiting: 256,
            max_wait: Duration::from_secs(30),
            store_limit_bytes: 10 << 30,
            max_sources: MAX_SOURCES,
            source_refresh: Duration::from_secs(2),
            source_timeout: Duration::from_secs(15),
            cache_control: "public, max-age=3600".to_owned(),
            oversized_box: OversizedBox::Refused,
            example: None,
        }
    }
}
