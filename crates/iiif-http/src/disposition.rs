//! Under which name a browser saves a derivative (RFC 6266).

use axum::http::{HeaderValue, Uri};
use iiif_image_api::{Format, Identifier};
use percent_encoding::percent_decode_str;

use crate::Problem;

/// The parameter of a query that replaces the header, as Cantaloupe has it.
const PARAMETER: &str = "response-content-disposition";

/// Returns `Content-Disposition`: what the query asks for, or to show the image, under the last part
/// of its identifier.
pub(crate) fn disposition(
    uri: &Uri,
    identifier: &Identifier,
    format: Format,
) -> Result<HeaderValue, Problem> {
    let asked = uri.query().and_then(|query| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == PARAMETER).then_some(value))
    });
    let header = match asked {
        Some(asked) => percent_decode_str(asked)
            .decode_utf8()
            .ok()
            .filter(|asked| is_disposition(asked))
            .and_then(|asked| HeaderValue::from_str(&asked).ok()),
        None => {
            HeaderValue::try_from(format!("inline; filename=\"{}\"", name(identifier, format))).ok()
        }
    };
    header.ok_or_else(|| {
        Problem::bad_request(format!(
            "{PARAMETER} is no such header; expected `inline` or `attachment`, and `; filename=\"NAME\"` in ASCII"
        ))
    })
}

fn is_disposition(text: &str) -> bool {
    let kind = text.split(';').next().unwrap_or("").trim();
    let is_known = kind.eq_ignore_ascii_case("inline") || kind.eq_ignore_ascii_case("attachment");
    is_known
        && text
            .bytes()
            .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// Returns the last part of an identifier as the name of a file, in plain ASCII.
pub(crate) fn name(identifier: &Identifier, format: Format) -> String {
    let last = identifier.as_str().rsplit('/').next().unwrap_or("");
    let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let plain: String = stem
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    format!("{plain}.{format}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str, identifier: &str) -> Option<String> {
        let uri: Uri = format!("/x{query}").parse().expect("a URI");
        let identifier = Identifier::new(identifier).expect("an identifier");
        let header = disposition(&uri, &identifier, Format::Jpg).ok()?;
        Some(header.to_str().expect("ASCII").to_owned())
    }

    #[test]
    fn derivatives_have_a_name() {
        let inline = |name: &str| Some(format!("inline; filename=\"{name}\""));
        assert_eq!(of("", "maps/1820 ü\".tif"), inline("1820 __.jpg"));
        assert_eq!(of("?x=1", "a"), inline("a.jpg"));
        let asked = "?response-content-disposition=attachment%3B%20filename%3D%22a.jpg%22";
        assert_eq!(
            of(asked, "b"),
            Some("attachment; filename=\"a.jpg\"".to_owned())
        );
        for hostile in [
            "evil",
            "attachment%0D%0AX:%20y",
            "attachment%00",
            "inline%3B%20%C3%BC",
        ] {
            let query = format!("?response-content-disposition={hostile}");
            assert_eq!(of(&query, "b"), None, "{hostile}");
        }
    }
}
