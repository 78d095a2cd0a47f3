//! Crops and scales images of the `image` crate with `fast_image_resize`.
//!
//! A crate of its own because of weight: the resizer's SIMD code is generic, so it is compiled where
//! it is called, and takes minutes. Here it is compiled once, optimised in every profile, and not
//! with each change of the pipeline.

#![forbid(unsafe_code)]

use fast_image_resize::images::TypedCroppedImage;
use fast_image_resize::{IntoImageView, IntoImageViewMut, PixelTrait, Resizer, pixels};
use iiif_image_api::{Dimensions, PixelRect};
use image::{ColorType, DynamicImage};

pub use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions};

/// Why an image could not be scaled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The image is not of gray or RGB, with or without alpha, at 8 or 16 bits.
    #[error("pixels of type `{0:?}` cannot be scaled; expected 8 or 16 bits of gray or RGB")]
    UnsupportedPixels(ColorType),
    /// A rectangle lies outside its image.
    #[error("cannot scale")]
    Resize(#[source] Box<dyn std::error::Error + Send + Sync + 'static>),
}

/// Scales what `options` crop from the part `source` of `image` to exactly `target` pixels.
///
/// Nothing outside `source` is read. The crop of `options` counts from the top left of `source`, in
/// its pixels.
///
/// # Errors
///
/// [`Error::UnsupportedPixels`] for floating-point pixels; [`Error::Resize`] if `source` reaches
/// outside `image`, or the crop outside `source`.
pub fn resize(
    image: &DynamicImage,
    source: PixelRect,
    target: Dimensions,
    options: &ResizeOptions,
) -> Result<DynamicImage, Error> {
    // Each pixel type costs seconds to compile, and the resizer's own dispatch has thirteen.
    let resize = match image {
        DynamicImage::ImageLuma8(_) => resize_as::<pixels::U8>,
        DynamicImage::ImageLumaA8(_) => resize_as::<pixels::U8x2>,
        DynamicImage::ImageRgb8(_) => resize_as::<pixels::U8x3>,
        DynamicImage::ImageRgba8(_) => resize_as::<pixels::U8x4>,
        DynamicImage::ImageLuma16(_) => resize_as::<pixels::U16>,
        DynamicImage::ImageLumaA16(_) => resize_as::<pixels::U16x2>,
        DynamicImage::ImageRgb16(_) => resize_as::<pixels::U16x3>,
        DynamicImage::ImageRgba16(_) => resize_as::<pixels::U16x4>,
        _ => return Err(Error::UnsupportedPixels(image.color())),
    };
    let mut scaled = DynamicImage::new(target.width(), target.height(), image.color());
    resize(image, source, &mut scaled, options)?;
    Ok(scaled)
}

fn resize_as<P: PixelTrait>(
    image: &DynamicImage,
    source: PixelRect,
    target: &mut DynamicImage,
    options: &ResizeOptions,
) -> Result<(), Error> {
    let color = image.color();
    let (Some(view), Some(mut target)) = (image.image_view::<P>(), target.image_view_mut::<P>())
    else {
        return Err(Error::UnsupportedPixels(color));
    };
    let (x, y, width, height) = (source.x(), source.y(), source.width(), source.height());
    let view = TypedCroppedImage::new(view, x, y, width, height)
        .map_err(|error| Error::Resize(error.into()))?;
    Resizer::new()
        .resize_typed(&view, &mut target, options)
        .map_err(|error| Error::Resize(error.into()))
}
