//! Which forms of a request are answered: the block `features` of the configuration.

mod feature;
mod read;

use std::collections::BTreeSet;

use iiif_image_api::extension::{ExtendedQuality, ExtendedRegion, ExtendedRotation};
use iiif_image_api::{
    DerivativeRequest, Format, Parameter, Quality, Region, Rotation, Size, SizeForm, Upscaling,
};

pub use self::feature::Feature;

/// The features that are switched on. Default: everything that this project can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureSet {
    disabled: BTreeSet<Feature>,
}

/// A request that uses a feature that is switched off or not available.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// The configuration switches the feature off.
    #[error(
        "{parameter} `{text}` is switched off; take `{feature}` out of `features.disable.{parameter}` to allow it"
    )]
    SwitchedOff {
        /// The parameter.
        parameter: Parameter,
        /// Its value.
        text: String,
        /// The feature that answers it.
        feature: Feature,
    },
    /// This project does not have the feature.
    #[error("{parameter} `{text}` is not available; expected {available}")]
    Unavailable {
        /// The parameter.
        parameter: Parameter,
        /// Its value.
        text: String,
        /// The features of the parameter that are available.
        available: String,
    },
}

impl FeatureSet {
    /// Switches a feature on; one that is not [available](Feature::is_available) stays off.
    pub fn enable(&mut self, feature: Feature) {
        self.disabled.remove(&feature);
    }

    /// Switches a feature off.
    pub fn disable(&mut self, feature: Feature) {
        self.disabled.insert(feature);
    }

    /// Returns whether a feature is available and switched on.
    #[must_use]
    pub fn is_enabled(&self, feature: Feature) -> bool {
        feature.is_available() && !self.disabled.contains(&feature)
    }

    /// Returns the features that are available and switched on, in the order of [`Feature::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Feature> + '_ {
        Feature::ALL
            .iter()
            .copied()
            .filter(|feature| self.is_enabled(*feature))
    }

    /// Checks that every form that `request` uses is switched on.
    ///
    /// # Errors
    ///
    /// [`FeatureError`] for the first that is not, in the order of the request.
    pub fn check(&self, request: &DerivativeRequest) -> Result<(), FeatureError> {
        let DerivativeRequest {
            region,
            size,
            rotation,
            quality,
            format,
        } = request;
        self.require(region, &[region_feature(region)])?;
        self.require(size, size_features(size))?;
        if size.upscaling == Upscaling::Allowed {
            self.require(size, &[Feature::SizeUpscaling])?;
        }
        for feature in rotation_features(rotation) {
            self.require(rotation, &[feature])?;
        }
        self.require(quality, &[quality_feature(quality)])?;
        self.require(format, &[format_feature(*format)])
    }

    /// Checks that one of `features`, which all answer the same form, is switched on.
    fn require(&self, text: &dyn ToString, features: &[Feature]) -> Result<(), FeatureError> {
        if features.iter().any(|feature| self.is_enabled(*feature)) {
            return Ok(());
        }
        let Some(feature) = features.first().copied() else {
            return Ok(());
        };
        let parameter = feature.parameter();
        let text = text.to_string();
        if feature.is_available() {
            Err(FeatureError::SwitchedOff {
                parameter,
                text,
                feature,
            })
        } else {
            Err(FeatureError::Unavailable {
                parameter,
                text,
                available: Feature::available_names(parameter),
            })
        }
    }
}

/// A smart crop is written like a region in pixels, and go-iiif takes it for one.
fn region_feature(region: &ExtendedRegion) -> Feature {
    match region {
        ExtendedRegion::Spec(Region::Full) => Feature::RegionFull,
        ExtendedRegion::Spec(Region::Square) => Feature::RegionSquare,
        ExtendedRegion::Spec(Region::Percent(_)) => Feature::RegionByPct,
        _ => Feature::RegionByPx,
    }
}

/// `w,h` has two names in go-iiif; either switches it on.
fn size_features(size: &Size) -> &'static [Feature] {
    match size.form {
        SizeForm::Full => &[Feature::SizeFull],
        SizeForm::Width(_) => &[Feature::SizeByW],
        SizeForm::Height(_) => &[Feature::SizeByH],
        SizeForm::Percent(_) => &[Feature::SizeByPct],
        SizeForm::Exact(_) => &[Feature::SizeByWh, Feature::SizeByDistortedWh],
        SizeForm::Confined(_) => &[Feature::SizeByConfinedWh],
        _ => &[Feature::SizeMax],
    }
}

fn rotation_features(rotation: &ExtendedRotation) -> Vec<Feature> {
    let ExtendedRotation::Spec(Rotation { mirror, degrees }) = rotation else {
        return vec![Feature::NoAutoRotate];
    };
    let turn = match degrees.quarter_turns() {
        Some(0) if *mirror => None,
        Some(0) => Some(Feature::RotationNone),
        Some(_) => Some(Feature::RotationBy90s),
        None => Some(Feature::RotationArbitrary),
    };
    mirror
        .then_some(Feature::Mirroring)
        .into_iter()
        .chain(turn)
        .collect()
}

fn quality_feature(quality: &ExtendedQuality) -> Feature {
    match quality {
        ExtendedQuality::Spec(Quality::Color) => Feature::Color,
        ExtendedQuality::Spec(Quality::Gray) => Feature::Gray,
        ExtendedQuality::Spec(Quality::Bitonal) => Feature::Bitonal,
        ExtendedQuality::Dither => Feature::Dither,
        ExtendedQuality::Crisp(_) => Feature::Crisp,
        _ => Feature::Default,
    }
}

fn format_feature(format: Format) -> Feature {
    match format {
        Format::Tif => Feature::Tif,
        Format::Png => Feature::Png,
        Format::Gif => Feature::Gif,
        Format::Jp2 => Feature::Jp2,
        Format::Pdf => Feature::Pdf,
        Format::Webp => Feature::Webp,
        _ => Feature::Jpg,
    }
}

#[cfg(test)]
mod tests;
