//! The memory of a value: before the value is there, and with it.

use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::pool::value_units;

/// Memory for a value that is not there yet.
pub(crate) struct Room {
    pub(super) all: OwnedSemaphorePermit,
    /// As much for a value that is large, or was to be when memory was taken, and nothing otherwise.
    pub(super) large: OwnedSemaphorePermit,
}

/// A value and its memory, which is free again once the last user lets go of it.
pub(crate) struct Held<V>(Arc<Filled<V>>);

struct Filled<V> {
    value: V,
    room: Room,
}

impl Room {
    /// Gives back what a value of `bytes` does not need.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let needed = value_units(bytes) as usize;
        for permit in [&mut self.all, &mut self.large] {
            let surplus = permit.num_permits().saturating_sub(needed);
            drop(permit.split(surplus));
        }
    }

    /// Ties it to the value that is in it.
    pub(crate) fn hold<V>(self, value: V) -> Held<V> {
        Held(Arc::new(Filled { value, room: self }))
    }
}

impl<V> Held<V> {
    pub(super) fn units(&self) -> usize {
        self.0.room.all.num_permits()
    }

    pub(super) fn is_large(&self) -> bool {
        self.0.room.large.num_permits() > 0
    }
}

impl<V> Clone for Held<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V> Deref for Held<V> {
    type Target = V;

    fn deref(&self) -> &V {
        &self.0.value
    }
}

impl Held<Bytes> {
    /// Returns the bytes, which stay counted until the last copy is dropped.
    pub(crate) fn to_bytes(&self) -> Bytes {
        Bytes::from_owner(self.clone())
    }
}

impl AsRef<[u8]> for Held<Bytes> {
    fn as_ref(&self) -> &[u8] {
        &self.0.value
    }
}
