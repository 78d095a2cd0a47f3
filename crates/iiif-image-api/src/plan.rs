//! A request resolved against one image: keywords gone, only pixels left.

use crate::extension::{ExtendedQuality, ExtendedRegion, ExtendedRotation};
use crate::{
    ApiVersion, DerivativeRequest, Dimensions, Format, Orientation, OversizedBox, PixelRect,
    ResolveError, Rotation, SizeLimits, Upscaling,
};

/// The geometry of a source image, as its header declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceGeometry {
    /// The dimensions of the stored raster.
    pub stored: Dimensions,
    /// How the stored raster is turned to stand upright.
    pub orientation: Orientation,
}

impl SourceGeometry {
    /// Returns the geometry of a raster that is stored upright.
    #[must_use]
    pub fn upright(stored: Dimensions) -> Self {
        Self {
            stored,
            orientation: Orientation::TopLeft,
        }
    }
}

/// How requests are resolved into plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ResolveOptions {
    /// The version whose rules of size hold. Default: 2.1, the language of instructions files.
    pub version: ApiVersion,
    /// The largest derivative. Default: no limits.
    pub limits: SizeLimits,
    /// Whether derivatives may be larger than their region at all. Default: allowed.
    pub upscaling: Upscaling,
    /// What a `!w,h` larger than the region gives in 3.0. Default: the region.
    pub oversized_box: OversizedBox,
}

impl Default for ResolveOptions {
    fn default() -> Self {
        Self {
            version: ApiVersion::V2,
            limits: SizeLimits::default(),
            upscaling: Upscaling::Allowed,
            oversized_box: OversizedBox::Region,
        }
    }
}

impl ResolveOptions {
    /// Sets [`version`](Self::version).
    #[must_use]
    pub fn with_version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub fn with_limits(mut self, limits: SizeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`upscaling`](Self::upscaling).
    #[must_use]
    pub fn with_upscaling(mut self, upscaling: Upscaling) -> Self {
        self.upscaling = upscaling;
        self
    }

    /// Sets [`oversized_box`](Self::oversized_box).
    #[must_use]
    pub fn with_oversized_box(mut self, oversized_box: OversizedBox) -> Self {
        self.oversized_box = oversized_box;
        self
    }
}

/// Which pixels of the oriented image are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Crop {
    /// These.
    Rect(PixelRect),
    /// The most interesting window of the aspect of these dimensions.
    Smart(Dimensions),
}

/// What to do with the pixels of one image, in the order of the specification: orientation, crop,
/// scale, mirror, rotate, quality, format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RenderPlan {
    orientation: Orientation,
    full: Dimensions,
    crop: Crop,
    scaled: Dimensions,
    rotation: ExtendedRotation,
    output: Dimensions,
    quality: ExtendedQuality,
    format: Format,
}

impl RenderPlan {
    /// Resolves `request` for an image of the geometry `source`.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] if the region lies outside, or the size needs upscaling that is not
    /// allowed, or a side comes to nothing, or the derivative exceeds the limits.
    pub fn resolve(
        request: &DerivativeRequest,
        source: SourceGeometry,
        options: &ResolveOptions,
    ) -> Result<Self, ResolveError> {
        let orientation = match request.rotation {
            ExtendedRotation::Spec(_) => source.orientation,
            ExtendedRotation::NoAutoRotate => Orientation::TopLeft,
        };
        let full = orientation.upright(source.stored);
        let (crop, region) = match request.region {
            ExtendedRegion::Spec(region) => {
                let rect = region.resolve(full)?;
                (Crop::Rect(rect), rect.dimensions())
            }
            ExtendedRegion::SmartCrop(window) => (Crop::Smart(window), window),
        };
        let scaled = request.size.resolve(region, options)?;
        if let Crop::Smart(window) = crop {
            check_window(window.confined_to(full), scaled, request, options)?;
        }
        let rotation = spec_rotation(request.rotation);
        let output = rotation.bounding_box(scaled);
        // Limits are on sizes, which quarter turns keep; the box around any other turn is larger.
        if rotation.degrees.quarter_turns().is_none() {
            request.size.check_limits(output, options)?;
        }
        Ok(Self {
            orientation,
            full,
            crop,
            scaled,
            rotation: request.rotation,
            output,
            quality: request.quality,
            format: request.format,
        })
    }

    /// Returns how the stored raster is turned first.
    #[must_use]
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// Returns the dimensions of the image after [`orientation`](Self::orientation).
    #[must_use]
    pub fn full(&self) -> Dimensions {
        self.full
    }

    /// Returns which pixels of the oriented image are kept.
    #[must_use]
    pub fn crop(&self) -> Crop {
        self.crop
    }

    /// Returns the dimensions after scaling, before rotation.
    #[must_use]
    pub fn scaled(&self) -> Dimensions {
        self.scaled
    }

    /// Returns mirroring and rotation of the scaled image.
    #[must_use]
    pub fn rotation(&self) -> Rotation {
        spec_rotation(self.rotation)
    }

    /// Returns the rotation as it was asked for: `-1` is still told from `0`.
    #[must_use]
    pub fn requested_rotation(&self) -> ExtendedRotation {
        self.rotation
    }

    /// Returns the dimensions of the derivative.
    #[must_use]
    pub fn output(&self) -> Dimensions {
        self.output
    }

    /// Returns what becomes of the colors.
    #[must_use]
    pub fn quality(&self) -> ExtendedQuality {
        self.quality
    }

    /// Returns the file format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns whether the pixels of the stored raster come out as they are: nothing is cropped,
    /// scaled, mirrored, rotated or turned upright.
    #[must_use]
    pub fn keeps_geometry(&self) -> bool {
        self.orientation == Orientation::TopLeft
            && self.crop == Crop::Rect(PixelRect::full(self.full))
            && self.scaled == self.full
            && self.rotation().is_none()
    }
}

fn spec_rotation(rotation: ExtendedRotation) -> Rotation {
    match rotation {
        ExtendedRotation::Spec(rotation) => rotation,
        ExtendedRotation::NoAutoRotate => Rotation::default(),
    }
}

/// A smart crop enlarges when even its largest window has fewer pixels than the derivative.
fn check_window(
    largest: Dimensions,
    scaled: Dimensions,
    request: &DerivativeRequest,
    options: &ResolveOptions,
) -> Result<(), ResolveError> {
    if options.upscaling == Upscaling::Allowed || !scaled.exceeds(largest) {
        return Ok(());
    }
    Err(ResolveError::UpscalingUnsupported {
        size: request.size.to_string(),
        region: largest,
    })
}
