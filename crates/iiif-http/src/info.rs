//! What the service says about an image (2.1 §5, 3.0 §5).

mod services;

use std::num::NonZeroU32;

use iiif_config::{Feature as Switch, FeatureSet};
use iiif_image_api::{
    ApiVersion, ComplianceLevel, Dimensions, Feature, Format, ImageInfo, ImageUri, Quality,
    SizeLimits, TileGrid, Upscaling,
};
use iiif_pipeline::{ColorModel, SourceImage};

pub(crate) use self::services::Services;

/// The side of tiles of images that have none of their own, in pixels.
const TILE_SIDE_PX: NonZeroU32 = NonZeroU32::new(512).unwrap();

/// Every feature, with the switch of the config that it hangs on; none for those that always hold.
const SWITCHES: [(Feature, Option<Switch>); 19] = [
    (Feature::BaseUriRedirect, None),
    (Feature::CanonicalLinkHeader, None),
    (Feature::Cors, None),
    (Feature::JsonldMediaType, None),
    (Feature::ProfileLinkHeader, None),
    (Feature::Mirroring, Some(Switch::Mirroring)),
    (Feature::RegionByPct, Some(Switch::RegionByPct)),
    (Feature::RegionByPx, Some(Switch::RegionByPx)),
    (Feature::RegionSquare, Some(Switch::RegionSquare)),
    (Feature::RotationArbitrary, Some(Switch::RotationArbitrary)),
    (Feature::RotationBy90s, Some(Switch::RotationBy90s)),
    (Feature::SizeAboveFull, None),
    (Feature::SizeByConfinedWh, Some(Switch::SizeByConfinedWh)),
    (Feature::SizeByDistortedWh, Some(Switch::SizeByDistortedWh)),
    (Feature::SizeByH, Some(Switch::SizeByH)),
    (Feature::SizeByPct, Some(Switch::SizeByPct)),
    (Feature::SizeByW, Some(Switch::SizeByW)),
    (Feature::SizeByWh, Some(Switch::SizeByWh)),
    (Feature::SizeUpscaling, Some(Switch::SizeUpscaling)),
];

/// What a configuration lets a service do, of any image.
#[derive(Clone, Debug)]
pub(crate) struct Abilities {
    features: Vec<Feature>,
    qualities: Vec<Quality>,
    formats: Vec<Format>,
}

impl Abilities {
    pub(crate) fn new(switches: &FeatureSet, upscaling: Upscaling) -> Self {
        let is_on = |switch: Option<Switch>| switch.is_none_or(|it| switches.is_enabled(it));
        let is_possible = |feature: Feature| {
            let enlarges = matches!(feature, Feature::SizeUpscaling | Feature::SizeAboveFull);
            upscaling == Upscaling::Allowed || !enlarges
        };
        let features = SWITCHES
            .into_iter()
            .filter(|(feature, switch)| is_on(*switch) && is_possible(*feature));
        let qualities = [
            (Quality::Default, Switch::Default),
            (Quality::Color, Switch::Color),
            (Quality::Gray, Switch::Gray),
            (Quality::Bitonal, Switch::Bitonal),
        ];
        let formats = [
            (Format::Jpg, Switch::Jpg),
            (Format::Png, Switch::Png),
            (Format::Webp, Switch::Webp),
            (Format::Tif, Switch::Tif),
            (Format::Gif, Switch::Gif),
        ];
        Self {
            features: features.map(|(feature, _)| feature).collect(),
            qualities: of(switches, &qualities),
            formats: of(switches, &formats),
        }
    }

    /// Returns the highest level of which nothing is switched off.
    pub(crate) fn level(&self, version: ApiVersion) -> ComplianceLevel {
        let has_all = |level: &ComplianceLevel| {
            level
                .features(version)
                .all(|feature| self.features.contains(&feature))
                && level
                    .qualities(version)
                    .iter()
                    .all(|quality| self.qualities.contains(quality))
                && level
                    .formats()
                    .iter()
                    .all(|format| self.formats.contains(format))
        };
        let levels = ComplianceLevel::ALL.into_iter().rev();
        levels
            .into_iter()
            .find(has_all)
            .unwrap_or(ComplianceLevel::Level0)
    }

    /// Returns info.json.
    pub(crate) fn info(
        &self,
        uri: ImageUri,
        image: &SourceImage,
        limits: SizeLimits,
        version: ApiVersion,
    ) -> ImageInfo {
        let tile = tile_dimensions(image);
        let is_gray = image.color_model() == ColorModel::Gray;
        // 3.0 §4.4: `color` is answered, and not listed, where there is none.
        let qualities = self.qualities.iter().copied();
        let qualities = qualities.filter(|quality| !(is_gray && *quality == Quality::Color));
        let mut info = ImageInfo::new(uri, image.dimensions(), self.level(version))
            .with_limits(limits)
            .with_tile_grid(TileGrid::new(image.dimensions(), tile))
            .with_qualities(qualities)
            .with_formats(self.formats.clone())
            .with_features(self.features.clone());
        let mut levels: Vec<Dimensions> = image.levels().collect();
        if levels.len() > 1 {
            levels.reverse();
            info.sizes = levels;
        }
        info
    }
}

fn of<T: Copy>(switches: &FeatureSet, all: &[(T, Switch)]) -> Vec<T> {
    let on = all
        .iter()
        .filter(|(_, switch)| switches.is_enabled(*switch));
    on.map(|(it, _)| *it).collect()
}

/// Returns the dimensions of the tiles that viewers are told to ask for.
pub(crate) fn tile_dimensions(image: &SourceImage) -> Dimensions {
    let square = Dimensions::from_non_zero(TILE_SIDE_PX, TILE_SIDE_PX);
    // What the file itself is cut into costs least.
    image.tile_dimensions().unwrap_or(square)
}

/// Returns the quality that an image has anyway.
pub(crate) fn native_quality(image: &SourceImage) -> Quality {
    match image.color_model() {
        ColorModel::Gray => Quality::Gray,
        _ => Quality::Color,
    }
}
