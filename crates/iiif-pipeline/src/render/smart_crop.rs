//! Smart crop: the most interesting window of an aspect.
//!
//! Detail, skin and saturation are weighed by `smartcrop2`, a port of smartcrop.js, on a small
//! reduction of the image; only where the window lies is taken from it, never pixels.

use std::borrow::Cow;
use std::num::NonZeroU32;

use iiif_image_api::{Dimensions, PixelRect};
use image::{DynamicImage, RgbImage};
use smartcrop::{Crop, Image, RGB, ResizableImage};

use crate::render::orient::Turn;
use crate::render::{flatten, scale};
use crate::{Error, Result};

/// `smartcrop2` reduces further what has a shorter side above this, and panics if the rounding of
/// that goes wrong; at or below, it takes the pixels as they are.
const MAX_SHORTER_SIDE_PX: u32 = 400;

/// Returns the most interesting of the largest windows of the aspect of `window` in an image of
/// `full`; `reduction` is that image before `turn`, reduced.
///
/// An image of a single color is cropped around its center.
pub(crate) fn find(
    reduction: &DynamicImage,
    turn: Turn,
    full: Dimensions,
    window: Dimensions,
) -> Result<PixelRect> {
    let size = largest(full, window);
    let small = if reduction.width().min(reduction.height()) > MAX_SHORTER_SIDE_PX {
        Cow::Owned(scale::reduce(reduction, MAX_SHORTER_SIDE_PX)?)
    } else {
        Cow::Borrowed(reduction)
    };
    let reduced = turn.apply(flatten::over_white(&small).into_owned())?;
    let reduced = Reduction(reduced.into_rgb8());
    let found = smartcrop::find_best_crop(&reduced, side(window.width()), side(window.height()))
        .map_err(|cause| Error::Scale {
            source: cause.to_string().into(),
        })?;
    // The edge of an image counts as detail, so a plain one has a best window too.
    let interesting = reduced
        .0
        .pixels()
        .any(|pixel| pixel != reduced.0.get_pixel(0, 0));
    let start = |reduced_start: u32, reduced_side: u32, side: u32, length: u32| {
        let room = u64::from(side - length);
        if interesting {
            let (start, reduced_side) = (u64::from(reduced_start), u64::from(reduced_side.max(1)));
            ((start * u64::from(side) + reduced_side / 2) / reduced_side).min(room)
        } else {
            room / 2
        }
    };
    let x = start(found.crop.x, reduced.width(), full.width(), size.width());
    let y = start(found.crop.y, reduced.height(), full.height(), size.height());
    let lengths = (size.width().into(), size.height().into());
    Ok(PixelRect::clipped((x, y), lengths, full).unwrap_or(PixelRect::full(full)))
}

/// Returns the largest dimensions of the aspect of `window` inside `full`; the shorter side is
/// rounded half up.
pub(super) fn largest(full: Dimensions, window: Dimensions) -> Dimensions {
    let (full_width, full_height) = (side(full.width()), side(full.height()));
    let by_width = window.scaled_to_width(full_width);
    if by_width.height() <= full.height() {
        by_width
    } else {
        let by_height = window.scaled_to_height(full_height);
        if by_height.width() <= full.width() {
            by_height
        } else {
            full
        }
    }
}

fn side(length: u32) -> NonZeroU32 {
    NonZeroU32::new(length).unwrap_or(NonZeroU32::MIN)
}

struct Reduction(RgbImage);

impl Image for Reduction {
    fn width(&self) -> u32 {
        self.0.width()
    }

    fn height(&self) -> u32 {
        self.0.height()
    }

    fn get(&self, x: u32, y: u32) -> RGB {
        let [r, g, b] = self.0.get_pixel(x, y).0;
        RGB { r, g, b }
    }
}

impl ResizableImage<Self> for Reduction {
    /// Asked for once, with the dimensions that the reduction has.
    fn resize(&self, width: u32, height: u32) -> Self {
        if (width, height) == self.0.dimensions() {
            Self(self.0.clone())
        } else {
            Self(image::imageops::thumbnail(&self.0, width, height))
        }
    }

    fn crop_and_resize(&self, crop: Crop, width: u32, height: u32) -> Self {
        let cropped =
            image::imageops::crop_imm(&self.0, crop.x, crop.y, crop.width, crop.height).to_image();
        Self(image::imageops::thumbnail(&cropped, width, height))
    }
}

#[cfg(test)]
mod tests {
    use iiif_testkit::pattern;
    use image::Rgb;

    use super::*;

    fn dimensions(width: u32, height: u32) -> Dimensions {
        Dimensions::new(width, height).expect("not zero")
    }

    #[test]
    fn the_face_of_a_photo_is_inside_the_window() {
        let (width, height) = (600, 300);
        let photo = DynamicImage::ImageRgb8(pattern::photo(width, height));
        let face = pattern::photo_face(width, height).expect("large enough for a face");
        let reduction = scale::reduce(&photo, 448).expect("reducible");
        let full = dimensions(width, height);
        let found = find(&reduction, Turn::default(), full, dimensions(10, 10)).expect("found");
        assert_eq!((found.width(), found.height()), (300, 300));
        let (x, right) = (found.x(), found.x() + found.width());
        assert!(
            x <= face.x() && face.x() + face.width() <= right,
            "{found} {face}"
        );
    }

    #[test]
    fn a_plain_image_is_cropped_around_its_center() {
        let plain = DynamicImage::ImageRgb8(RgbImage::from_pixel(400, 200, Rgb([90, 90, 90])));
        let full = dimensions(4000, 2000);
        let found = find(&plain, Turn::default(), full, dimensions(1, 1)).expect("found");
        assert_eq!(found.to_string(), "1000,0,2000,2000");
    }

    #[test]
    fn the_window_is_the_largest_of_its_aspect() {
        for (full, window, expected) in [
            ((4000, 3000), (320, 320), (3000, 3000)),
            ((4000, 3000), (1600, 900), (4000, 2250)),
            ((4000, 3000), (900, 1600), (1688, 3000)),
            ((10, 10), (1000, 1), (10, 1)),
            ((1, 1), (7, 3), (1, 1)),
        ] {
            let full = dimensions(full.0, full.1);
            let largest = largest(full, dimensions(window.0, window.1));
            assert_eq!(largest, dimensions(expected.0, expected.1));
        }
    }

    #[test]
    fn windows_of_any_aspect_lie_inside_images_of_any_size() {
        let sides = [1, 7, 9, 31, 401, 448, 500];
        let windows = [(1, 1), (1000, 1), (1, 1000), (16, 9), (333, 334)];
        for (width, height) in sides
            .iter()
            .flat_map(|w| sides.iter().map(move |h| (*w, *h)))
        {
            let picture = DynamicImage::ImageRgb8(pattern::gradient(width, height));
            let reduction = scale::reduce(&picture, 448).expect("reducible");
            let full = dimensions(width, height);
            for window in windows.map(|(w, h)| dimensions(w, h)) {
                let found = find(&reduction, Turn::default(), full, window).expect("found");
                assert!(found.x() + found.width() <= width);
                assert!(found.y() + found.height() <= height);
                assert!(found.width() == width || found.height() == height);
            }
        }
    }
}
