//! Which form of info.json a client wants (2.1 §5.1, 3.0 §5.1).

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use iiif_image_api::{ApiVersion, JSON_LD_MEDIA_TYPE, JSON_LD_MEDIA_TYPE_V3, JSON_MEDIA_TYPE};

const JSON: &str = "application/json";
const JSON_LD: &str = "application/ld+json";

/// Returns the media type of info.json: what the client likes better of JSON and JSON-LD, and the
/// version's own default where it likes them equally: JSON in 2.1, JSON-LD in 3.0.
pub(crate) fn info_media_type(headers: &HeaderMap, version: ApiVersion) -> &'static str {
    let accepted: Vec<&str> = headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    // Each version's default stands first; only more weight changes it.
    let (json, json_ld) = (weight(&accepted, JSON), weight(&accepted, JSON_LD));
    match version {
        ApiVersion::V2 if json_ld > json => JSON_LD_MEDIA_TYPE,
        ApiVersion::V3 if json <= json_ld => JSON_LD_MEDIA_TYPE_V3,
        _ => JSON_MEDIA_TYPE,
    }
}

/// Returns the weight, in thousandths, of the most specific range that matches (RFC 9110 §12.5.1);
/// everything has the same without a header.
fn weight(accepted: &[&str], media_type: &str) -> u16 {
    if accepted.is_empty() {
        return 1000;
    }
    let range_of = |range: &str| match range {
        "*/*" => Some(0),
        "application/*" => Some(1),
        range if range.eq_ignore_ascii_case(media_type) => Some(2),
        _ => None,
    };
    let matching = accepted.iter().filter_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        let precision = range_of(parts.next()?)?;
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        let quality: f64 = quality.map_or(Some(1.0), |quality| quality.parse().ok())?;
        Some((precision, (quality.clamp(0.0, 1.0) * 1000.0) as u16))
    });
    matching.max().map_or(0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn each_version_has_its_own_default() {
        let table = [
            (None, JSON_MEDIA_TYPE, JSON_LD_MEDIA_TYPE_V3),
            (Some("*/*"), JSON_MEDIA_TYPE, JSON_LD_MEDIA_TYPE_V3),
            (
                Some("text/html,*/*;q=0.8"),
                JSON_MEDIA_TYPE,
                JSON_LD_MEDIA_TYPE_V3,
            ),
            (Some("application/json"), JSON_MEDIA_TYPE, JSON_MEDIA_TYPE),
            (
                Some("application/json, */*"),
                JSON_MEDIA_TYPE,
                JSON_LD_MEDIA_TYPE_V3,
            ),
            (
                Some("application/json, */*;q=0.1"),
                JSON_MEDIA_TYPE,
                JSON_MEDIA_TYPE,
            ),
            (
                Some("application/ld+json"),
                JSON_LD_MEDIA_TYPE,
                JSON_LD_MEDIA_TYPE_V3,
            ),
            (
                Some("application/ld+json;profile=\"http://iiif.io/api/image/3/context.json\""),
                JSON_LD_MEDIA_TYPE,
                JSON_LD_MEDIA_TYPE_V3,
            ),
            (
                Some("application/ld+json;q=0.5, application/json"),
                JSON_MEDIA_TYPE,
                JSON_MEDIA_TYPE,
            ),
            (Some("image/png"), JSON_MEDIA_TYPE, JSON_LD_MEDIA_TYPE_V3),
        ];
        for (accept, v2, v3) in table {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(info_media_type(&headers, ApiVersion::V2), v2, "{accept:?}");
            assert_eq!(info_media_type(&headers, ApiVersion::V3), v3, "{accept:?}");
        }
    }
}
