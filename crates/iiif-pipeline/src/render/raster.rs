//! The samples of a raster, apart from its color type.

use std::borrow::Cow;

use image::{DynamicImage, ImageBuffer};

/// A sample of 8 or 16 bits.
pub(crate) trait Sample: Copy + Default + Ord + Send + Sync + 'static {
    /// The largest value, which is white or opaque.
    const MAX: Self;

    /// Returns the value.
    fn to_u32(self) -> u32;

    /// Returns the nearest value, clamped to the range of the type.
    fn from_f32(value: f32) -> Self;

    /// Makes an image of `channels` interleaved channels (1 to 4), if the samples suffice.
    fn into_image(samples: Vec<Self>, size: (u32, u32), channels: usize) -> Option<DynamicImage>;

    /// Returns the value, exactly.
    fn to_f32(self) -> f32 {
        self.to_u32() as f32
    }
}

impl Sample for u8 {
    const MAX: Self = Self::MAX;

    fn to_u32(self) -> u32 {
        u32::from(self)
    }

    fn from_f32(value: f32) -> Self {
        // A cast from float saturates.
        (value + 0.5) as Self
    }

    fn into_image(samples: Vec<Self>, size: (u32, u32), channels: usize) -> Option<DynamicImage> {
        let (width, height) = size;
        match channels {
            1 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma8),
            2 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8),
            3 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
            4 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
            _ => None,
        }
    }
}

impl Sample for u16 {
    const MAX: Self = Self::MAX;

    fn to_u32(self) -> u32 {
        u32::from(self)
    }

    fn from_f32(value: f32) -> Self {
        (value + 0.5) as Self
    }

    fn into_image(samples: Vec<Self>, size: (u32, u32), channels: usize) -> Option<DynamicImage> {
        let (width, height) = size;
        match channels {
            1 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma16),
            2 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA16),
            3 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb16),
            4 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgba16),
            _ => None,
        }
    }
}

/// Interleaved samples of either depth.
#[derive(Clone, Copy)]
pub(crate) enum Samples<'a> {
    /// 8 bits
    Bits8(&'a [u8]),
    /// 16 bits
    Bits16(&'a [u16]),
}

/// Returns the samples of `image`, or nothing if they are neither 8 nor 16 bits wide.
pub(crate) fn samples(image: &DynamicImage) -> Option<Samples<'_>> {
    Some(match image {
        DynamicImage::ImageLuma8(image) => Samples::Bits8(image.as_raw()),
        DynamicImage::ImageLumaA8(image) => Samples::Bits8(image.as_raw()),
        DynamicImage::ImageRgb8(image) => Samples::Bits8(image.as_raw()),
        DynamicImage::ImageRgba8(image) => Samples::Bits8(image.as_raw()),
        DynamicImage::ImageLuma16(image) => Samples::Bits16(image.as_raw()),
        DynamicImage::ImageLumaA16(image) => Samples::Bits16(image.as_raw()),
        DynamicImage::ImageRgb16(image) => Samples::Bits16(image.as_raw()),
        DynamicImage::ImageRgba16(image) => Samples::Bits16(image.as_raw()),
        _ => return None,
    })
}

/// Returns the number of interleaved channels.
pub(crate) fn channels(image: &DynamicImage) -> usize {
    usize::from(image.color().channel_count())
}

/// Returns whether the last channel is alpha.
pub(crate) fn has_alpha(image: &DynamicImage) -> bool {
    image.color().has_alpha()
}

/// Returns `image` with samples of 8 or 16 bits; floats become 16 bits.
pub(crate) fn integral(image: &DynamicImage) -> Cow<'_, DynamicImage> {
    match (samples(image), has_alpha(image)) {
        (Some(_), _) => Cow::Borrowed(image),
        (None, false) => Cow::Owned(DynamicImage::ImageRgb16(image.to_rgb16())),
        (None, true) => Cow::Owned(DynamicImage::ImageRgba16(image.to_rgba16())),
    }
}

/// Returns `image` with samples of 8 bits, rounded to nearest.
pub(crate) fn to_8_bits(image: &DynamicImage) -> Cow<'_, DynamicImage> {
    Cow::Owned(match image {
        DynamicImage::ImageLuma8(_)
        | DynamicImage::ImageLumaA8(_)
        | DynamicImage::ImageRgb8(_)
        | DynamicImage::ImageRgba8(_) => return Cow::Borrowed(image),
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(image.to_luma8()),
        DynamicImage::ImageLumaA16(_) => DynamicImage::ImageLumaA8(image.to_luma_alpha8()),
        _ if has_alpha(image) => DynamicImage::ImageRgba8(image.to_rgba8()),
        _ => DynamicImage::ImageRgb8(image.to_rgb8()),
    })
}

/// Returns the pixels of interleaved samples; `N` is the number of channels.
pub(crate) fn pixels<T, const N: usize>(samples: &[T]) -> &[[T; N]] {
    samples.as_chunks::<N>().0
}
