//! The settings of the service `blurhash`.

use serde_json::{Value, json};

use crate::Error;
use crate::reader::Field;

/// The format has one base-83 digit for both numbers of components: 9 times 9 less than 83.
const MAX_COMPONENTS: u64 = 9;
const MAX_SIZE_PX: u64 = 4_096;

/// How detailed the placeholder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlurHashConfig {
    /// Components across, from 1 to 9. Default: 8.
    pub x_components: u8,
    /// Components down, from 1 to 9. Default: 8.
    pub y_components: u8,
    /// The longer side that the image is first reduced to, in pixels, from 1 to 4096; it is never
    /// enlarged. Default: 200.
    pub size_px: u16,
}

impl Default for BlurHashConfig {
    fn default() -> Self {
        Self {
            x_components: 8,
            y_components: 8,
            size_px: 200,
        }
    }
}

impl BlurHashConfig {
    pub(crate) fn read(field: Field<'_>) -> Result<Self, Error> {
        let mut blurhash = Self::default();
        let mut object = field.object()?;
        if let Some(x) = object.get("x") {
            blurhash.x_components = x.integer(1..=MAX_COMPONENTS)? as u8;
        }
        if let Some(y) = object.get("y") {
            blurhash.y_components = y.integer(1..=MAX_COMPONENTS)? as u8;
        }
        if let Some(size) = object.get("size") {
            blurhash.size_px = size.integer(1..=MAX_SIZE_PX)? as u16;
        }
        object.close();
        Ok(blurhash)
    }

    pub(crate) fn to_json(self) -> Value {
        json!({ "x": self.x_components, "y": self.y_components, "size": self.size_px })
    }
}
