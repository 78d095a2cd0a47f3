//! The one way to ask for a derivative (Image API 2.1 §4.7, 3.0 §4.8).

use std::fmt;
use std::num::NonZeroU32;

use crate::extension::{ExtendedQuality, ExtendedRegion};
use crate::{
    ApiVersion, Crop, DerivativeRequest, Dimensions, PixelRect, Quality, Region, RenderPlan,
    ResolveOptions, Size, SizeForm, Upscaling,
};

/// A request in canonical form, `{region}/{size}/{rotation}/{quality}.{format}`.
///
/// | | 2.1 | 3.0 |
/// |---|---|---|
/// | region | `full` or `x,y,w,h`, clipped | the same |
/// | size | `full` if not scaled, `w,` if the height follows from it, else `w,h` | `max`, `w,h`; when enlarged `^max`, `^w,h` |
/// | rotation | no zeros in front or at the end | the same |
/// | quality | `default` if it is what the image has anyway | the same |
///
/// Resolved under the options that made it, it gives the same pixels as the plan it came from, and
/// is its own canonical form. Sizes are those of the extracted region, never of the full image.
///
/// # Examples
///
/// ```
/// use iiif_image_api::{
///     ApiVersion, CanonicalRequest, Dimensions, RenderPlan, ResolveOptions, SourceGeometry,
/// };
///
/// let options = ResolveOptions::default().with_version(ApiVersion::V3);
/// let source = SourceGeometry::upright(Dimensions::new(300, 200)?);
/// let plan = RenderPlan::resolve(&"125,15,200,200/pct:50/90.0/color.png".parse()?, source, &options)?;
/// let canonical = CanonicalRequest::of(&plan, &options);
/// assert_eq!(canonical.to_string(), "125,15,175,185/88,93/90/color.png");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalRequest(DerivativeRequest);

impl CanonicalRequest {
    /// Returns the canonical request for the pixels of `plan`, in the words of `options.version`.
    ///
    /// `options` are those under which the canonical request will be resolved; its limits decide
    /// what `max` is.
    #[must_use]
    pub fn of(plan: &RenderPlan, options: &ResolveOptions) -> Self {
        let (region, extracted) = match plan.crop() {
            Crop::Rect(rect) if rect == PixelRect::full(plan.full()) => {
                (ExtendedRegion::default(), rect.dimensions())
            }
            Crop::Rect(rect) => (ExtendedRegion::Spec(Region::from(rect)), rect.dimensions()),
            Crop::Smart(window) => (ExtendedRegion::SmartCrop(window), window),
        };
        let size = match options.version {
            ApiVersion::V2 => size_of_v2(plan.scaled(), extracted),
            ApiVersion::V3 => size_of_v3(plan.scaled(), extracted, options),
        };
        Self(DerivativeRequest {
            region,
            size,
            rotation: plan.requested_rotation(),
            quality: plan.quality(),
            format: plan.format(),
        })
    }

    /// Writes `default` for the quality that the image has anyway: color for a color image.
    #[must_use]
    pub fn with_native_quality(mut self, native: Quality) -> Self {
        if self.0.quality == ExtendedQuality::Spec(native) {
            self.0.quality = ExtendedQuality::default();
        }
        self
    }

    /// Returns the request.
    #[must_use]
    pub fn request(&self) -> &DerivativeRequest {
        &self.0
    }
}

impl fmt::Display for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `w,` only where it comes to the very height: a box may have rounded it the other way.
fn size_of_v2(scaled: Dimensions, region: Dimensions) -> Size {
    let width = NonZeroU32::new(scaled.width()).unwrap_or(NonZeroU32::MIN);
    let form = if scaled == region {
        SizeForm::Full
    } else if region.scaled_to_width(width) == scaled {
        SizeForm::Width(width)
    } else {
        SizeForm::Exact(scaled)
    };
    Size {
        form,
        upscaling: Upscaling::Forbidden,
    }
}

fn size_of_v3(scaled: Dimensions, region: Dimensions, options: &ResolveOptions) -> Size {
    let (largest, upscaling) = if scaled.exceeds(region) {
        (options.limits.largest_for(region), Upscaling::Allowed)
    } else {
        (options.limits.largest_within(region), Upscaling::Forbidden)
    };
    let form = if scaled == largest {
        SizeForm::Max
    } else {
        SizeForm::Exact(scaled)
    };
    Size { form, upscaling }
}
