//! What rendering takes, before there is anything to render.

use iiif_image_api::extension::ExtendedQuality;
use iiif_image_api::{Crop, Dimensions, PixelRect, Quality, RenderPlan};

use super::{Turn, crisp, halved, scale, scaling, times_of_reduction};
use crate::PixelLayout;
use crate::decode::Placement;

/// What is known about a raster, and its halved copies, before they are there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RenderSource {
    pub(crate) placement: Placement,
    pub(crate) dimensions: Dimensions,
    pub(crate) layout: PixelLayout,
    /// How many halved copies plans share.
    pub(crate) copies: u32,
}

impl RenderSource {
    /// Shares as many copies as `plans`, and the reduction if one `needs_reduction`, are made from, where
    /// they look at half of the raster or more; else each halves what it needs itself.
    pub(crate) fn with_copies<'p>(
        self,
        plans: impl Iterator<Item = &'p RenderPlan>,
        needs_reduction: bool,
    ) -> Self {
        let mut copies = 0;
        let mut read_px = 0.0;
        for plan in plans {
            let (size, target) = scaling(plan);
            let times = halved::times(size, target, self.placement.step);
            if times > 0 {
                copies = copies.max(times);
                read_px += size.area() as f64 / (self.placement.step.0 * self.placement.step.1);
            }
        }
        let times = times_of_reduction(self.dimensions);
        if needs_reduction && times > 0 {
            copies = copies.max(times);
            read_px += self.dimensions.area() as f64;
        }
        let is_worth_it = read_px >= self.dimensions.area() as f64 / 2.0;
        Self {
            copies: if is_worth_it { copies } else { 0 },
            ..self
        }
    }

    /// Returns the bytes of the shared copies.
    pub(crate) fn copies_bytes(&self) -> u64 {
        halved::memory_bytes(self.dimensions, self.copies, self.layout)
    }

    /// Returns the bytes that rendering a plan takes at its peak, raster and shared copies not
    /// counted: an estimate from above.
    pub(crate) fn memory_bytes(&self, plan: &RenderPlan) -> u64 {
        let pixel_bytes = self.layout.bytes_per_pixel();
        let scaling = self.scaling_bytes(plan);
        let turning = if self.is_kept(plan) {
            0
        } else {
            plan.scaled().area().saturating_mul(2 * pixel_bytes)
        };
        let is_rotated = plan.rotation().degrees.quarter_turns().is_none();
        // Alpha is added: at most doubles a pixel (gray).
        let output_bytes = if is_rotated {
            2 * pixel_bytes
        } else {
            pixel_bytes
        };
        let output = plan.output().area().saturating_mul(output_bytes);
        let rotating = if is_rotated {
            output.saturating_add(plan.scaled().area().saturating_mul(pixel_bytes))
        } else {
            0
        };
        let quality = match plan.quality() {
            ExtendedQuality::Spec(Quality::Default | Quality::Color) => 0,
            ExtendedQuality::Crisp(_) => crisp::memory_bytes(output, 1),
            _ => output.saturating_mul(2),
        };
        scaling.max(turning).max(rotating).max(quality)
    }

    /// Returns whether a plan keeps every pixel of the raster in its place.
    fn is_kept(&self, plan: &RenderPlan) -> bool {
        let upright = Turn::upright(plan.orientation());
        let full = PixelRect::full(plan.full());
        !plan.rotation().mirror
            && plan.rotation().degrees.quarter_turns() == Some(0)
            && upright == Turn::default()
            && plan.crop() == Crop::Rect(full)
            && [plan.scaled(), self.dimensions] == [plan.full(); 2]
    }

    fn scaling_bytes(&self, plan: &RenderPlan) -> u64 {
        if self.is_kept(plan) {
            return 0;
        }
        let upright = Turn::upright(plan.orientation());
        let stored = upright.dimensions(plan.full());
        let region = match plan.crop() {
            Crop::Rect(rect) => upright.source_rect(rect, stored),
            _ => PixelRect::full(stored),
        };
        let (size, target) = scaling(plan);
        let part = self.placement.part(region, self.dimensions);
        let part = part.outer(self.dimensions).dimensions();
        let times = halved::times(size, target, self.placement.step);
        let copy = (0..times).fold(part, |dimensions, _| halved::half(dimensions));
        let own_copies = if self.copies < times {
            halved::memory_bytes(part, times, self.layout)
        } else {
            0
        };
        scale::memory_bytes(copy, target, self.layout).saturating_add(own_copies)
    }
}
