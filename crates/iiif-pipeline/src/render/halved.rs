//! Copies of a raster at a half, a quarter and so on, from which small derivatives are scaled.
//!
//! Lanczos reads six pixels of the source per pixel of the result and more the further it reduces;
//! the average of blocks costs a fraction of that, and several plans share it. Whether a plan is
//! scaled from a copy depends on the plan and the raster alone ([`times`]), and so does what it
//! reads there, shared or not: batches make what single plans make.

use std::num::NonZeroU32;

use iiif_image_api::{Dimensions, PixelRect};
use image::DynamicImage;

use crate::decode::{Placement, Raster};
use crate::render::scale;
use crate::shrink::shrink_image;
use crate::{Error, PixelLayout, Result};

/// How much larger than its target the copy is from which something is scaled, at least.
const LEFT_TO_SCALE: f64 = 2.0;

/// Returns how often a raster of `step` stored pixels per pixel is halved before a part of `size`
/// stored pixels is scaled to `target`: as often as the part stays twice as wide and high, so never
/// where it shrinks by less than four.
pub(crate) fn times(size: Dimensions, target: Dimensions, step: (f64, f64)) -> u32 {
    let ratio = |size: u32, target: u32, step: f64| f64::from(size) / step / f64::from(target);
    let by_width = ratio(size.width(), target.width(), step.0);
    let by_height = ratio(size.height(), target.height(), step.1);
    let mut left = by_width.min(by_height);
    let mut times = 0;
    while left >= 2.0 * LEFT_TO_SCALE {
        left /= 2.0;
        times += 1;
    }
    times
}

/// Returns `count` copies of a raster, each half as large as the one before.
pub(crate) fn copies(
    image: &DynamicImage,
    placement: &Placement,
    count: u32,
) -> Result<Vec<Raster>> {
    let mut copies: Vec<Raster> = Vec::new();
    let mut placement = *placement;
    for _ in 0..count {
        let larger = copies.last().map_or(image, |copy| &copy.image);
        let image = shrink_image(larger, PixelRect::full(dimensions(larger)?), 2)?;
        placement = halved(&placement);
        copies.push(Raster { image, placement });
    }
    Ok(copies)
}

/// Returns the part of the `times`th copy that scaling `rect` to `target` reads, the same as it is
/// in [`copies`].
pub(crate) fn around(
    image: &DynamicImage,
    placement: &Placement,
    (rect, target): (PixelRect, Dimensions),
    times: u32,
) -> Result<Raster> {
    let whole = dimensions(image)?;
    let copy = (0..times).fold(whole, |dimensions, _| half(dimensions));
    let copied = (0..times).fold(*placement, |placement, _| halved(&placement));
    let read = scale::reach(copied.part(rect, copy).outer(copy), target, copy);
    // Blocks start at whole multiples, so they are those of the whole raster.
    let block = |length: u32| u64::from(length) << times;
    let mut source = PixelRect::clipped(
        (block(read.x()), block(read.y())),
        (block(read.width()), block(read.height())),
        whole,
    )
    .unwrap_or(PixelRect::full(whole));
    let mut smaller: Option<DynamicImage> = None;
    for _ in 0..times {
        let halved = shrink_image(smaller.as_ref().unwrap_or(image), source, 2)?;
        source = PixelRect::full(dimensions(&halved)?);
        smaller = Some(halved);
    }
    let offset = |origin: f64, start: u32, step: f64| origin + f64::from(start) * step;
    Ok(Raster {
        image: smaller.unwrap_or_else(|| image.clone()),
        placement: Placement {
            origin: (
                offset(copied.origin.0, read.x(), copied.step.0),
                offset(copied.origin.1, read.y(), copied.step.1),
            ),
            ..copied
        },
    })
}

/// Returns the bytes of `count` copies of a raster of `dimensions`.
pub(crate) fn memory_bytes(dimensions: Dimensions, count: u32, layout: PixelLayout) -> u64 {
    let mut dimensions = dimensions;
    let mut area = 0_u64;
    for _ in 0..count {
        dimensions = half(dimensions);
        area = area.saturating_add(dimensions.area());
    }
    area.saturating_mul(layout.bytes_per_pixel())
}

/// Returns the dimensions of a copy.
pub(crate) fn half(dimensions: Dimensions) -> Dimensions {
    let half = |length: u32| NonZeroU32::new(length.div_ceil(2)).unwrap_or(NonZeroU32::MIN);
    Dimensions::from_non_zero(half(dimensions.width()), half(dimensions.height()))
}

