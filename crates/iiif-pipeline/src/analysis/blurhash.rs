//! [BlurHash](https://github.com/woltapp/blurhash): a few cosine components as a short text, from
//! which viewers paint a placeholder.

#[cfg(feature = "blurhash")]
use fast_image_resize::FilterType;
use image::DynamicImage;

#[cfg(feature = "blurhash")]
use super::reduction::resized;
use crate::{Error, Result};

/// The components that the format can express along each axis.
const COMPONENTS: std::ops::RangeInclusive<u32> = 1..=9;

/// How a BlurHash is made.
///
/// It takes `4 + 2 * x_components * y_components` characters: 132 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlurHashOptions {
    /// Components along the width, 1 to 9. Default: 8.
    pub x_components: u32,
    /// Components along the height, 1 to 9. Default: 8.
    pub y_components: u32,
    /// The longer side, in pixels and at least 1, that the image is reduced to before. A smaller
    /// image is not enlarged. Default: 200.
    pub max_side_px: u32,
}

impl Default for BlurHashOptions {
    fn default() -> Self {
        Self {
            x_components: 8,
            y_components: 8,
            max_side_px: 200,
        }
    }
}

impl BlurHashOptions {
    /// Sets [`x_components`](Self::x_components).
    #[must_use]
    pub fn with_x_components(mut self, x_components: u32) -> Self {
        self.x_components = x_components;
        self
    }

    /// Sets [`y_components`](Self::y_components).
    #[must_use]
    pub fn with_y_components(mut self, y_components: u32) -> Self {
        self.y_components = y_components;
        self
    }

    /// Sets [`max_side_px`](Self::max_side_px).
    #[must_use]
    pub fn with_max_side_px(mut self, max_side_px: u32) -> Self {
        self.max_side_px = max_side_px;
        self
    }

    pub(super) fn validate(&self) -> Result<()> {
        let components = [
            ("blurhash x components", self.x_components),
            ("blurhash y components", self.y_components),
        ];
        for (option, value) in components {
            if !COMPONENTS.contains(&value) {
                return Err(out_of_range(option, value, "1 to 9"));
            }
        }
        if self.max_side_px == 0 {
            return Err(out_of_range("blurhash size", 0, "at least 1 px"));
        }
        Ok(())
    }
}

/// Encodes an opaque image with checked options.
#[cfg(feature = "blurhash")]
pub(super) fn encode(image: &DynamicImage, options: BlurHashOptions) -> Result<String> {
    let (width, height) = confined(image.width(), image.height(), options.max_side_px);
    let rgba = if (width, height) == (image.width(), image.height()) {
        image.to_rgba8()
    } else {
        resized(image, width, height, FilterType::Lanczos3).into_rgba8()
    };
    let (x, y) = (options.x_components, options.y_components);
    ::blurhash::encode(x, y, width, height, rgba.as_raw())
        .map_err(|_range| out_of_range("blurhash components", x.max(y), "1 to 9"))
}

/// Says what is missing from this build.
#[cfg(not(feature = "blurhash"))]
pub(super) fn encode(_image: &DynamicImage, _options: BlurHashOptions) -> Result<String> {
    Err(Error::InvalidOption {
        option: "blurhash",
        value: "enabled".to_owned(),
        expected: "`disabled` in a build without the feature `blurhash`",
    })
}

fn out_of_range(option: &'static str, value: u32, expected: &'static str) -> Error {
    Error::InvalidOption {
        option,
        value: format!("`{value}`"),
        expected,
    }
}

/// Keeps the aspect ratio; the shorter side is rounded half up and at least 1. Never enlarges.
#[cfg(feature = "blurhash")]
fn confined(width: u32, height: u32, max_side: u32) -> (u32, u32) {
    let longer = width.max(height);
    if longer <= max_side {
        return (width, height);
    }
    let scaled = |side: u32| {
        let doubled = u64::from(side) * u64::from(max_side) * 2 + u64::from(longer);
        // At most `max_side`, because no side is longer than `longer`.
        ((doubled / (u64::from(longer) * 2)) as u32).max(1)
    };
    (scaled(width), scaled(height))
}
