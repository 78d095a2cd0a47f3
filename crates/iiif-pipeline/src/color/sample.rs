//! The two sample types of a raster.

use std::sync::Arc;

use moxcms::{ColorProfile, Layout, TransformExecutor, TransformOptions};

/// A conversion between two profiles.
pub(crate) type Transform<S> = Arc<dyn TransformExecutor<S> + Send + Sync>;

/// A sample of 8 or 16 bits.
pub(crate) trait Sample: Copy + Default + Into<u32> + Send + Sync + 'static {
    /// The highest level.
    const MAX: u32;

    /// Returns the sample of a level; higher levels wrap.
    fn from_level(level: u32) -> Self;

    /// Returns the conversion from `source` in `layout` to RGB; `None` if there is none.
    fn transform(
        source: &ColorProfile,
        layout: Layout,
        target: &ColorProfile,
    ) -> Option<Transform<Self>> {
        Self::transform_to(source, layout, target, Layout::Rgb)
    }

    /// Returns the conversion from `source` to `target` that keeps the layout; `None` if there is
    /// none.
    fn transform_within(
        source: &ColorProfile,
        layout: Layout,
        target: &ColorProfile,
    ) -> Option<Transform<Self>> {
        Self::transform_to(source, layout, target, layout)
    }

    /// Returns the conversion from `source` to `target`; `None` if there is none.
    fn transform_to(
        source: &ColorProfile,
        source_layout: Layout,
        target: &ColorProfile,
        target_layout: Layout,
    ) -> Option<Transform<Self>>;
}

impl Sample for u8 {
    const MAX: u32 = Self::MAX as u32;

    fn from_level(level: u32) -> Self {
        level as Self
    }

    fn transform_to(
        source: &ColorProfile,
        source_layout: Layout,
        target: &ColorProfile,
        target_layout: Layout,
    ) -> Option<Transform<Self>> {
        let options = TransformOptions::default();
        source
            .create_transform_8bit(source_layout, target, target_layout, options)
            .ok()
    }
}

impl Sample for u16 {
    const MAX: u32 = Self::MAX as u32;

    fn from_level(level: u32) -> Self {
        level as Self
    }

    fn transform_to(
        source: &ColorProfile,
        source_layout: Layout,
        target: &ColorProfile,
        target_layout: Layout,
    ) -> Option<Transform<Self>> {
        let options = TransformOptions::default();
        source
            .create_transform_16bit(source_layout, target, target_layout, options)
            .ok()
    }
}
