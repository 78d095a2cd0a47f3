//! The levels of compliance (Image API 2.1 and 3.0, the compliance documents).

use std::fmt;

use crate::{ApiVersion, Feature, Format, ImageRequest, Quality};

/// How much of the Image API a service promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ComplianceLevel {
    /// Level 0: fixed sizes and tiles, made beforehand.
    Level0,
    /// Level 1: regions in pixels, sizes by one side.
    Level1,
    /// Level 2: percentages, boxes, quarter turns, PNG.
    Level2,
}

impl ComplianceLevel {
    /// All, lowest first.
    pub const ALL: [Self; 3] = [Self::Level0, Self::Level1, Self::Level2];

    /// Returns the level's name, which is `profile` in info.json of 3.0 (§5.2).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Level0 => "level0",
            Self::Level1 => "level1",
            Self::Level2 => "level2",
        }
    }

    /// Returns the URI of the level's profile document, for info.json of 2.1 and `Link` headers.
    #[must_use]
    pub fn profile_uri(self, version: ApiVersion) -> &'static str {
        match (version, self) {
            (ApiVersion::V2, Self::Level0) => "http://iiif.io/api/image/2/level0.json",
            (ApiVersion::V2, Self::Level1) => "http://iiif.io/api/image/2/level1.json",
            (ApiVersion::V2, Self::Level2) => "http://iiif.io/api/image/2/level2.json",
            (ApiVersion::V3, Self::Level0) => "http://iiif.io/api/image/3/level0.json",
            (ApiVersion::V3, Self::Level1) => "http://iiif.io/api/image/3/level1.json",
            (ApiVersion::V3, Self::Level2) => "http://iiif.io/api/image/3/level2.json",
        }
    }

    /// Returns the features that the level requires, in the order of [`Feature::ALL`].
    pub fn features(self, version: ApiVersion) -> impl Iterator<Item = Feature> {
        Feature::ALL.into_iter().filter(move |feature| {
            feature
                .required_from(version)
                .is_some_and(|from| from <= self)
        })
    }

    /// Returns the qualities that the level's profile document lists.
    ///
    /// At level 2, `color` and `gray` are required of images that have them, but neither document
    /// lists them; 2.1 lists `bitonal`.
    #[must_use]
    pub fn qualities(self, version: ApiVersion) -> &'static [Quality] {
        match (version, self) {
            (ApiVersion::V2, Self::Level2) => &[Quality::Default, Quality::Bitonal],
            _ => &[Quality::Default],
        }
    }

    /// Returns the formats that the level requires; the same in both versions.
    #[must_use]
    pub fn formats(self) -> &'static [Format] {
        match self {
            Self::Level0 | Self::Level1 => &[Format::Jpg],
            Self::Level2 => &[Format::Jpg, Format::Png],
        }
    }

    /// Returns whether every service of the level must answer `request`, given that its numbers
    /// suit the image.
    #[must_use]
    pub fn covers(self, request: &ImageRequest, version: ApiVersion) -> bool {
        Feature::required_by(request, version).all(|feature| {
            feature
                .required_from(version)
                .is_some_and(|from| from <= self)
        }) && self.qualities(version).contains(&request.quality)
            && self.formats().contains(&request.format)
    }
}

impl fmt::Display for ComplianceLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
