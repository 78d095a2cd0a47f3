//! How a stored raster is turned to stand upright.

use crate::Dimensions;

/// The EXIF orientation: where the first row and the first column of the stored raster belong.
///
/// Source: EXIF 2.32 §4.6.4, tag 0x0112.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Orientation {
    /// 1: stored upright.
    #[default]
    TopLeft,
    /// 2: mirrored left to right.
    TopRight,
    /// 3: turned by 180 degrees.
    BottomRight,
    /// 4: mirrored top to bottom.
    BottomLeft,
    /// 5: transposed, rows are columns.
    LeftTop,
    /// 6: to be turned by 90 degrees clockwise.
    RightTop,
    /// 7: transposed along the other diagonal.
    RightBottom,
    /// 8: to be turned by 90 degrees counter-clockwise.
    LeftBottom,
}

impl Orientation {
    /// All eight, in the order of their EXIF values.
    pub const ALL: [Self; 8] = [
        Self::TopLeft,
        Self::TopRight,
        Self::BottomRight,
        Self::BottomLeft,
        Self::LeftTop,
        Self::RightTop,
        Self::RightBottom,
        Self::LeftBottom,
    ];

    /// Returns the orientation of an EXIF value from 1 to 8; `None` for any other.
    #[must_use]
    pub fn from_exif(value: u32) -> Option<Self> {
        let index = usize::try_from(value.checked_sub(1)?).ok()?;
        Self::ALL.get(index).copied()
    }

    /// Returns the EXIF value, from 1 to 8.
    #[must_use]
    pub fn to_exif(self) -> u8 {
        self as u8 + 1
    }

    /// Returns whether standing upright exchanges width and height.
    #[must_use]
    pub fn swaps_sides(self) -> bool {
        self.to_exif() >= 5
    }

    /// Returns the dimensions that a raster of `stored` pixels has when it stands upright.
    #[must_use]
    pub fn upright(self, stored: Dimensions) -> Dimensions {
        if self.swaps_sides() {
            stored.transposed()
        } else {
            stored
        }
    }
}
