//! Cropping and scaling in one step, straight from the source.

use std::num::NonZeroU32;

use iiif_image_api::{Dimensions, PixelRect};
use iiif_resize::{FilterType, ResizeAlg, ResizeOptions};
use image::DynamicImage;
use rayon::prelude::*;

use crate::decode::Part;
use crate::render::raster::{self, Sample, Samples};
use crate::{Error, PixelLayout, Result};

/// How far Lanczos with three lobes reaches, in pixels of the coarser of the two rasters.
const LANCZOS_REACH: u64 = 3;

/// Rounding to whole pixels on either end of the reach.
const REACH_SLACK_PX: u64 = 2;

/// Returns `part` of `image` scaled to `target`, with Lanczos and three lobes.
///
/// The filter sees the pixels around `part` where there are any, so tiles that are scaled one by
/// one meet without seams. Colors are weighted by their alpha.
pub(crate) fn crop_and_scale(
    image: &DynamicImage,
    part: Part,
    target: Dimensions,
) -> Result<DynamicImage> {
    let full = Dimensions::new(image.width(), image.height())
        .map_err(|_empty| Error::unsupported_raster(image))?;
    // The resizer weights its whole source by alpha first: it gets no more than the filter reaches.
    let source = reach(part.outer(full), target, full);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(
            part.x - f64::from(source.x()),
            part.y - f64::from(source.y()),
            part.width,
            part.height,
        )
        .use_alpha(!is_opaque(image, source));
    resize(image, source, target, &options)
}

/// Returns all of `image` with 8 bits per sample, shrunk until its longer side is at most `edge`
/// pixels; never enlarged. Every pixel of the source counts the same (box filter).
pub(crate) fn reduce(image: &DynamicImage, edge: u32) -> Result<DynamicImage> {
    let full = Dimensions::new(image.width(), image.height()).ok();
    let Some(full) = full.filter(|full| full.width().max(full.height()) > edge) else {
        return Ok(raster::to_8_bits(image).into_owned());
    };
    let longer = u64::from(full.width().max(full.height()));
    let side = |length: u32| {
        let side = (u64::from(length) * u64::from(edge) + longer / 2) / longer;
        NonZeroU32::new(side as u32).unwrap_or(NonZeroU32::MIN)
    };
    let target = Dimensions::from_non_zero(side(full.width()), side(full.height()));
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Box));
    let reduced = resize(image, PixelRect::full(full), target, &options)?;
    Ok(raster::to_8_bits(&reduced).into_owned())
}

/// Returns the bytes that [`crop_and_scale`] allocates at its peak, its result included.
pub(crate) fn memory_bytes(rect: Dimensions, target: Dimensions, layout: PixelLayout) -> u64 {
    // One pass is stored in between: rows first for 8 bits, columns first for 16.
    let between = u64::from(rect.width())
        .saturating_mul(target.height().into())
        .max(u64::from(rect.height()).saturating_mul(target.width().into()));
    // What the filter reads of an image with alpha is stored weighted by it.
    let weighted = if layout.has_alpha() { rect.area() } else { 0 };
    let intermediate = if rect == target {
        0
    } else {
        between.saturating_add(weighted)
    };
    target
        .area()
        .saturating_add(intermediate)
        .saturating_mul(layout.bytes_per_pixel())
}

fn resize(
    image: &DynamicImage,
    source: PixelRect,
    target: Dimensions,
    options: &ResizeOptions,
) -> Result<DynamicImage> {
    iiif_resize::resize(image, source, target, options).map_err(|error| match error {
        iiif_resize::Error::UnsupportedPixels(_) => Error::unsupported_raster(image),
        error => Error::Scale {
            source: error.into(),
        },
    })
}

/// Returns the part of an image of `full` that [`crop_and_scale`] reads for `rect`, also when a
/// reduction of the image is what it gets.
pub(crate) fn neighborhood(rect: PixelRect, target: Dimensions, full: Dimensions) -> PixelRect {
    // A reduction by s, of a scale of r in all, reads s (3 (r / s + 1) + 2), and s is at most r.
    within(rect, target, full, 2 * LANCZOS_REACH + REACH_SLACK_PX)
}

/// Returns the part of an image of `full` that the filter reads to scale `rect` to `target`.
pub(crate) fn reach(rect: PixelRect, target: Dimensions, full: Dimensions) -> PixelRect {
    within(rect, target, full, LANCZOS_REACH)
}

/// Returns `rect` and what lies within `pixels` of the coarser of the two rasters around it.
fn within(rect: PixelRect, target: Dimensions, full: Dimensions, pixels: u64) -> PixelRect {
    let margin =
        |from: u32, to: u32| pixels * u64::from(from).div_ceil(u64::from(to)) + REACH_SLACK_PX;
    let span = |start: u32, length: u32, margin: u64| {
        let first = u64::from(start).saturating_sub(margin);
        (first, u64::from(start) + u64::from(length) + margin - first)
    };
    let (x, width) = span(rect.x(), rect.width(), margin(rect.width(), target.width()));
    let (y, height) = span(
        rect.y(),
        rect.height(),
        margin(rect.height(), target.height()),
    );
    PixelRect::clipped((x, y), (width, height), full).unwrap_or(rect)
}

/// Returns whether all pixels of `image` in `rect` are opaque.
fn is_opaque(image: &DynamicImage, rect: PixelRect) -> bool {
    let stride = image.width() as usize;
    match (raster::samples(image), raster::channels(image)) {
        (Some(Samples::Bits8(samples)), 2) => opaque::<u8, 2>(samples, stride, rect),
        (Some(Samples::Bits8(samples)), 4) => opaque::<u8, 4>(samples, stride, rect),
        (Some(Samples::Bits16(samples)), 2) => opaque::<u16, 2>(samples, stride, rect),
        (Some(Samples::Bits16(samples)), 4) => opaque::<u16, 4>(samples, stride, rect),
        _ => true,
    }
}

fn opaque<T: Sample, const N: usize>(samples: &[T], stride: usize, rect: PixelRect) -> bool {
    let columns = rect.x() as usize..(rect.x() + rect.width()) as usize;
    raster::pixels::<T, N>(samples)
        .par_chunks(stride)
        .skip(rect.y() as usize)
        .take(rect.height() as usize)
        .all(|row| {
            row.get(columns.clone())
                .is_some_and(|row| row.iter().all(|pixel| pixel[N - 1] == T::MAX))
        })
}
