//! From a decoded raster and a plan to the pixels of a derivative.
//!
//! The order is that of the specification: region, size, mirroring, rotation, quality (Image API
//! 3.0 §4). The stored raster is never turned as a whole: the region is looked up in stored
//! coordinates and only what was scaled is turned.

mod crisp;
mod dither;
mod estimate;
pub(crate) mod flatten;
pub(crate) mod halved;
mod orient;
mod quality;
pub(crate) mod raster;
mod rotate;
pub(crate) mod scale;
mod smart_crop;

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::OnceLock;

use iiif_image_api::{Crop, Dimensions, PixelRect, RenderPlan};
use image::DynamicImage;

use crate::decode::{Placement, Raster};
pub(crate) use crate::render::estimate::RenderSource;
pub(crate) use crate::render::orient::Turn;
use crate::{Error, Result};

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

    /// Returns a renderer that holds its raster.
    pub(crate) fn of_kept(raster: Raster) -> Result<Renderer<'static>> {
        let Raster { image, placement } = raster;
        let other_depth = match raster::integral(&image) {
            Cow::Owned(image) => Some(image),
            Cow::Borrowed(_) => None,
        };
        let image = other_depth.unwrap_or(image);
        Ok(Renderer {
            dimensions: halved::dimensions(&image)?,
            image: Cow::Owned(image),
            placement,
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

/// Returns the dimensions of what a plan scales, in stored pixels, and of what that becomes.
fn scaling(plan: &RenderPlan) -> (Dimensions, Dimensions) {
    let upright = Turn::upright(plan.orientation());
    let size = match plan.crop() {
        Crop::Rect(rect) => rect.dimensions(),
        _ => smart_window(plan),
    };
    (upright.dimensions(size), upright.dimensions(plan.scaled()))
}

/// Returns how many halved copies of a raster there can be use for, whatever the plan.
pub(crate) fn most_copies(dimensions: Dimensions) -> u32 {
    let pixel = Dimensions::from_non_zero(NonZeroU32::MIN, NonZeroU32::MIN);
    halved::times(dimensions, pixel, (1.0, 1.0)).max(times_of_reduction(dimensions))
}

/// Returns how often a raster is halved before the reduction is made from it.
pub(crate) fn times_of_reduction(dimensions: Dimensions) -> u32 {
    let longer = dimensions.width().max(dimensions.height());
    let side = |length: u32| Dimensions::new(length, length).unwrap_or(dimensions);
    halved::times(side(longer), side(REDUCTION_EDGE_PX), (1.0, 1.0))
}
