//! What clients may ask for.

use crate::Dimensions;

/// The largest derivative that clients may ask for: `maxWidth`, `maxHeight` and `maxArea` of
/// info.json (3.0 §5.3).
///
/// Not to be mixed up with what may be *read*: that is the pipeline's `DecodeLimits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SizeLimits {
    /// The widest derivative, in pixels. Default: none.
    pub max_width: Option<u32>,
    /// The highest derivative, in pixels; where missing, `max_width` stands for it (3.0 §5.3).
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
        let (width, height) = (f64::from(region.width()), f64::from(region.height()));
        let unbounded = f64::from(u32::MAX) / width.max(height);
        let start = Dimensions::saturating((width * unbounded) as u64, (height * unbounded) as u64);
        self.fit(start, region)
    }

    /// Shrinks `start` into the limits; sides come from `original` so that rounding does not add up.
    fn fit(&self, start: Dimensions, original: Dimensions) -> Dimensions {
        let (width, height) = (u64::from(original.width()), u64::from(original.height()));
        let mut fitted = start;
        if let Some(max_area) = self.max_area.filter(|max_area| fitted.area() > *max_area) {
            let scale = (max_area as f64 / original.area() as f64).sqrt();
            fitted = Dimensions::saturating(
                (width as f64 * scale) as u64,
                (height as f64 * scale) as u64,
            );
        }
        if let Some(max_width) = self
            .max_width
            .filter(|max_width| fitted.width() > *max_width)
        {
            let max_width = u64::from(max_width);
            fitted = Dimensions::saturating(max_width, (height * max_width + width / 2) / width);
        }
        let max_height = self.max_height.or(self.max_width);
        if let Some(max_height) = max_height.filter(|max_height| fitted.height() > *max_height) {
            let max_height = u64::from(max_height);
            fitted = Dimensions::saturating((width * max_height + height / 2) / height, max_height);
        }
        fitted
    }
}
