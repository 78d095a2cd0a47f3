//! From a decoded raster and a plan to the pixels of a derivative.
//!
//! The order is that of the specification: region, size, mirroring, rotation, quality (Image API
//! 3.0 §4). The stored raster is never turned as a whole: the region is looked up in stored
//! coordinates and only what was scaled is turned.

mod crisp;
mod dither;
pub(crate) mod flatten;
pub(crate) mod halved;
mod orient;
mod quality;
pub(crate) mod raster;
mod rotate;
pub(crate) mod scale;
mod smart_crop;

use std::borrow::Cow;
use std::sync::OnceLock;

use iiif_image_api::extension::ExtendedQuality;
use iiif_image_api::{Crop, Dimensions, PixelRect, Quality, RenderPlan};
use image::DynamicImage;

use crate::decode::{Placement, Raster};
pub(crate) use crate::render::orient::Turn;
use crate::{Error, PixelLayout, Result};

/// The most bytes that the rendering of one plan may take, the source not counted: 4 GiB.
const MAX_RENDER_BYTES: u64 = 4 << 30;

/// The longer side of the reduction that smart crops and analyses look at.
pub(crate) const REDUCTION_EDGE_PX: u32 = 448;

/// Renders one plan.
///
/// `image` is the raster as it is stored, not yet turned by the plan's orientation. The result
/// keeps its depth (8 or 16 bits per sample; floats become 16) and its channels, except that gray
/// has one color channel, `bitonal` and `dither` have one channel of 8 bits with 0 and 255 only,
/// and rotation by anything but quarter turns adds alpha.
///
/// What shrinks by four or more is scaled from a copy that was halved by averaging, of which at least
/// twice the pixels needed are left: a PSNR above 45 dB against scaling `image` itself.
///
/// To render several plans of one source, use [`Batch`](crate::Batch).
///
/// # Errors
///
/// [`Error::PlanMismatch`] if the plan was made for an image of other dimensions,
/// [`Error::PlanTooLarge`] if it takes more than 4 GiB, [`Error::InvalidOption`] if a parameter of
/// `crisp` is out of range.
pub fn render(image: &DynamicImage, plan: &RenderPlan) -> Result<DynamicImage> {
    let expected = Turn::upright(plan.orientation()).dimensions(plan.full());
    let (width, height) = (image.width(), image.height());
    if (width, height) != (expected.width(), expected.height()) {
        return Err(Error::PlanMismatch {
            expected,
            width,
            height,
        });
    }
    Renderer {
        image: raster::integral(image),
        dimensions: expected,
        placement: Placement::full(expected),
        shared: OnceLock::new(),
    }
    .render(plan)
    .map(Cow::into_owned)
}

/// Returns the largest window that a smart crop of `plan` can keep, in upright pixels; everything
/// without one.
pub(crate) fn smart_window(plan: &RenderPlan) -> Dimensions {
    match plan.crop() {
        Crop::Smart(window) => smart_crop::largest(plan.full(), window),
        _ => plan.full(),
    }
}

/// Renders plans of one raster.
pub(crate) struct Renderer<'a> {
    image: Cow<'a, DynamicImage>,
    dimensions: Dimensions,
    placement: Placement,
    shared: OnceLock<Shared>,
}

/// What several plans are made from.
struct Shared {
    /// Each half as large as the one before; none if each plan halves what it needs.
    copies: Vec<Raster>,
    /// What smart crops and analyses look at, as it is stored.
    reduction: Option<DynamicImage>,
}

impl<'a> Renderer<'a> {
    pub(crate) fn new(raster: &'a Raster) -> Result<Self> {
        let image = raster::integral(&raster.image);
        let dimensions = Dimensions::new(image.width(), image.height())
            .map_err(|_empty| Error::unsupported_raster(&image))?;
        Ok(Self {
            image,
            dimensions,
            placement: raster.placement,
            shared: OnceLock::new(),
        })
    }

    /// Makes halved copies and, for smart crops and analyses, a reduction, that what is rendered from
    /// now on shares; nothing where they are there. Not where they are first needed: there other
    /// threads would wait inside a thread pool that itself scales in parallel, which can deadlock.
    pub(crate) fn share(&self, copies: u32, needs_reduction: bool) -> Result<()> {
        if self.shared.get().is_some() {
            return Ok(());
        }
        let copies = halved::copies(&self.image, &self.placement, copies)?;
        let reduction = needs_reduction.then(|| self.reduce(&copies)).transpose()?;
        let _ = self.shared.set(Shared { copies, reduction });
        Ok(())
    }

    /// Returns whether what [`share`](Self::share) makes is of no use to a plan.
    pub(crate) fn shares_nothing(&self, plan: &RenderPlan) -> bool {
        let (size, target) = scaling(plan);
        matches!(plan.crop(), Crop::Rect(_))
            && halved::times(size, target, self.placement.step) == 0
    }

    /// Returns the reduction turned by `orientation`, with 8 bits per sample.
    pub(crate) fn reduction(
        &self,
        orientation: iiif_image_api::Orientation,
    ) -> Result<DynamicImage> {
        Turn::upright(orientation).apply(self.shared_reduction()?.into_owned())
    }

