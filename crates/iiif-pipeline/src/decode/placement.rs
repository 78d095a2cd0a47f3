//! Where the pixels of a raster lie in the stored image.

use iiif_image_api::{Dimensions, PixelRect};

/// Where the pixels of a raster lie in the stored image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Placement {
    /// The stored dimensions of the image.
    pub(crate) stored: Dimensions,
    /// Where the image ends, in stored pixels: there, or up to a pixel of the raster further.
    pub(crate) end: (f64, f64),
    /// Where the first pixel starts, in stored pixels.
    pub(crate) origin: (f64, f64),
    /// How many stored pixels one pixel is wide and high.
    pub(crate) step: (f64, f64),
}

/// A part of a raster, in its pixels; where it was reduced, parts of pixels count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Placement {
    /// Returns the placement of a raster of all pixels as they are.
    pub(crate) fn full(stored: Dimensions) -> Self {
        Self {
            stored,
            end: (stored.width().into(), stored.height().into()),
            origin: (0.0, 0.0),
            step: (1.0, 1.0),
        }
    }

    /// Returns where `rect` of the stored image lies in the raster of `dimensions`, cut off at its
    /// edges.
    pub(crate) fn part(&self, rect: PixelRect, dimensions: Dimensions) -> Part {
        let span = |start: f64, length: f64, origin: f64, step: f64, side: u32| {
            let start = ((start - origin) / step).clamp(0.0, f64::from(side));
            (start, (length / step).min(f64::from(side) - start))
        };
        let length = |start: u32, length: u32, stored: u32, end: f64| {
            if start + length == stored {
                end - f64::from(start)
            } else {
                f64::from(length)
            }
        };
        let (stored, end) = (self.stored, self.end);
        let (x, width) = span(
            rect.x().into(),
            length(rect.x(), rect.width(), stored.width(), end.0),
            self.origin.0,
            self.step.0,
            dimensions.width(),
        );
        let (y, height) = span(
            rect.y().into(),
            length(rect.y(), rect.height(), stored.height(), end.1),
            self.origin.1,
            self.step.1,
            dimensions.height(),
        );
        Part {
            x,
            y,
            width,
            height,
        }
    }
}

impl Part {
    /// Returns the pixels, if no pixel is cut.
    pub(crate) fn whole_pixels(&self, dimensions: Dimensions) -> Option<PixelRect> {
        let is_whole = [self.x, self.y, self.width, self.height]
            .iter()
            .all(|length| length.fract() == 0.0);
        if !is_whole {
            return None;
        }
        PixelRect::clipped(
            (self.x as u64, self.y as u64),
            (self.width as u64, self.height as u64),
            dimensions,
        )
    }

    /// Returns the smallest whole pixels around the part.
    pub(crate) fn outer(&self, dimensions: Dimensions) -> PixelRect {
        let span = |start: f64, length: f64| {
            let first = start.floor();
            (
                first as u64,
                ((start + length).ceil() - first).max(1.0) as u64,
            )
        };
        let (x, width) = span(self.x, self.width);
        let (y, height) = span(self.y, self.height);
        PixelRect::clipped((x, y), (width, height), dimensions)
            .unwrap_or(PixelRect::full(dimensions))
    }
}
