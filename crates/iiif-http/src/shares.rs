//! The shares of the memory limit.

/// The shares of the memory limit, in eighths: opened sources, kept derivatives, decodes that are
/// kept, and small and large work.
const SOURCES_EIGHTHS: u64 = 1;
const DERIVATIVES_EIGHTHS: u64 = 1;
const DECODES_EIGHTHS: u64 = 2;
const SMALL_EIGHTHS: u64 = 1;
const LARGE_EIGHTHS: u64 = 3;

/// What a memory limit leaves for each of its uses, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) sources: u64,
    pub(crate) derivatives: u64,
    /// Decodes that are kept. A quarter of it is for those that no longer are, and still in use for a moment.
    pub(crate) decodes: u64,
    pub(crate) small: u64,
    pub(crate) large: u64,
}

impl Shares {
    pub(crate) fn of(memory_limit_bytes: u64) -> Self {
        let eighth = memory_limit_bytes / 8;
        Self {
            sources: SOURCES_EIGHTHS * eighth,
            derivatives: DERIVATIVES_EIGHTHS * eighth,
            decodes: DECODES_EIGHTHS * eighth,
            small: SMALL_EIGHTHS * eighth,
            large: LARGE_EIGHTHS * eighth,
        }
    }

    /// Returns the most bytes of a decode that is kept.
    pub(crate) fn max_decode_bytes(&self) -> u64 {
        self.decodes / 4 * 3
    }
}
