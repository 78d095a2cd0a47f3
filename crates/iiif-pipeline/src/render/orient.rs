//! Orientation, mirroring and quarter turns: pixels change places and nothing else.
//!
//! The eight ways to lay a rectangle onto itself form a group, so the orientation of the stored
//! raster, the mirroring and the quarter turns of a plan become one [`Turn`] over the finished,
//! small pixels. Scaling first is the same as turning first: the filter is symmetric and separable,
//! so it commutes with every turn as long as the target sides are exchanged along. What may differ
//! is rounding, because scaling rounds and clamps to the range of the samples between its passes.

use std::borrow::Cow;

use iiif_image_api::{Dimensions, Orientation, PixelRect};
use image::DynamicImage;
use rayon::prelude::*;

use crate::render::raster::{self, Sample, Samples};
use crate::{Error, Result};

/// Output rows that are filled together when rows become columns, so that each visit to a source
/// row reads more than one pixel of its cache line.
const ROWS_PER_BLOCK: usize = 16;

/// Transposition, then mirroring left-right, then top-bottom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    transpose: bool,
    mirror_x: bool,
    mirror_y: bool,
}

impl Turn {
    const fn new(transpose: bool, mirror_x: bool, mirror_y: bool) -> Self {
        Self {
            transpose,
            mirror_x,
            mirror_y,
        }
    }

    /// Returns the turn that makes a raster stored in `orientation` upright (EXIF 2.32 §4.6.4 A,
    /// tag 274: the names say where the first row and the first column lie).
    pub(crate) const fn upright(orientation: Orientation) -> Self {
        match orientation {
            Orientation::TopLeft => Self::new(false, false, false),
            Orientation::TopRight => Self::new(false, true, false),
            Orientation::BottomRight => Self::new(false, true, true),
            Orientation::BottomLeft => Self::new(false, false, true),
            Orientation::LeftTop => Self::new(true, false, false),
            Orientation::RightTop => Self::new(true, true, false),
            Orientation::RightBottom => Self::new(true, true, true),
            Orientation::LeftBottom => Self::new(true, false, true),
        }
    }

    /// Returns left-right mirroring.
    pub(crate) const fn mirror() -> Self {
        Self::new(false, true, false)
    }

    /// Returns `turns` clockwise quarter turns.
    pub(crate) const fn quarters(turns: u8) -> Self {
        match turns % 4 {
            1 => Self::new(true, true, false),
            2 => Self::new(false, true, true),
            3 => Self::new(true, false, true),
            _ => Self::new(false, false, false),
        }
    }

    /// Returns this turn followed by `next`.
    pub(crate) const fn then(self, next: Self) -> Self {
        let (x, y) = if next.transpose {
            (self.mirror_y, self.mirror_x)
        } else {
            (self.mirror_x, self.mirror_y)
        };
        Self::new(
            self.transpose != next.transpose,
            x != next.mirror_x,
            y != next.mirror_y,
        )
    }

    /// Returns the dimensions of an image of `before` after the turn, which are also those before
    /// it of an image that comes out as `before`.
    pub(crate) fn dimensions(self, before: Dimensions) -> Dimensions {
        if self.transpose {
            before.transposed()
        } else {
            before
        }
    }

    /// Returns which pixels of the image of `before` come to lie in `rect` after the turn.
    pub(crate) fn source_rect(self, rect: PixelRect, before: Dimensions) -> PixelRect {
        let after = self.dimensions(before);
        let far = |mirrored: bool, start: u32, length: u32, side: u32| {
            // Inside `after` by construction; saturation only keeps a foreign rect from panicking.
            if mirrored {
                side.saturating_sub(start).saturating_sub(length)
            } else {
                start
            }
        };
        let x = far(self.mirror_x, rect.x(), rect.width(), after.width());
        let y = far(self.mirror_y, rect.y(), rect.height(), after.height());
        let (start, length) = if self.transpose {
            ((y, x), (rect.height(), rect.width()))
        } else {
            ((x, y), (rect.width(), rect.height()))
        };
        PixelRect::clipped(
            (start.0.into(), start.1.into()),
            (length.0.into(), length.1.into()),
            before,
        )
        .unwrap_or(PixelRect::full(before))
    }

