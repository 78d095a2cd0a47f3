//! What clients may ask for.

use std::num::NonZeroU32;

use crate::Dimensions;

/// The largest derivative that clients may ask for: `maxWidth`, `maxHeight` and `maxArea` of
/// info.json (3.0 §5.2).
///
/// They bound the size before rotation: a derivative turned by 45 degrees may be larger by half of
/// its width and height. A limit of zero refuses everything. Not to be mixed up with what may be *read*: that is the pipeline's `DecodeLimits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_field_names,
    reason = "the words of info.json, which are words of configurations too"
)]
#[non_exhaustive]
pub struct SizeLimits {
    /// The widest derivative, in pixels. Default: none.
    pub max_width: Option<u32>,
    /// The highest derivative, in pixels; where missing, `max_width` stands for it (3.0 §5.2).
    /// Default: none.
    pub max_height: Option<u32>,
    /// The most pixels of a derivative. Default: none.
    pub max_area: Option<u64>,
}

impl SizeLimits {
    /// Sets [`max_width`](Self::max_width).
    #[must_use]
    pub fn with_max_width(mut self, max_width: u32) -> Self {
        self.max_width = Some(max_width);
        self
    }

    /// Sets [`max_height`](Self::max_height).
    #[must_use]
    pub fn with_max_height(mut self, max_height: u32) -> Self {
        self.max_height = Some(max_height);
        self
    }

    /// Sets [`max_area`](Self::max_area).
    #[must_use]
    pub fn with_max_area(mut self, max_area: u64) -> Self {
        self.max_area = Some(max_area);
        self
    }

    /// Returns whether no limit is set.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the first limit that `dimensions` exceed, with its name: `max_width 4000`.
    #[must_use]
    pub fn exceeded_by(&self, dimensions: Dimensions) -> Option<String> {
        let over = |limit: Option<u64>, actual: u64| limit.filter(|limit| actual > *limit);
        let max_height = self.max_height.or(self.max_width);
        if let Some(limit) = over(self.max_width.map(u64::from), dimensions.width().into()) {
            Some(format!("max_width {limit}"))
        } else if let Some(limit) = over(max_height.map(u64::from), dimensions.height().into()) {
            Some(format!("max_height {limit}"))
        } else {
            over(self.max_area, dimensions.area()).map(|limit| format!("max_area {limit}"))
        }
    }

    /// Returns the largest dimensions of the aspect of `region` that the limits allow, at most
    /// `region` itself (3.0 implementation notes §4).
    #[must_use]
    pub fn largest_within(&self, region: Dimensions) -> Dimensions {
        self.fit(region, region)
    }

    /// Like [`largest_within`](Self::largest_within), enlarging up to the limits; without limits
    /// there is nothing to enlarge to, and `region` comes back.
    #[must_use]
    pub fn largest_for(&self, region: Dimensions) -> Dimensions {
        if self.is_unlimited() {
            return region;
        }
        let unbounded = Dimensions::saturating(u64::MAX, u64::MAX);
        self.fit(region.confined_to(unbounded), region)
    }

    /// Returns the largest dimensions of the aspect of `region` inside `bounds` and the limits, as
    /// `!w,h` asks for; enlarges where there is room.
    pub(crate) fn largest_in(&self, bounds: Dimensions, region: Dimensions) -> Dimensions {
        self.fit(region.confined_to(self.bound(bounds)), region)
    }

    /// Shrinks `start` into the limits; sides come from `original` so that rounding does not add
    /// up. What rounding puts outside a limit is trimmed: an image of at least one pixel comes out
    /// of this inside every limit that is not zero.
    fn fit(&self, start: Dimensions, original: Dimensions) -> Dimensions {
        let mut fitted = start;
        if let Some(max_area) = self.max_area.filter(|area| fitted.area() > *area) {
            fitted = original.scaled_to_area(max_area);
        }
        if let Some(max_width) = self.max_width.filter(|max| fitted.width() > *max) {
            fitted = original.scaled_to_width(at_least_one(max_width));
        }
        let max_height = self.max_height.or(self.max_width);
        if let Some(max_height) = max_height.filter(|max| fitted.height() > *max) {
            fitted = original.scaled_to_height(at_least_one(max_height));
        }
        self.trim_to_area(self.bound(fitted.min(start)))
    }

    /// Cuts both sides to `max_width` and `max_height`.
    fn bound(&self, dimensions: Dimensions) -> Dimensions {
        let side = |max: Option<u32>| at_least_one(max.unwrap_or(u32::MAX));
        dimensions.min(Dimensions::from_non_zero(
            side(self.max_width),
            side(self.max_height.or(self.max_width)),
        ))
    }

    /// Cuts the longer side until `max_area` holds.
    fn trim_to_area(&self, dimensions: Dimensions) -> Dimensions {
        let (width, height) = (dimensions.width().into(), dimensions.height().into());
        match self.max_area {
            Some(max_area) if dimensions.area() > max_area && width >= height => {
                Dimensions::saturating(max_area / height, height)
            }
            Some(max_area) if dimensions.area() > max_area => {
                Dimensions::saturating(width, max_area / width)
            }
            _ => dimensions,
        }
    }
}

fn at_least_one(length: u32) -> NonZeroU32 {
    NonZeroU32::new(length).unwrap_or(NonZeroU32::MIN)
}
