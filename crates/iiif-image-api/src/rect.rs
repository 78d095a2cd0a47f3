//! Rectangles of pixels inside an image.

use std::fmt;

use crate::Dimensions;

/// A rectangle of at least one pixel that lies inside an image, by construction.
///
/// In pixels of the full image; the origin is at the top left, x grows to the right, y downwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelRect {
    x: u32,
    y: u32,
    dimensions: Dimensions,
}

impl PixelRect {
    /// Returns the whole of an image.
    #[must_use]
    pub const fn full(image: Dimensions) -> Self {
        Self {
            x: 0,
            y: 0,
            dimensions: image,
        }
    }

    /// Returns the part of a rectangle that lies inside `image`; `None` where no pixel does.
    #[must_use]
    pub fn clipped(
        (x, y): (u64, u64),
        (width, height): (u64, u64),
        image: Dimensions,
    ) -> Option<Self> {
        let span = |start: u64, length: u64, side: u32| {
            let start = u32::try_from(start).ok().filter(|start| *start < side)?;
            Some((start, length.min(u64::from(side - start)) as u32))
        };
        let (x, width) = span(x, width, image.width())?;
        let (y, height) = span(y, height, image.height())?;
        Some(Self {
            x,
            y,
            dimensions: Dimensions::new(width, height).ok()?,
        })
    }

    /// Returns the left column.
    #[must_use]
    pub const fn x(self) -> u32 {
        self.x
    }

    /// Returns the top row.
    #[must_use]
    pub const fn y(self) -> u32 {
        self.y
    }

    /// Returns the width, in pixels.
    #[must_use]
    pub const fn width(self) -> u32 {
        self.dimensions.width()
    }

    /// Returns the height, in pixels.
    #[must_use]
    pub const fn height(self) -> u32 {
        self.dimensions.height()
    }

    /// Returns width and height.
    #[must_use]
    pub const fn dimensions(self) -> Dimensions {
        self.dimensions
    }
}

/// Prints the form of a region, `x,y,w,h`.
impl fmt::Display for PixelRect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{},{},{},{}",
            self.x,
            self.y,
            self.width(),
            self.height()
        )
    }
}
