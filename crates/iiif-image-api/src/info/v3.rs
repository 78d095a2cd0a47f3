//! The document of 3.0 (§5).

use serde::Serialize;

use super::entries::{SizeEntry, TileEntry};
use super::{ImageInfo, LinkedResource, PROTOCOL};
use crate::{ApiVersion, SizeLimits};

const CONTEXT: &str = "http://iiif.io/api/image/3/context.json";

/// Fields are in the order in which they are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    #[serde(rename = "@context")]
    context: Context<'a>,
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    protocol: &'static str,
    profile: &'static str,
    width: u32,
    height: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_height: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_area: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sizes: Vec<SizeEntry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tiles: Vec<TileEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rights: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    preferred_formats: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_formats: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_qualities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    extra_features: Vec<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    part_of: &'a [LinkedResource],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    see_also: &'a [LinkedResource],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    service: &'a [serde_json::Value],
}

/// One context, or several of which that of the Image API is the last (3.0 §5.2).
#[derive(Serialize)]
#[serde(untagged)]
enum Context<'a> {
    One(&'static str),
    Several(Vec<&'a str>),
}

impl<'a> Document<'a> {
    pub(super) fn of(info: &'a ImageInfo) -> Self {
        let SizeLimits {
            max_width,
            max_height,
            max_area,
        } = info.limits;
        let context = if info.extra_contexts.is_empty() {
            Context::One(CONTEXT)
        } else {
            let extra = info.extra_contexts.iter().map(String::as_str);
            Context::Several(extra.chain([CONTEXT]).collect())
        };
        let preferred = info.preferred_formats.iter();
        Self {
            context,
            id: info.uri.as_str(),
            kind: "ImageService3",
            protocol: PROTOCOL,
            profile: info.level.as_str(),
            width: info.dimensions.width(),
            height: info.dimensions.height(),
            max_width,
            max_height,
            max_area,
            sizes: SizeEntry::all_of(info),
            tiles: TileEntry::all_of(info),
            rights: info.rights.as_deref(),
            preferred_formats: preferred.map(|format| format.as_str()).collect(),
            extra_formats: info.extra_formats(),
            extra_qualities: info.extra_qualities(ApiVersion::V3),
            extra_features: info.extra_features(ApiVersion::V3),
            part_of: &info.part_of,
            see_also: &info.see_also,
            service: &info.services,
        }
    }
}
