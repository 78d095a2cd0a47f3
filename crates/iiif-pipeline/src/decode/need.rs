//! What of a stored image plans need, so that no more is decoded.

use iiif_image_api::{Crop, Dimensions, PixelRect, RenderPlan};

use crate::render::{self, Turn, scale};
use crate::shrink::Shrink;

/// What of a stored image is needed, and how finely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Need {
    /// The part that is looked at, in stored pixels.
    pub(crate) window: PixelRect,
    /// How far it may be reduced.
    pub(crate) shrink: Shrink,
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
                    shrink: between(rect.dimensions(), target),
                }
            }
            // Where the window lies is found out by looking at everything.
            _ => Self::of_reduction(stored).and(Self {
                window: PixelRect::full(stored),
                shrink: between(render::smart_window(plan), plan.scaled()),
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
        Self {
            window: enclosing(self.window, other.window),
            shrink: self.shrink.min(other.shrink),
        }
    }
}

/// Returns how far `from` may shrink without a side falling below that of `to`.
fn between(from: Dimensions, to: Dimensions) -> Shrink {
    let by_width = Shrink::new(from.width(), to.width());
    by_width.min(Shrink::new(from.height(), to.height()))
}

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