/// Returns the dimensions of an image.
pub(crate) fn dimensions(image: &DynamicImage) -> Result<Dimensions> {
    Dimensions::new(image.width(), image.height())
        .map_err(|_empty| Error::unsupported_raster(image))
}

fn halved(placement: &Placement) -> Placement {
    Placement {
        step: (placement.step.0 * 2.0, placement.step.1 * 2.0),
        ..*placement
    }
}

#[cfg(test)]
mod tests {
    use iiif_testkit::compare::psnr;
    use iiif_testkit::pattern::{photo, with_alpha};

    use super::*;
    use crate::render::scale::crop_and_scale;

    const SIZE: (u32, u32) = (1501, 1003);

    fn size(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).expect("not empty")
    }

    fn placement() -> Placement {
        Placement::full(size(SIZE.0, SIZE.1))
    }

    fn scaled(raster: &Raster, rect: PixelRect, target: Dimensions) -> DynamicImage {
        let dimensions = dimensions(&raster.image).expect("not empty");
        let part = raster.placement.part(rect, dimensions);
        crop_and_scale(&raster.image, part, target).expect("an integral layout")
    }

    #[test]
    fn at_least_a_factor_of_two_is_left_to_scale() {
        for (from, to, step, expected) in [
            ((4000, 3000), (1001, 750), 1.0, 0),
            ((4000, 3000), (1000, 751), 1.0, 0),
            ((4000, 3000), (1000, 750), 1.0, 1),
            ((4000, 3000), (1000, 750), 2.0, 0),
            ((4000, 3000), (501, 375), 1.0, 1),
            ((4000, 3000), (500, 375), 1.0, 2),
            ((4000, 3000), (250, 100), 2.0, 2),
            ((4000, 3000), (1, 3000), 1.0, 0),
            ((10, 10), (100, 100), 1.0, 0),
            ((u32::MAX, u32::MAX), (1, 1), 1.0, 30),
        ] {
            let (from, to) = (size(from.0, from.1), size(to.0, to.1));
            assert_eq!(times(from, to, (step, step)), expected, "{from} to {to}");
        }
    }

    #[test]
    fn scaling_from_a_copy_differs_little_from_scaling_the_raster() {
        let raster = Raster {
            image: photo(SIZE.0, SIZE.1).into(),
            placement: placement(),
        };
        let copies = copies(&raster.image, &placement(), 4).expect("RGB");
        for (rect, target) in [
            ((0, 0, 1501, 1003), size(375, 250)),
            ((0, 0, 1501, 1003), size(300, 200)),
            ((0, 0, 1501, 1003), size(187, 125)),
            ((0, 0, 1501, 1003), size(100, 67)),
            ((331, 117, 800, 600), size(100, 75)),
        ] {
            let rect = PixelRect::clipped((rect.0, rect.1), (rect.2, rect.3), placement().stored);
            let rect = rect.expect("inside");
            let times = times(rect.dimensions(), target, (1.0, 1.0));
            assert!(times > 0);
            let from_copy = scaled(&copies[times as usize - 1], rect, target);
            let db = psnr(&from_copy, &scaled(&raster, rect, target));
            assert!(db > 45.0, "{rect} to {target}: {db} dB");
        }
    }

    #[test]
    fn a_part_is_scaled_the_same_from_a_copy_of_its_own() {
        let transparent = DynamicImage::from(with_alpha(&photo(SIZE.0, SIZE.1)));
        for image in [
            photo(SIZE.0, SIZE.1).into(),
            DynamicImage::from(transparent.to_rgba16()),
            transparent,
        ] {
            let copies = copies(&image, &placement(), 3).expect("an integral layout");
            for (x, y, width, height) in [
                (0, 0, 1501, 1003),
                (333, 97, 401, 402),
                (1101, 603, 400, 400),
            ] {
                let rect = PixelRect::clipped((x, y), (width, height), placement().stored);
                let rect = rect.expect("inside");
                for times in 1..=3 {
                    let target = size(rect.width() >> (times + 1), rect.height() >> (times + 1));
                    let own = around(&image, &placement(), (rect, target), times).expect("halved");
                    let shared = scaled(&copies[times as usize - 1], rect, target);
                    let is_same = scaled(&own, rect, target) == shared;
                    assert!(is_same, "{rect} halved {times} times");
                    assert!(own.image.as_bytes().len() <= image.as_bytes().len() / 3);
                }
            }
        }
    }
}