    /// Returns the turned `image`; without a turn, `image` itself.
    pub(crate) fn apply(self, image: DynamicImage) -> Result<DynamicImage> {
        if self == Self::default() {
            return Ok(image);
        }
        match Dimensions::new(image.width(), image.height()) {
            Ok(dimensions) => self.copy(&image, PixelRect::full(dimensions)),
            Err(_empty) => Ok(image),
        }
    }

    /// Returns the pixels of `image` in `rect`, turned; `image` itself where that is all of it and
    /// there is no turn.
    pub(crate) fn part(
        self,
        image: &DynamicImage,
        rect: PixelRect,
    ) -> Result<Cow<'_, DynamicImage>> {
        let is_all = (image.width(), image.height()) == (rect.width(), rect.height());
        if is_all && self == Self::default() {
            return Ok(Cow::Borrowed(image));
        }
        self.copy(image, rect).map(Cow::Owned)
    }

    fn copy(self, image: &DynamicImage, rect: PixelRect) -> Result<DynamicImage> {
        let size = self.dimensions(rect.dimensions());
        let size = (size.width(), size.height());
        let channels = raster::channels(image);
        let stride = image.width() as usize;
        match raster::samples(image) {
            Some(Samples::Bits8(samples)) => {
                let turned = self.copy_channels(samples, channels, stride, rect);
                Sample::into_image(turned, size, channels)
            }
            Some(Samples::Bits16(samples)) => {
                let turned = self.copy_channels(samples, channels, stride, rect);
                Sample::into_image(turned, size, channels)
            }
            None => None,
        }
        .ok_or_else(|| Error::unsupported_raster(image))
    }

    fn copy_channels<T: Sample>(
        self,
        samples: &[T],
        channels: usize,
        stride: usize,
        rect: PixelRect,
    ) -> Vec<T> {
        match channels {
            1 => self.copy_pixels::<T, 1>(samples, stride, rect),
            2 => self.copy_pixels::<T, 2>(samples, stride, rect),
            3 => self.copy_pixels::<T, 3>(samples, stride, rect),
            _ => self.copy_pixels::<T, 4>(samples, stride, rect),
        }
    }

    fn copy_pixels<T: Sample, const N: usize>(
        self,
        samples: &[T],
        stride: usize,
        rect: PixelRect,
    ) -> Vec<T> {
        let source = raster::pixels::<T, N>(samples);
        let (left, top) = (rect.x() as usize, rect.y() as usize);
        let (width, height) = (rect.width() as usize, rect.height() as usize);
        let row = |y: usize| {
            let start = (top + y) * stride + left;
            &source[start..start + width]
        };
        let mut turned = vec![[T::default(); N]; width * height];
        if self.transpose {
            turned
                .par_chunks_mut(height * ROWS_PER_BLOCK)
                .enumerate()
                .for_each(|(block, rows)| {
                    for y in 0..height {
                        let x = if self.mirror_x { height - 1 - y } else { y };
                        for (i, row_out) in rows.chunks_exact_mut(height).enumerate() {
                            let column = block * ROWS_PER_BLOCK + i;
                            let column = if self.mirror_y {
                                width - 1 - column
                            } else {
                                column
                            };
                            row_out[x] = row(y)[column];
                        }
                    }
                });
        } else {
            turned
                .par_chunks_mut(width)
                .enumerate()
                .for_each(|(y, row_out)| {
                    let y = if self.mirror_y { height - 1 - y } else { y };
                    row_out.copy_from_slice(row(y));
                    if self.mirror_x {
                        row_out.reverse();
                    }
                });
        }
        turned.into_flattened()
    }
}
