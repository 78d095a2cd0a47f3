//! A page that shows every derivative of an image.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iiif_config::encode_path;
use iiif_image_api::{Dimensions, Format};
use iiif_pipeline::{EncodeOptions, PaletteColor, blurhash_preview, encode};

use crate::link::relative_link;
use crate::{Failure, ProcessReport};

/// What stands on a contact sheet.
#[derive(Debug)]
pub(crate) struct ContactSheet<'a> {
    pub(crate) report: &'a ProcessReport,
    /// The derivatives, by label.
    pub(crate) written: &'a BTreeMap<String, Written>,
    /// The folder that the page lies in; empty for the root of the bucket.
    pub(crate) folder: &'a str,
    /// The BlurHash as a PNG in a `data:` URI.
    pub(crate) placeholder: Option<String>,
}

/// A derivative that was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) key: String,
    pub(crate) len_bytes: u64,
}

const STYLE: &str = include_str!("contact_sheet/style.css");

/// Width and height of the room that a preview has, up to a factor.
const PREVIEW: [u64; 2] = [4, 3];

/// Width and height of a placeholder in pixels; browsers stretch it over the image.
const PLACEHOLDER_SIDE_PX: NonZeroU32 = NonZeroU32::new(24).unwrap();

/// Formats that browsers do not show in an `img`.
const NOT_SHOWN: [&str; 3] = ["tif", "jp2", "pdf"];

impl ContactSheet<'_> {
    /// Returns the page.
    pub(crate) fn to_html(&self) -> String {
        let title = escaped(&self.report.origin);
        let placeholder = self.placeholder.as_deref().map_or_else(String::new, |uri| {
            format!("figure img{{background-image:url({uri})}}")
        });
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<style>\n{STYLE}{placeholder}</style>\n</head>\n<body>\n\
             <header>\n<h1>{title}</h1>\n<p>{}</p>\n</header>\n",
            self.count()
        );
        if let Some(colors) = &self.report.analysis.palette {
            html.push_str(&palette(colors));
        }
        if !self.report.errors.is_empty() {
            html.push_str(&failures(&self.report.errors));
        }
        html.push_str("<main class=\"sheet\">\n");
        for (label, written) in self.largest_first() {
            html.push_str(&self.figure(label, written));
        }
        html.push_str("</main>\n</body>\n</html>\n");
        html
    }

    fn count(&self) -> String {
        let made = match self.written.len() {
            1 => "1 derivative".to_owned(),
            made => format!("{made} derivatives"),
        };
        match self.report.errors.len() {
            0 => made,
            failed => format!("{made}, {failed} failed"),
        }
    }

    fn dimensions(&self, label: &str) -> [u32; 2] {
        self.report.dimensions.get(label).copied().unwrap_or([0, 0])
    }

    fn largest_first(&self) -> Vec<(&str, &Written)> {
        let mut derivatives: Vec<_> = self
            .written
            .iter()
            .map(|(label, written)| (label.as_str(), written))
            .collect();
        derivatives.sort_by_key(|(label, _)| {
            let [width, height] = self.dimensions(label).map(u64::from);
            std::cmp::Reverse(width * height)
        });
        derivatives
    }

    fn figure(&self, label: &str, Written { key, len_bytes }: &Written) -> String {
        let [width, height] = self.dimensions(label);
        let link = escaped(&encode_path(&relative_link(self.folder, key)));
        let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
        let (label, name) = (escaped(label), escaped(key));
        let preview = if NOT_SHOWN.contains(&extension) {
            extension.to_uppercase()
        } else {
            // The side that touches the room; the other follows, and neither is enlarged.
            let is_wide = u64::from(width) * PREVIEW[1] >= u64::from(height) * PREVIEW[0];
            let bound = if is_wide {
                format!("class=\"wide\" style=\"max-width:{width}px\"")
            } else {
                format!("class=\"high\" style=\"max-height:{height}px\"")
            };
            format!(
                "<img src=\"{link}\" alt=\"{label}\" width=\"{width}\" height=\"{height}\" {bound} \
                 loading=\"lazy\">"
            )
        };
        format!(
            "<figure>\n<a href=\"{link}\">{preview}</a>\n<figcaption><b>{label}</b> \
             <span>{width} × {height}</span> <span>{}</span> <code>{name}</code></figcaption>\n\
             </figure>\n",
            size(*len_bytes)
        )
    }
}

/// Returns a BlurHash as a PNG in a `data:` URI; `None` where this build writes no PNG.
pub(crate) fn placeholder(blurhash: &str) -> Option<String> {
    let side = Dimensions::from_non_zero(PLACEHOLDER_SIDE_PX, PLACEHOLDER_SIDE_PX);
    let preview = blurhash_preview(blurhash, side)?;
    let png = encode(&preview.into(), Format::Png, &EncodeOptions::default()).ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

fn palette(colors: &[PaletteColor]) -> String {
    let mut html = String::from("<ul class=\"palette\">\n");
    for color in colors {
        let closest: Vec<String> = color
            .closest
            .iter()
            .map(|closest| escaped(&closest.name))
            .collect();
        let hex = escaped(&color.hex);
        // Writing to a string does not fail.
        let _ = writeln!(
            html,
            "<li><span style=\"background:{hex}\"></span><code>{hex}</code><small>{}</small></li>",
            closest.join(", ")
        );
    }
    html.push_str("</ul>\n");
    html
}

fn failures(errors: &BTreeMap<String, Failure>) -> String {
    let mut html = String::from("<ul class=\"failures\">\n");
    for (label, failure) in errors {
        let (label, reason) = (escaped(label), escaped(&failure.reason));
        // Writing to a string does not fail.
        let _ = writeln!(html, "<li><b>{label}</b>{reason}</li>");
    }
    html.push_str("</ul>\n");
    html
}

/// Returns a number of bytes as people read it.
fn size(bytes: u64) -> String {
    let scaled = |unit: u64| bytes as f64 / unit as f64;
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.0} kB", scaled(1_000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", scaled(1_000_000)),
        _ => format!("{:.1} GB", scaled(1_000_000_000)),
    }
}

/// Names come from strangers: nothing of them may become markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_units_that_suit_them() {
        let cases = [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1 kB"),
            (823_456, "823 kB"),
            (2_345_678, "2.3 MB"),
            (7_890_123_456, "7.9 GB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(size(bytes), expected);
        }
    }
}
