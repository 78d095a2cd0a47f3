//! Image information, the document info.json (Image API 2.1 §5, 3.0 §5).

mod entries;
mod error;
mod linked;
mod v2;
mod v3;

use serde::Serialize;

use crate::{
    ApiVersion, ComplianceLevel, Dimensions, Feature, Format, ImageUri, Quality, SizeLimits,
    TileGrid,
};

pub use self::error::InfoError;
pub use self::linked::{LanguageMap, LinkedResource};

/// Media type of info.json in 2.1, and in 3.0 where JSON-LD cannot be sent (2.1 §5.1, 3.0 §5.1).
pub const JSON_MEDIA_TYPE: &str = "application/json";

/// Media type of info.json in 2.1 for clients that ask for JSON-LD (2.1 §5.1).
pub const JSON_LD_MEDIA_TYPE: &str = "application/ld+json";

/// Media type of info.json in 3.0 for clients that do not say what they want (3.0 §5.1).
pub const JSON_LD_MEDIA_TYPE_V3: &str =
    r#"application/ld+json;profile="http://iiif.io/api/image/3/context.json""#;

/// `protocol` in both versions.
const PROTOCOL: &str = "http://iiif.io/api/image";

/// What a service tells about an image, for both versions.
///
/// Qualities, formats and features are *all* that the service has; what the level promises anyway
/// is left out where the document is written. So are features of the other version, empty lists,
/// and sizes and tiles above the limits, which the documents must not list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ImageInfo {
    /// The URI of the image.
    pub uri: ImageUri,
    /// The dimensions of the upright image, in pixels.
    pub dimensions: Dimensions,
    /// What the service promises.
    pub level: ComplianceLevel,
    /// The largest derivative. Default: no limits.
    pub limits: SizeLimits,
    /// Sizes that clients should prefer, smallest first. Default: none.
    pub sizes: Vec<Dimensions>,
    /// Tiles that clients should prefer, each pair of width and height once. Default: none.
    pub tiles: Vec<TileSet>,
    /// All qualities that differ for this image. Default: none.
    pub qualities: Vec<Quality>,
    /// All formats. Default: none beyond those of the level.
    pub formats: Vec<Format>,
    /// All features. Default: none beyond those of the level.
    pub features: Vec<Feature>,
    /// `preferredFormats` of 3.0, the best first. Default: none.
    pub preferred_formats: Vec<Format>,
    /// The URI of a licence or statement: `rights` in 3.0, `license` in 2.1. Default: none.
    pub rights: Option<String>,
    /// Text to be shown with the image; `attribution` of 2.1, dropped in 3.0. Default: none.
    pub attribution: Option<String>,
    /// The URI of an image to be shown with the image; `logo` of 2.1, dropped in 3.0. Default:
    /// none.
    pub logo: Option<String>,
    /// What the image is part of; 3.0 only. Default: nothing.
    pub part_of: Vec<LinkedResource>,
    /// Related documents for machines; 3.0 only. Default: none.
    pub see_also: Vec<LinkedResource>,
    /// Further services, as they are to stand in the document. Default: none.
    pub services: Vec<serde_json::Value>,
    /// Contexts of such services, written before that of the Image API; 3.0 only. Default: none.
    pub extra_contexts: Vec<String>,
}

/// Tiles of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileSet {
    /// The dimensions of a tile that is not at the edge.
    pub tile: Dimensions,
    /// The scale factors at which tiles are offered, each once.
    pub scale_factors: Vec<u32>,
}

impl ImageInfo {
    /// Returns what there is to say about an image when everything else has its default.
    #[must_use]
    pub fn new(uri: ImageUri, dimensions: Dimensions, level: ComplianceLevel) -> Self {
        Self {
            uri,
            dimensions,
            level,
            limits: SizeLimits::default(),
            sizes: Vec::new(),
            tiles: Vec::new(),
            qualities: Vec::new(),
            formats: Vec::new(),
            features: Vec::new(),
            preferred_formats: Vec::new(),
            rights: None,
            attribution: None,
            logo: None,
            part_of: Vec::new(),
            see_also: Vec::new(),
            services: Vec::new(),
            extra_contexts: Vec::new(),
        }
    }

