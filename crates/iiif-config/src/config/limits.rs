//! How large sources and derivatives may be: the block `limits`, which go-iiif does not have.

use iiif_image_api::{ResolveOptions, SizeLimits, Upscaling};
use serde_json::{Value, json};

use crate::Error;
use crate::reader::Field;

const DEFAULT_MAX_PIXELS: u64 = 1_000_000_000;

/// How large sources and derivatives may be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitsConfig {
    /// `max_width` of a derivative, in pixels, at least 1. Default: none.
    pub max_width: Option<u32>,
    /// `max_height` of a derivative, in pixels, at least 1. Default: none.
    pub max_height: Option<u32>,
    /// `max_area` of a derivative, in pixels, at least 1. Default: 1,000,000,000.
    pub max_area: u64,
    /// `upscale`: whether a derivative may be larger than its region. Default: `true`.
    pub upscale: bool,
    /// `max_source_pixels`: the most pixels of a source that is decoded, at least 1.
    /// Default: 1,000,000,000.
    pub max_source_pixels: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            max_width: None,
            max_height: None,
            max_area: DEFAULT_MAX_PIXELS,
            upscale: true,
            max_source_pixels: DEFAULT_MAX_PIXELS,
        }
    }
}

impl LimitsConfig {
    /// Returns how requests are resolved within these limits, by the rules of Image API 2.1.
    #[must_use]
    pub fn to_resolve_options(&self) -> ResolveOptions {
        let mut limits = SizeLimits::default().with_max_area(self.max_area);
        limits.max_width = self.max_width;
        limits.max_height = self.max_height;
        let upscaling = if self.upscale {
            Upscaling::Allowed
        } else {
            Upscaling::Forbidden
        };
        ResolveOptions::default()
            .with_limits(limits)
            .with_upscaling(upscaling)
    }

    pub(crate) fn read(field: Field<'_>) -> Result<Self, Error> {
        let mut limits = Self::default();
        let mut object = field.object()?;
        if let Some(width) = object.get("max_width") {
            limits.max_width = Some(width.integer(1..=u64::from(u32::MAX))? as u32);
        }
        if let Some(height) = object.get("max_height") {
            limits.max_height = Some(height.integer(1..=u64::from(u32::MAX))? as u32);
        }
        if let Some(area) = object.get("max_area") {
            limits.max_area = area.integer(1..=u64::MAX)?;
        }
        if let Some(upscale) = object.get("upscale") {
            limits.upscale = upscale.boolean()?;
        }
        if let Some(pixels) = object.get("max_source_pixels") {
            limits.max_source_pixels = pixels.integer(1..=u64::MAX)?;
        }
        object.close();
        Ok(limits)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "max_width": self.max_width,
            "max_height": self.max_height,
            "max_area": self.max_area,
            "upscale": self.upscale,
            "max_source_pixels": self.max_source_pixels,
        })
    }
}
