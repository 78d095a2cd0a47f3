//! From a decoded raster and a plan to the pixels of a derivative.
//!
//! The order is that of the specification: region, size, mirroring, rotation, quality (Image API
//! 3.0 §4). The stored raster is never turned as a whole: the region is looked up in stored
//! coordinates and only what was scaled is turned.

mod crisp;
mod dither;
pub(crate) mod flatten;
mod orient;
mod quality;
pub(crate) mod raster;
mod rotate;
pub(crate) mod scale;
mod smart_crop;

use std::borrow::Cow;

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
        reduction: None,
    }
    .render(plan)
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
            reduction: None,
        })
    }

    /// Makes the small, stored-orientation copy that smart crops and analyses share. Before any
    /// parallel work, since a lock inside a thread pool that itself scales in parallel can deadlock.
    pub(crate) fn with_reduction(mut self) -> Result<Self> {
        self.reduction = Some(scale::reduce(&self.image, REDUCTION_EDGE_PX)?);
        Ok(self)
    }

    /// Returns the reduction turned by `orientation`, with 8 bits per sample.
    pub(crate) fn reduction(
        &self,
        orientation: iiif_image_api::Orientation,
    ) -> Result<DynamicImage> {
        Turn::upright(orientation).apply(self.shared_reduction()?.into_owned())
    }

    pub(crate) fn render(&self, plan: &RenderPlan) -> Result<DynamicImage> {
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
            Some(rect) if rect.dimensions() == target => turn.copy(&self.image, rect)?,
            _ => turn.apply(scale::crop_and_scale(&self.image, part, target)?)?,
        };
        let rotated = if quarters.is_some() {
            turned
        } else {
            rotate::rotate(&turned, rotation.degrees, plan.output())?
        };
        quality::apply(rotated, plan.quality())
    }

    fn shared_reduction(&self) -> Result<Cow<'_, DynamicImage>> {
        match &self.reduction {
            Some(reduction) => Ok(Cow::Borrowed(reduction)),
            None => scale::reduce(&self.image, REDUCTION_EDGE_PX).map(Cow::Owned),
        }
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
        let actual = memory_bytes(plan, &self.placement, self.dimensions, layout);
        if actual > MAX_RENDER_BYTES {
            return Err(Error::PlanTooLarge {
                actual,
                maximum: MAX_RENDER_BYTES,
            });
        }
        Ok(stored)
    }
}

/// Returns the bytes that rendering from a raster of `dimensions` and `layout` takes at its peak,
/// the raster not counted: an estimate from above.
pub(crate) fn memory_bytes(
    plan: &RenderPlan,
    placement: &Placement,
    dimensions: Dimensions,
    layout: PixelLayout,
) -> u64 {
    let pixel_bytes = layout.bytes_per_pixel();
    let upright = Turn::upright(plan.orientation());
    let stored = upright.dimensions(plan.full());
    let region = match plan.crop() {
        Crop::Rect(rect) => upright.source_rect(rect, stored),
        _ => PixelRect::full(stored),
    };
    let part = placement.part(region, dimensions).outer(dimensions);
    let target = upright.dimensions(plan.scaled());
    let scaling = scale::memory_bytes(part.dimensions(), target, layout);
    let turning = plan.scaled().area().saturating_mul(2 * pixel_bytes);
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
