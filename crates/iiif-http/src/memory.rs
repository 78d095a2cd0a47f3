//! Lanes and caches, which one configuration takes over from the other: so all memory stays within one
//! limit while requests of both are under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use iiif_image_api::{Identifier, RenderPlan};
use iiif_pipeline::{AnalysisReport, DecodeChoice, DecodedSource};

use crate::admission::Admission;
use crate::held::HeldCache;
use crate::metrics::{Lookups, Metrics};
use crate::shares::Shares;
use crate::sources::{Source, Version};
use crate::{ServiceError, ServiceOptions};

/// The lanes and caches of a service. Keys of caches tell configurations apart.
///
/// Memory is waited for in one order, so that nobody waits for those who wait for him: that of sources, of
/// reports or decodes, memory of a lane, a place there, memory of derivatives. Who has come to the last has no
/// place in a lane, and who holds memory of a cache never waits for more of it.
pub(crate) struct Memory {
    pub(crate) shares: Shares,
    pub(crate) admission: Admission,
    pub(crate) sources: Arc<HeldCache<Version, Source>>,
    pub(crate) derivatives: Arc<HeldCache<(Version, RenderPlan), Bytes>>,
    pub(crate) decodes: Arc<HeldCache<(Version, DecodeChoice), DecodedSource>>,
    pub(crate) reports: Arc<HeldCache<Version, AnalysisReport>>,
    /// How many configurations there were.
    configs: AtomicU64,
}

/// What all analyses that are held take.
const REPORTS_BYTES: u64 = 4 << 20;

const SOURCES: &str = "sources";
const DERIVATIVES: &str = "derivatives";
const DECODES: &str = "decodes";

impl Memory {
    pub(crate) fn new(options: &ServiceOptions, metrics: &Metrics) -> Result<Self, ServiceError> {
        let shares = Shares::of(options.memory_limit_bytes)?;
        let max_wait = options.max_wait;
        let (sources, derivatives) = (metrics.lookups(SOURCES), metrics.lookups(DERIVATIVES));
        let decodes = metrics.lookups(DECODES);
        Ok(Self {
            shares,
            admission: Admission::new(options, shares.small, shares.large)?,
            sources: HeldCache::new(shares.sources, max_wait, sources).into(),
            derivatives: HeldCache::new(shares.derivatives, max_wait, derivatives).into(),
            decodes: HeldCache::new(shares.decodes, max_wait, decodes).into(),
            reports: HeldCache::new(REPORTS_BYTES, max_wait, Lookups::default()).into(),
            configs: AtomicU64::new(0),
        })
    }

    /// Returns the number of another configuration.
    pub(crate) fn next_config(&self) -> u64 {
        self.configs.fetch_add(1, Ordering::Relaxed)
    }

    /// Forgets what is kept of other configurations. What requests of theirs that are under way still make
    /// is kept, and makes way for anything else.
    pub(crate) fn keep_only(&self, config: u64) {
        let is_gone = |version: &Version| version.config != config;
        self.sources.forget_if(is_gone);
        self.derivatives.forget_if(|(version, _)| is_gone(version));
        self.decodes.forget_if(|(version, _)| is_gone(version));
        self.reports.forget_if(is_gone);
    }

    /// Forgets what was made of an image, but not its header, which is that of a version.
    pub(crate) fn forget(&self, identifier: &Identifier) {
        let is_gone = |version: &Version| version.identifier == *identifier;
        self.derivatives.forget_if(|(version, _)| is_gone(version));
        self.decodes.forget_if(|(version, _)| is_gone(version));
        self.reports.forget_if(is_gone);
    }

    /// Returns what is held in memory, by name, in bytes.
    pub(crate) fn held_bytes(&self) -> [(&'static str, u64); 3] {
        [
            (DERIVATIVES, self.derivatives.held_bytes()),
            (DECODES, self.decodes.held_bytes()),
            (SOURCES, self.sources.held_bytes()),
        ]
    }
}
