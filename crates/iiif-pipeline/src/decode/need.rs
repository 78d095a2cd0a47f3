//! What of a stored image plans need, so that no more is decoded.

use iiif_image_api::{Crop, Dimensions, PixelRect, RenderPlan};

#[cfg(any(feature = "jpeg2000", feature = "tiff"))]
use super::decoding::level_steps;
use crate::render::{self, Turn, scale};
use crate::shrink::Shrink;

/// The furthest reduction by halves: no decoder goes as far.
const MOST_HALVED: u32 = 1 << 16;

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
        Self::by(plan, between)
    }

    /// Returns what `plan` needs of a stored image whose sizes in the file halve and round up: what comes
    /// from such a size has its rounded sides.
    #[cfg(feature = "jpeg2000")]
    pub(crate) fn of_plan_in_halves(plan: &RenderPlan) -> Self {
        let exact = Self::of_plan(plan);
        Self {
            shrink: exact.shrink.max(Self::by(plan, halvings).shrink),
            ..exact
        }
    }

    /// Returns the need of a plan that all of the image is decoded for: as often as it may be halved.
    pub(crate) fn of_halved_whole(plan: &RenderPlan) -> Self {
        Self::by(plan, halvings).of_whole(plan)
    }

    /// Returns the same need of all of the image of `plan`.
    pub(crate) fn of_whole(self, plan: &RenderPlan) -> Self {
        let stored = Turn::upright(plan.orientation()).dimensions(plan.full());
        Self {
            window: PixelRect::full(stored),
            ..self
        }
    }

    fn by(plan: &RenderPlan, shrink: fn(Dimensions, Dimensions) -> Shrink) -> Self {
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
                    shrink: shrink(rect.dimensions(), target),
                }
            }
            // Where the window lies is found out by looking at everything.
            _ => Self {
                window: PixelRect::full(stored),
                shrink: shrink(render::smart_window(plan), plan.scaled())
                    .min(reduction_shrink(stored, shrink)),
            },
        }
    }

    /// Returns what the reduction needs that smart crops and analyses look at.
    pub(crate) fn of_reduction(stored: Dimensions) -> Self {
        Self {
            window: PixelRect::full(stored),
            shrink: reduction_shrink(stored, between),
        }
    }

    /// Returns whether no plan needs more than a level has. The sides of a level are rounded, often
    /// down, and then only one of them is all of the fraction; so are those that plans ask for.
    #[cfg(any(feature = "jpeg2000", feature = "tiff"))]
    pub(crate) fn is_met_by(self, stored: Dimensions, level: Dimensions) -> bool {
        let [across, down] = level_steps(stored, level);
        let allows = |more: u32| {
            let allows = |(stored, level): (u32, u32)| {
                self.shrink.allows(stored, level.saturating_add(more))
            };
            (allows(across), allows(down))
        };
        match allows(0) {
            (true, true) => true,
            (false, false) => false,
            _ => allows(1) == (true, true),
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

/// Returns how far `from` may shrink by halves, so that several plans agree on it.
///
/// Sides of tiles and of sizes that are announced are rounded up, so a quarter of 479 pixels is 120:
/// halves are rounded up as well.
fn halvings(from: Dimensions, to: Dimensions) -> Shrink {
    let exact = between(from, to);
    let mut factor = 1;
    while factor < MOST_HALVED && exact.reaches(Shrink::by(2 * factor)) {
        factor *= 2;
    }
    let is_rounded = |from: u32, to: u32| from > to && from.div_ceil(2 * factor) >= to;
    if is_rounded(from.width(), to.width()) && is_rounded(from.height(), to.height()) {
        factor *= 2;
    }
    Shrink::by(factor)
}

/// Returns how far an image may shrink for the reduction that smart crops look at.
fn reduction_shrink(stored: Dimensions, shrink: fn(Dimensions, Dimensions) -> Shrink) -> Shrink {
    let longer = stored.width().max(stored.height());
    let side = |length: u32| Dimensions::new(length, length).unwrap_or(stored);
    shrink(side(longer), side(render::REDUCTION_EDGE_PX))
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
