//! What a service can do, in the words of info.json (Image API 2.1 §5.3, 3.0 §5.7).

use std::fmt;

use crate::{ApiVersion, ComplianceLevel, ImageRequest, Region, SizeForm, Upscaling};

/// A feature of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Feature {
    /// `baseUriRedirect`: an image's URI leads to its info.json.
    BaseUriRedirect,
    /// `canonicalLinkHeader`: responses name their canonical URI.
    CanonicalLinkHeader,
    /// `cors`: responses may be read across origins.
    Cors,
    /// `jsonldMediaType`: info.json comes as JSON-LD when asked for.
    JsonldMediaType,
    /// `mirroring`: `!n` as rotation.
    Mirroring,
    /// `profileLinkHeader`: responses name their level of compliance.
    ProfileLinkHeader,
    /// `regionByPct`: `pct:x,y,w,h`.
    RegionByPct,
    /// `regionByPx`: `x,y,w,h`.
    RegionByPx,
    /// `regionSquare`: `square`.
    RegionSquare,
    /// `rotationArbitrary`: any angle.
    RotationArbitrary,
    /// `rotationBy90s`: 90, 180 and 270 degrees.
    RotationBy90s,
    /// `sizeAboveFull`, 2.1: sizes larger than the region.
    SizeAboveFull,
    /// `sizeByConfinedWh`: `!w,h`.
    SizeByConfinedWh,
    /// `sizeByDistortedWh`, 2.1: `w,h` of another aspect; part of `sizeByWh` in 3.0.
    SizeByDistortedWh,
    /// `sizeByH`: `,h`.
    SizeByH,
    /// `sizeByPct`: `pct:n`.
    SizeByPct,
    /// `sizeByW`: `w,`.
    SizeByW,
    /// `sizeByWh`: `w,h`.
    SizeByWh,
    /// `sizeUpscaling`, 3.0: sizes with `^`.
    SizeUpscaling,
}

impl Feature {
    /// All of both versions, in alphabetical order.
    pub const ALL: [Self; 19] = [
        Self::BaseUriRedirect,
        Self::CanonicalLinkHeader,
        Self::Cors,
        Self::JsonldMediaType,
        Self::Mirroring,
        Self::ProfileLinkHeader,
        Self::RegionByPct,
        Self::RegionByPx,
        Self::RegionSquare,
        Self::RotationArbitrary,
        Self::RotationBy90s,
        Self::SizeAboveFull,
        Self::SizeByConfinedWh,
        Self::SizeByDistortedWh,
        Self::SizeByH,
        Self::SizeByPct,
        Self::SizeByW,
        Self::SizeByWh,
        Self::SizeUpscaling,
    ];

    /// Returns the word of the specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BaseUriRedirect => "baseUriRedirect",
            Self::CanonicalLinkHeader => "canonicalLinkHeader",
            Self::Cors => "cors",
            Self::JsonldMediaType => "jsonldMediaType",
            Self::Mirroring => "mirroring",
            Self::ProfileLinkHeader => "profileLinkHeader",
            Self::RegionByPct => "regionByPct",
            Self::RegionByPx => "regionByPx",
            Self::RegionSquare => "regionSquare",
            Self::RotationArbitrary => "rotationArbitrary",
            Self::RotationBy90s => "rotationBy90s",
            Self::SizeAboveFull => "sizeAboveFull",
            Self::SizeByConfinedWh => "sizeByConfinedWh",
            Self::SizeByDistortedWh => "sizeByDistortedWh",
            Self::SizeByH => "sizeByH",
            Self::SizeByPct => "sizeByPct",
            Self::SizeByW => "sizeByW",
            Self::SizeByWh => "sizeByWh",
            Self::SizeUpscaling => "sizeUpscaling",
        }
    }

    /// Returns whether `version` knows the feature.
    #[must_use]
    pub fn is_in(self, version: ApiVersion) -> bool {
        match self {
            Self::SizeAboveFull | Self::SizeByDistortedWh => version == ApiVersion::V2,
            Self::SizeUpscaling => version == ApiVersion::V3,
            _ => true,
        }
    }

    /// Returns the lowest level that requires the feature; `None` where it is optional at every
    /// level or unknown to `version`.
    ///
    /// Source: the compliance documents. That of 3.0 shows `sizeByWh` as optional at level 1 in its
    /// table; `level1.json` and the text require it, and so do we.
    #[must_use]
    pub fn required_from(self, version: ApiVersion) -> Option<ComplianceLevel> {
        use ComplianceLevel::{Level1, Level2};

        match (self, version) {
            (
                Self::BaseUriRedirect
                | Self::Cors
                | Self::JsonldMediaType
                | Self::RegionByPx
                | Self::SizeByH
                | Self::SizeByW,
                _,
            )
            | (Self::SizeByPct, ApiVersion::V2)
            | (Self::RegionSquare | Self::SizeByWh, ApiVersion::V3) => Some(Level1),
            (Self::RegionByPct | Self::RotationBy90s | Self::SizeByConfinedWh, _)
            | (Self::SizeByDistortedWh | Self::SizeByWh, ApiVersion::V2)
            | (Self::SizeByPct, ApiVersion::V3) => Some(Level2),
            _ => None,
        }
    }

    /// Returns the features that `request` uses, at most five.
    ///
    /// Whether `w,h` distorts or a size of 2.1 enlarges depends on the image, so
    /// [`SizeByDistortedWh`](Self::SizeByDistortedWh) is never among them, and
    /// [`SizeAboveFull`](Self::SizeAboveFull) only for the extension `^` in 2.1.
    pub fn required_by(request: &ImageRequest, version: ApiVersion) -> impl Iterator<Item = Self> {
        let region = match request.region {
            Region::Full => None,
            Region::Square => Some(Self::RegionSquare),
            Region::Pixels(_) => Some(Self::RegionByPx),
            Region::Percent(_) => Some(Self::RegionByPct),
        };
        let size = match request.size.form {
            SizeForm::Full | SizeForm::Max => None,
            SizeForm::Width(_) => Some(Self::SizeByW),
            SizeForm::Height(_) => Some(Self::SizeByH),
            SizeForm::Percent(_) => Some(Self::SizeByPct),
            SizeForm::Exact(_) => Some(Self::SizeByWh),
            SizeForm::Confined(_) => Some(Self::SizeByConfinedWh),
        };
        let upscaling = match (request.size.upscaling, version) {
            (Upscaling::Forbidden, _) => None,
            (Upscaling::Allowed, ApiVersion::V2) => Some(Self::SizeAboveFull),
            (Upscaling::Allowed, ApiVersion::V3) => Some(Self::SizeUpscaling),
        };
        let mirroring = request.rotation.mirror.then_some(Self::Mirroring);
        let rotation = match request.rotation.degrees.quarter_turns() {
            Some(0) => None,
            Some(_) => Some(Self::RotationBy90s),
            None => Some(Self::RotationArbitrary),
        };
        [region, size, upscaling, mirroring, rotation]
            .into_iter()
            .flatten()
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