    /// Returns the pixels of a plan: the raster's own where the plan keeps all of them.
    pub(crate) fn render(&self, plan: &RenderPlan) -> Result<Cow<'_, DynamicImage>> {
        let upright = Turn::upright(plan.orientation());
        let stored = self.check(plan, upright)?;
        let rect = match plan.crop() {
            Crop::Rect(rect) => rect,
            Crop::Smart(window) => {
                smart_crop::find(&*self.shared_reduction()?, upright, plan.full(), window)?
            }
            _ => return Err(Error::unsupported_raster(&self.image)),
        };
        let rect = upright.source_rect(rect, stored);
        let target = upright.dimensions(plan.scaled());

        let rotation = plan.rotation();
        let mut turn = upright;
        if rotation.mirror {
            turn = turn.then(Turn::mirror());
        }
        let quarters = rotation.degrees.quarter_turns();
        turn = turn.then(Turn::quarters(quarters.unwrap_or(0)));

        let part = self.placement.part(rect, self.dimensions);
        let turned = match part.whole_pixels(self.dimensions) {
            Some(rect) if rect.dimensions() == target => turn.part(&self.image, rect)?,
            _ => Cow::Owned(turn.apply(self.scale(rect, target)?)?),
        };
        let rotated = if quarters.is_some() {
            turned
        } else {
            Cow::Owned(rotate::rotate(&turned, rotation.degrees, plan.output())?)
        };
        quality::apply(rotated, plan.quality())
    }

    /// Returns `rect` of the stored image scaled to `target`, from a halved copy where it shrinks
    /// enough.
    fn scale(&self, rect: PixelRect, target: Dimensions) -> Result<DynamicImage> {
        let times = halved::times(rect.dimensions(), target, self.placement.step);
        if times == 0 {
            let part = self.placement.part(rect, self.dimensions);
            return scale::crop_and_scale(&self.image, part, target);
        }
        let own;
        let copy = if let Some(shared) = self.copies().get(times as usize - 1) {
            shared
        } else {
            own = halved::around(&self.image, &self.placement, (rect, target), times)?;
            &own
        };
        let dimensions = halved::dimensions(&copy.image)?;
        let part = copy.placement.part(rect, dimensions);
        scale::crop_and_scale(&copy.image, part, target)
    }

    fn shared_reduction(&self) -> Result<Cow<'_, DynamicImage>> {
        let shared = self.shared.get();
        match shared.and_then(|shared| shared.reduction.as_ref()) {
            Some(reduction) => Ok(Cow::Borrowed(reduction)),
            None => self.reduce(self.copies()).map(Cow::Owned),
        }
    }

    fn copies(&self) -> &[Raster] {
        self.shared.get().map_or(&[], |shared| &shared.copies)
    }

    fn reduce(&self, copies: &[Raster]) -> Result<DynamicImage> {
        let times = times_of_reduction(self.dimensions);
        if times == 0 {
            return scale::reduce(&self.image, REDUCTION_EDGE_PX);
        }
        let made;
        let copies = if copies.len() < times as usize {
            made = halved::copies(&self.image, &self.placement, times)?;
            &made
        } else {
            copies
        };
        scale::reduce(&copies[times as usize - 1].image, REDUCTION_EDGE_PX)
    }

    /// Returns the dimensions of the stored image, if they and the memory needed suit the plan.
    fn check(&self, plan: &RenderPlan, upright: Turn) -> Result<Dimensions> {
        let (stored, expected) = (self.placement.stored, upright.dimensions(plan.full()));
        if stored != expected {
            return Err(Error::PlanMismatch {
                expected,
                width: stored.width(),
                height: stored.height(),
            });
        }
        let layout = self.image.color().into();
        let source = RenderSource {
            placement: self.placement,
            dimensions: self.dimensions,
            layout,
            copies: self.copies().len() as u32,
        };
        let actual = source.memory_bytes(plan);
        if actual > MAX_RENDER_BYTES {
            return Err(Error::PlanTooLarge {
                actual,
                maximum: MAX_RENDER_BYTES,
            });
        }
        Ok(stored)
    }
}

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

/// Returns the dimensions of what a plan scales, in stored pixels, and of what that becomes.
fn scaling(plan: &RenderPlan) -> (Dimensions, Dimensions) {
    let upright = Turn::upright(plan.orientation());
    let size = match plan.crop() {
        Crop::Rect(rect) => rect.dimensions(),
        _ => smart_window(plan),
    };
    (upright.dimensions(size), upright.dimensions(plan.scaled()))
}

/// Returns how often a raster is halved before the reduction is made from it.
fn times_of_reduction(dimensions: Dimensions) -> u32 {
    let longer = dimensions.width().max(dimensions.height());
    let side = |length: u32| Dimensions::new(length, length).unwrap_or(dimensions);
    halved::times(side(longer), side(REDUCTION_EDGE_PX), (1.0, 1.0))
}
