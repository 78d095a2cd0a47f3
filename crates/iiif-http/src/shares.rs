//! The shares of the memory limit.

use crate::{ServiceError, held};

/// The shares of the memory limit, in sixteenths: opened sources, derivatives, decodes, and small and
/// large work.
const SOURCES_SIXTEENTHS: u64 = 2;
const DERIVATIVES_SIXTEENTHS: u64 = 3;
const DECODES_SIXTEENTHS: u64 = 4;
const SMALL_SIXTEENTHS: u64 = 1;
const LARGE_SIXTEENTHS: u64 = 6;

/// With less than this, not even a tile of an ordinary image can be made.
pub(crate) const MIN_MEMORY_LIMIT_BYTES: u64 = 16 << 20;

/// What the compressed data of a tile takes, at most by far.
pub(crate) const TILE_BYTES: u64 = 1 << 20;

/// What a memory limit leaves for each of its uses, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) sources: u64,
    pub(crate) derivatives: u64,
    pub(crate) decodes: u64,
    pub(crate) small: u64,
    pub(crate) large: u64,
}

impl Shares {
    pub(crate) fn of(limit_bytes: u64) -> Result<Self, ServiceError> {
        if limit_bytes < MIN_MEMORY_LIMIT_BYTES {
            return Err(ServiceError::MemoryLimit { limit_bytes });
        }
        let sixteenth = limit_bytes / 16;
        Ok(Self {
            sources: SOURCES_SIXTEENTHS * sixteenth,
            derivatives: DERIVATIVES_SIXTEENTHS * sixteenth,
            decodes: DECODES_SIXTEENTHS * sixteenth,
            small: SMALL_SIXTEENTHS * sixteenth,
            large: LARGE_SIXTEENTHS * sixteenth,
        })
    }

    /// Returns the most bytes of a decode that is kept.
    pub(crate) fn max_decode_bytes(&self) -> u64 {
        held::max_kept_bytes(self.decodes)
    }
}
