//! Tiles and sizes that viewers ask for (Image API 2.1 and 3.0, implementation notes on tiles).
//!
//! At scale factor `s`, an image of width `W` is `ceil(W / s)` pixels wide and is cut into tiles
//! from the top left; the last column and row are as large as what is left. Every rounding is up,
//! as OpenSeadragon and Mirador round, so a tile at the edge is never empty.

use std::num::NonZeroU32;

use crate::{
    ApiVersion, Dimensions, Format, ImageRequest, PixelRect, Quality, Region, Rotation, Size,
    SizeForm, Upscaling,
};

/// An image cut into tiles at every scale factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileGrid {
    image: Dimensions,
    tile: Dimensions,
}

/// The tiles of one scale factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileLevel {
    grid: TileGrid,
    scale_factor: NonZeroU32,
}

/// One tile: a region of the image and the size it is scaled to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// The region of the full image.
    pub region: PixelRect,
    /// The dimensions of the tile.
    pub size: Dimensions,
    image: Dimensions,
}

impl TileGrid {
    /// Returns the grid of tiles of at most `tile` pixels.
    #[must_use]
    pub const fn new(image: Dimensions, tile: Dimensions) -> Self {
        Self { image, tile }
    }

    /// Returns the dimensions of the image.
    #[must_use]
    pub const fn image(self) -> Dimensions {
        self.image
    }

    /// Returns the dimensions of a tile that is not at the edge.
    #[must_use]
    pub const fn tile(self) -> Dimensions {
        self.tile
    }

    /// Returns the scale factors 1, 2, 4 and so on, up to the first at which one tile holds the
    /// whole image, and at most 2^31.
    pub fn scale_factors(self) -> impl Iterator<Item = NonZeroU32> {
        let fits_one_tile = move |factor: NonZeroU32| self.level(factor).count() == 1;
        std::iter::successors(Some(NonZeroU32::MIN), move |factor| {
            if fits_one_tile(*factor) {
                None
            } else {
                factor.get().checked_mul(2).and_then(NonZeroU32::new)
            }
        })
    }

    /// Returns the tiles of one scale factor, which may be any.
    #[must_use]
    pub const fn level(self, scale_factor: NonZeroU32) -> TileLevel {
        TileLevel {
            grid: self,
            scale_factor,
        }
    }

    /// Returns the levels of all [`scale_factors`](Self::scale_factors), largest first.
    pub fn levels(self) -> impl Iterator<Item = TileLevel> {
        self.scale_factors().map(move |factor| self.level(factor))
    }

    /// Returns the dimensions of the image at all [`scale_factors`](Self::scale_factors), largest
    /// first: what `sizes` of info.json may list.
    pub fn sizes(self) -> impl Iterator<Item = Dimensions> {
        self.levels().map(TileLevel::dimensions)
    }
}

impl TileLevel {
    /// Returns the scale factor.
    #[must_use]
    pub const fn scale_factor(self) -> NonZeroU32 {
        self.scale_factor
    }

    /// Returns the dimensions of the image at this scale factor, rounded up.
    #[must_use]
    pub fn dimensions(self) -> Dimensions {
        self.scaled(self.grid.image)
    }

    /// Returns the number of columns, at least 1.
    #[must_use]
    pub fn columns(self) -> u32 {
        self.dimensions().width().div_ceil(self.grid.tile.width())
    }

    /// Returns the number of rows, at least 1.
    #[must_use]
    pub fn rows(self) -> u32 {
        self.dimensions().height().div_ceil(self.grid.tile.height())
    }

    /// Returns the number of tiles, at least 1.
    #[must_use]
    pub fn count(self) -> u64 {
        u64::from(self.columns()) * u64::from(self.rows())
    }

    /// Returns the tile at a column and row, from 0 at the top left; `None` outside the image.
    #[must_use]
    pub fn tile(self, column: u32, row: u32) -> Option<Tile> {
        let factor = u64::from(self.scale_factor.get());
        // Products of two numbers below 2^32. A column or row outside the image may still overflow
        // the start; it saturates, and `clipped` refuses it.
        let width = u64::from(self.grid.tile.width()) * factor;
        let height = u64::from(self.grid.tile.height()) * factor;
        let start = (
            width.saturating_mul(column.into()),
            height.saturating_mul(row.into()),
        );
        let region = PixelRect::clipped(start, (width, height), self.grid.image)?;
        Some(Tile {
            region,
            size: self.scaled(region.dimensions()),
            image: self.grid.image,
        })
    }

    /// Returns all tiles, row by row. Nothing is allocated.
    pub fn tiles(self) -> impl Iterator<Item = Tile> {
        let columns = self.columns();
        (0..self.rows())
            .flat_map(move |row| (0..columns).filter_map(move |column| self.tile(column, row)))
    }

    fn scaled(self, dimensions: Dimensions) -> Dimensions {
        let side = |length: u32| length.div_ceil(self.scale_factor.get()).into();
        Dimensions::saturating(side(dimensions.width()), side(dimensions.height()))
    }
}

impl Tile {
    /// Returns the request by which viewers ask for the tile: quality `default`, not rotated.
    ///
    /// The region is `full` where it is the whole image. The size is `w,` in 2.1 and `w,h` in 3.0;
    /// in full resolution, a tile as wide as the image is `full` in 2.1 and the whole image `max`
    /// in 3.0 (`getTileUrl` of OpenSeadragon's `iiiftilesource.js`). These are the names of the
    /// files of a static image.
    ///
    /// Resolved in 3.0, the request of 3.0 gives exactly [`size`](Self::size). That of 2.1 may give
    /// one row more or less at an edge, because `w,` does not say how the height was rounded.
    #[must_use]
    pub fn request(&self, version: ApiVersion, format: Format) -> ImageRequest {
        let region = if self.region == PixelRect::full(self.image) {
            Region::Full
        } else {
            Region::from(self.region)
        };
        let width = NonZeroU32::new(self.size.width()).unwrap_or(NonZeroU32::MIN);
        let unscaled = self.size == self.region.dimensions();
        let form = match version {
            ApiVersion::V2 if unscaled && self.size.width() == self.image.width() => SizeForm::Full,
            ApiVersion::V2 => SizeForm::Width(width),
            ApiVersion::V3 if self.size == self.image => SizeForm::Max,
            ApiVersion::V3 => SizeForm::Exact(self.size),
        };
        ImageRequest {
            region,
            size: Size {
                form,
                upscaling: Upscaling::Forbidden,
            },
            rotation: Rotation::default(),
            quality: Quality::Default,
            format,
        }
    }
}
