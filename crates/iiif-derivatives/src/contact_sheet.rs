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
    /// The keys of the derivatives, by label.
    pub(crate) keys: &'a BTreeMap<String, String>,
    /// The folder that the page lies in; empty for the root of the bucket.
    pub(crate) folder: &'a str,
    /// The BlurHash as a PNG in a `data:` URI.
    pub(crate) placeholder: Option<String>,
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:72rem;padding:1rem}\
h1{font-size:1.4rem;overflow-wrap:anywhere}\
figure{margin:0 0 2rem}\
figure img{display:block;height:auto;max-width:100%;background-size:100% 100%}\
figcaption{margin-top:.3rem;overflow-wrap:anywhere}\
.palette{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;padding:0}\
.palette li{width:8rem}\
.palette span{border:1px solid #8888;border-radius:.3rem;display:block;height:3rem}\
.failed{border-left:.3rem solid #c33;padding-left:.7rem}";

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
             <title>{title}</title>\n<style>{STYLE}{placeholder}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        );
        if let Some(colors) = &self.report.analysis.palette {
            html.push_str(&palette(colors));
        }
        for (label, failure) in &self.report.errors {
            html.push_str(&failed(label, failure));
        }
        for (label, key) in self.largest_first() {
            html.push_str(&self.figure(label, key));
        }
        html.push_str("</body>\n</html>\n");
        html
    }

    fn largest_first(&self) -> Vec<(&str, &str)> {
        let area = |label: &str| {
            let [width, height] = self.report.dimensions.get(label).copied().unwrap_or([0, 0]);
            u64::from(width) * u64::from(height)
        };
        let mut labels: Vec<(&str, &str)> = self
            .keys
            .iter()
            .map(|(label, key)| (label.as_str(), key.as_str()))
            .collect();
        labels.sort_by_key(|(label, _)| std::cmp::Reverse(area(label)));
        labels
    }

    fn figure(&self, label: &str, key: &str) -> String {
        let [width, height] = self.report.dimensions.get(label).copied().unwrap_or([0, 0]);
        let link = escaped(&encode_path(&relative_link(self.folder, key)));
        let (label, name) = (escaped(label), escaped(key));
        let caption = format!("<b>{label}</b> {width} × {height} <code>{name}</code>");
        let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
        if NOT_SHOWN.contains(&extension) {
            return format!(
                "<figure><figcaption><a href=\"{link}\">{caption}</a></figcaption></figure>\n"
            );
        }
        format!(
            "<figure><a href=\"{link}\"><img src=\"{link}\" alt=\"{label}\" width=\"{width}\" \
             height=\"{height}\" loading=\"lazy\"></a>\
             <figcaption>{caption}</figcaption></figure>\n"
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
            "<li><span style=\"background:{hex}\"></span><code>{hex}</code><br><small>{}</small></li>",
            closest.join(", ")
        );
    }
    html.push_str("</ul>\n");
    html
}

fn failed(label: &str, failure: &Failure) -> String {
    let (label, reason) = (escaped(label), escaped(&failure.reason));
    format!("<p class=\"failed\"><b>{label}</b> {reason}</p>\n")
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
