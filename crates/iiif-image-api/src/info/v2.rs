//! The document of 2.1 (§5).

use serde::Serialize;

use super::entries::{SizeEntry, TileEntry};
use super::{ImageInfo, PROTOCOL};
use crate::{ApiVersion, SizeLimits};

const CONTEXT: &str = "http://iiif.io/api/image/2/context.json";

/// Fields are in the order in which they are written.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    #[serde(rename = "@context")]
    context: &'static str,
    #[serde(rename = "@id")]
    id: &'a str,
    #[serde(rename = "@type")]
    kind: &'static str,
    protocol: &'static str,
    width: u32,
    height: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sizes: Vec<SizeEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiles: Vec<TileEntry<'a>>,
    profile: Vec<Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribution: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logo: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    service: &'a [serde_json::Value],
}

/// An entry of `profile`: the level comes first, what goes beyond it second.
#[derive(Serialize)]
#[serde(untagged)]
enum Profile {
    Level(&'static str),
    Beyond(Beyond),
}

#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Beyond {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    formats: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    qualities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    supports: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_area: Option<u64>,
}

impl<'a> Document<'a> {
    pub(super) fn of(info: &'a ImageInfo) -> Self {
        let SizeLimits {
            max_width,
            max_height,
            max_area,
        } = info.limits;
        let beyond = Beyond {
            formats: info.extra_formats(),
            qualities: info.extra_qualities(ApiVersion::V2),
            supports: info.extra_features(ApiVersion::V2),
            max_width,
            max_height,
            max_area,
        };
        let mut profile = vec![Profile::Level(info.level.profile_uri(ApiVersion::V2))];
        if beyond != Beyond::default() {
            profile.push(Profile::Beyond(beyond));
        }
        Self {
            context: CONTEXT,
            id: info.uri.as_str(),
            kind: "iiif:Image",
            protocol: PROTOCOL,
            width: info.dimensions.width(),
            height: info.dimensions.height(),
            sizes: SizeEntry::all_of(info),
            tiles: TileEntry::all_of(info),
            profile,
            attribution: info.attribution.as_deref(),
            license: info.rights.as_deref(),
            logo: info.logo.as_deref(),
            service: &info.services,
        }
    }
}