    /// Sets [`limits`](Self::limits).
    #[must_use]
    pub fn with_limits(mut self, limits: SizeLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets [`tiles`](Self::tiles) and [`sizes`](Self::sizes) from one grid, so that they agree.
    #[must_use]
    pub fn with_tile_grid(mut self, grid: TileGrid) -> Self {
        self.tiles = vec![TileSet {
            tile: grid.tile(),
            scale_factors: grid.scale_factors().map(Into::into).collect(),
        }];
        self.sizes = grid.sizes().collect();
        self.sizes.reverse();
        self
    }

    /// Sets [`qualities`](Self::qualities).
    #[must_use]
    pub fn with_qualities(mut self, qualities: impl IntoIterator<Item = Quality>) -> Self {
        self.qualities = qualities.into_iter().collect();
        self
    }

    /// Sets [`formats`](Self::formats).
    #[must_use]
    pub fn with_formats(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.formats = formats.into_iter().collect();
        self
    }

    /// Sets [`features`](Self::features).
    #[must_use]
    pub fn with_features(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.features = features.into_iter().collect();
        self
    }

    /// Sets [`preferred_formats`](Self::preferred_formats).
    #[must_use]
    pub fn with_preferred_formats(mut self, formats: impl IntoIterator<Item = Format>) -> Self {
        self.preferred_formats = formats.into_iter().collect();
        self
    }

    /// Sets [`rights`](Self::rights).
    #[must_use]
    pub fn with_rights(mut self, rights: impl Into<String>) -> Self {
        self.rights = Some(rights.into());
        self
    }

    /// Adds one of [`services`](Self::services).
    #[must_use]
    pub fn with_service(mut self, service: serde_json::Value) -> Self {
        self.services.push(service);
        self
    }

    /// Returns the document of a version, on one line, `@context` first.
    ///
    /// # Errors
    ///
    /// [`InfoError`] if the document would contradict itself.
    pub fn to_json(&self, version: ApiVersion) -> Result<String, InfoError> {
        self.check(version)?;
        Ok(match version {
            ApiVersion::V2 => to_text(&v2::Document::of(self)),
            ApiVersion::V3 => to_text(&v3::Document::of(self)),
        })
    }

    fn check(&self, version: ApiVersion) -> Result<(), InfoError> {
        let SizeLimits {
            max_width,
            max_height,
            max_area,
        } = self.limits;
        if let (None, Some(max_height)) = (max_width, max_height) {
            return Err(InfoError::MaxHeightAlone { max_height });
        }
        if version == ApiVersion::V3
            && self.features.contains(&Feature::SizeUpscaling)
            && max_width.is_none()
            && max_area.is_none()
        {
            return Err(InfoError::UpscalingWithoutLimits);
        }
        let offered = |format: &Format| {
            self.formats.contains(format) || self.level.formats().contains(format)
        };
        if let Some(&format) = self
            .preferred_formats
            .iter()
            .find(|format| !offered(format))
        {
            return Err(InfoError::PreferredFormatNotOffered { format });
        }
        let mut earlier = self.tiles.iter().enumerate();
        let twice = earlier.find(|(index, set)| {
            self.tiles[..*index]
                .iter()
                .any(|other| other.tile == set.tile)
        });
        match twice {
            Some((_, set)) => Err(InfoError::DuplicateTiles { tile: set.tile }),
            None => Ok(()),
        }
    }

    /// Returns the qualities beyond those of the level, in the order given.
    fn extra_qualities(&self, version: ApiVersion) -> Vec<&'static str> {
        let promised = self.level.qualities(version);
        let extra = self
            .qualities
            .iter()
            .filter(|word| !promised.contains(word));
        unique(extra.map(|quality| quality.as_str()))
    }

    /// Returns the formats beyond those of the level, in the order given.
    fn extra_formats(&self) -> Vec<&'static str> {
        let promised = self.level.formats();
        let extra = self.formats.iter().filter(|word| !promised.contains(word));
        unique(extra.map(|format| format.as_str()))
    }

    /// Returns the features of `version` beyond those of the level, in the order given.
    fn extra_features(&self, version: ApiVersion) -> Vec<&'static str> {
        let promised = |feature: &Feature| {
            feature
                .required_from(version)
                .is_some_and(|l| l <= self.level)
        };
        let known = self
            .features
            .iter()
            .filter(|feature| feature.is_in(version));
        unique(
            known
                .filter(|f| !promised(f))
                .map(|feature| feature.as_str()),
        )
    }
}

fn unique<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept = Vec::new();
    for word in words {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

#[expect(clippy::expect_used, reason = "all keys are texts and nothing is read")]
fn to_text(document: &impl Serialize) -> String {
    serde_json::to_string(document).expect("structs of texts and numbers are JSON")
}
