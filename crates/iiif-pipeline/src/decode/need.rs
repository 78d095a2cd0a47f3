//! What of a stored image plans need, so that no more is decoded.

use iiif_image_api::{Crop, Dimensions, PixelRect, RenderPlan};

use crate::render::{self, Turn, scale};

/// What of a stored image is needed, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// The part that is looked at, in stored pixels.
    pub(crate) window: PixelRect,
    /// How far it may be reduced.
    pub(crate) shrink: Shrink,
}

/// How many stored pixels may become one in each direction: a fraction, at least 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shrink {
    stored: u32,
    needed: u32,
}

impl Need {
    /// Returns what `plan` needs of a stored image.
    pub(crate) fn of_plan(plan: &RenderPlan) -> Self {
        let upright = Turn::upright(plan.orientation());
        let stored = upright.dimensions(plan.full());
        let target = upright.dimensions(plan.scaled());
        match plan.crop() {
            Crop::Rect(rect) => {
                let rect = upright.source_rect(rect, stored);
                let window = if rect.dimensions() == target {
                    rect
                } else {
                    scale::neighborhood(rect, target, stored)
                };
                Self {
                    window,
                    shrink: Shrink::between(rect.dimensions(), target),
                }
            }
            // Where the window lies is found out by looking at everything.
            _ => Self::of_reduction(stored).and(Self {
                window: PixelRect::full(stored),
                shrink: Shrink::between(render::smart_window(plan), plan.scaled()),
            }),
        }
    }

    /// Returns what the reduction needs that smart crops and analyses look at.
    pub(crate) fn of_reduction(stored: Dimensions) -> Self {
        let longer = stored.width().max(stored.height());
        Self {
            window: PixelRect::full(stored),
            shrink: Shrink::new(longer, render::REDUCTION_EDGE_PX),
        }
    }

    /// Returns what serves both.
    pub(crate) fn and(self, other: Self) -> Self {
        let shrink = if self.shrink.allows(other.shrink.stored, other.shrink.needed) {
            other.shrink
        } else {
            self.shrink
        };
        Self {
            window: enclosing(self.window, other.window),
            shrink,
        }
    }
}

impl Shrink {
    /// Every pixel as it is.
    pub(crate) const NONE: Self = Self {
        stored: 1,
        needed: 1,
    };

    fn new(stored: u32, needed: u32) -> Self {
        if stored <= needed {
            return Self::NONE;
        }
        Self { stored, needed }
    }

    /// Returns how far `from` may shrink without a side falling below that of `to`.
    fn between(from: Dimensions, to: Dimensions) -> Self {
        let by_width = Self::new(from.width(), to.width());
        let by_height = Self::new(from.height(), to.height());
        if by_width.allows(by_height.stored, by_height.needed) {
            by_height
        } else {
            by_width
        }
    }

    /// Returns by which whole number pixels may be averaged so that at least twice as many are left
    /// as are needed: what remains is scaled by the better filter. At least 1.
    #[cfg(feature = "png")]
    pub(crate) fn whole_half(self) -> u32 {
        let half = u64::from(self.stored) / (2 * u64::from(self.needed));
        u32::try_from(half).unwrap_or(u32::MAX).max(1)
    }

    /// Returns whether `stored` pixels may become `made`.
    pub(crate) fn allows(self, stored: u32, made: u32) -> bool {
        u64::from(made) * u64::from(self.stored) >= u64::from(stored) * u64::from(self.needed)
    }
}

impl PartialEq for Shrink {
    fn eq(&self, other: &Self) -> bool {
        self.allows(other.stored, other.needed) && other.allows(self.stored, self.needed)
    }
}

impl Eq for Shrink {}

/// Returns the smallest rectangle around both.
fn enclosing(a: PixelRect, b: PixelRect) -> PixelRect {
    let span = |start_a: u32, length_a: u32, start_b: u32, length_b: u32| {
        let start = start_a.min(start_b);
        // Ends lie inside the image, whose sides are of 32 bits.
        (start, (start_a + length_a).max(start_b + length_b) - start)
    };
    let (x, width) = span(a.x(), a.width(), b.x(), b.width());
    let (y, height) = span(a.y(), a.height(), b.y(), b.height());
    let reach = Dimensions::new(x + width, y + height).unwrap_or(a.dimensions());
    PixelRect::clipped((x.into(), y.into()), (width.into(), height.into()), reach).unwrap_or(a)
}
