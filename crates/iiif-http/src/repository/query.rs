//! What a query asks for: the modifiers of images, and pages of listings.

use std::num::{NonZeroU32, NonZeroUsize};
use std::str::FromStr;

use axum::extract::Query as Pairs;
use axum::http::Uri;
use iiif_image_api::{DerivativeRequest, Format};
use iiif_storage::Overwrite;
use regex::{Regex, RegexBuilder};

use super::RepositoryOptions;
use crate::Problem;

/// The formats that are served, by their words of the Image API.
const KINDS: [Format; 5] = [
    Format::Jpg,
    Format::Png,
    Format::Gif,
    Format::Tif,
    Format::Webp,
];

/// Longer expressions are refused.
const MAX_REGEX_BYTES: usize = 1000;

/// The memory of a compiled expression. Matching takes time in proportion to it and to the names.
const MAX_REGEX_MEMORY_BYTES: usize = 1 << 20;

/// No side of a box.
const UNBOUNDED_PX: NonZeroU32 = NonZeroU32::MAX;

/// What a GET asks for.
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// Narrows the names.
    pub(super) regex: Option<Regex>,
    pub(super) form: Form,
    pub(super) rendering: Rendering,
    /// Whether any modifier is there, so that images are asked for and no listing.
    pub(super) is_of_images: bool,
    pub(super) page: Page,
}

/// In which form an image is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Image,
    Metadata,
    Url,
}

/// How an image is rendered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rendering {
    pub(super) kind: Format,
    x_px: Option<NonZeroU32>,
    y_px: Option<NonZeroU32>,
    is_thumbnail: bool,
}

/// A page of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// Names up to this one are left out; empty for the first page.
    pub(super) after: String,
    pub(super) limit: NonZeroUsize,
}

impl Query {
    pub(super) fn parse(uri: &Uri, options: &RepositoryOptions) -> Result<Self, Problem> {
        let mut query = Self {
            regex: None,
            form: Form::Image,
            rendering: Rendering::default(),
            is_of_images: false,
            page: Page {
                after: String::new(),
                limit: options.max_names,
            },
        };
        for (key, value) in pairs(uri)? {
            let rendering = &mut query.rendering;
            match key.as_str() {
                "regex" => query.regex = Some(regex(&value)?),
                "after" => query.page.after = value,
                "limit" => query.page.limit = number::<NonZeroUsize>(&key, &value)?,
                "xsize" => rendering.x_px = Some(number(&key, &value)?),
                "ysize" => rendering.y_px = Some(number(&key, &value)?),
                "kind" => rendering.kind = kind(&value)?,
                "thumbnail" => rendering.is_thumbnail = switch(&key, &value)?,
                "meta" if switch(&key, &value)? => query.form = Form::Metadata,
                "url" if switch(&key, &value)? => query.form = Form::Url,
                "meta" | "url" => {}
                _ => {
                    return Err(unknown(
                        &key,
                        "`regex`, `xsize`, `ysize`, `kind`, `thumbnail`, `meta`, `url`, `after` or \
                         `limit`",
                    ));
                }
            }
            query.is_of_images |= !matches!(key.as_str(), "regex" | "after" | "limit");
        }
        query.page.limit = query.page.limit.min(options.max_names);
        Ok(query)
    }
}

impl Rendering {
    /// Returns it in the words of the Image API.
    pub(super) fn request(self, options: &RepositoryOptions) -> Result<DerivativeRequest, Problem> {
        let (x, y) = match (self.x_px, self.y_px) {
            (None, None) if self.is_thumbnail => (options.thumbnail_px, options.thumbnail_px),
            (x, y) => (x.unwrap_or(UNBOUNDED_PX), y.unwrap_or(UNBOUNDED_PX)),
        };
        // What is small gets lost when it is reduced this far; sharpening brings it back.
        let quality = if self.is_thumbnail {
            "crisp"
        } else {
            "default"
        };
        let size = if (x, y) == (UNBOUNDED_PX, UNBOUNDED_PX) {
            "max".to_owned()
        } else {
            format!("!{x},{y}")
        };
        Ok(format!("full/{size}/0/{quality}.{}", self.kind).parse()?)
    }
}

/// Returns whether an upload may replace what is there.
pub(super) fn overwrite(uri: &Uri) -> Result<Overwrite, Problem> {
    let mut overwrite = Overwrite::Forbidden;
    for (key, value) in pairs(uri)? {
        match key.as_str() {
            "overwrite" if switch(&key, &value)? => overwrite = Overwrite::Allowed,
            "overwrite" => overwrite = Overwrite::Forbidden,
            _ => return Err(unknown(&key, "`overwrite`")),
        }
    }
    Ok(overwrite)
}

/// Refuses a query where none means anything.
pub(super) fn none(uri: &Uri) -> Result<(), Problem> {
    match pairs(uri)?.first() {
        Some((key, _)) => Err(unknown(key, "none")),
        None => Ok(()),
    }
}

fn pairs(uri: &Uri) -> Result<Vec<(String, String)>, Problem> {
    let pairs = Pairs::try_from_uri(uri);
    pairs
        .map(|Pairs(pairs)| pairs)
        .map_err(|_no_pairs| Problem::bad_request("the query is not made of `name=value`"))
}

fn regex(text: &str) -> Result<Regex, Problem> {
    let compiled = RegexBuilder::new(text)
        .size_limit(MAX_REGEX_MEMORY_BYTES)
        .dfa_size_limit(MAX_REGEX_MEMORY_BYTES)
        .build();
    let is_short = text.len() <= MAX_REGEX_BYTES;
    compiled.ok().filter(|_| is_short).ok_or_else(|| {
        Problem::bad_request(
            "`regex` is no regular expression that is taken here; expected Perl's syntax without \
             look-around and back-references, of at most 1000 bytes and of a moderate size",
        )
    })
}

fn kind(text: &str) -> Result<Format, Problem> {
    let format = text.to_ascii_lowercase().parse().ok();
    format
        .filter(|format| KINDS.contains(format))
        .ok_or_else(|| {
            let text = text.escape_debug();
            Problem::bad_request(format!(
                "`kind` is `{text}`; expected `jpg`, `png`, `gif`, `tif` or `webp`"
            ))
        })
}

fn number<T: FromStr>(key: &str, value: &str) -> Result<T, Problem> {
    value.parse().map_err(|_no_number| {
        let value = value.escape_debug();
        Problem::bad_request(format!(
            "`{key}` is `{value}`; expected a whole number from 1 on"
        ))
    })
}

/// Python's words, and those of others.
fn switch(key: &str, value: &str) -> Result<bool, Problem> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => {
            let value = value.escape_debug();
            Err(Problem::bad_request(format!(
                "`{key}` is `{value}`; expected `True` or `False`"
            )))
        }
    }
}

fn unknown(key: &str, expected: &str) -> Problem {
    let key = key.escape_debug();
    Problem::bad_request(format!(
        "the parameter `{key}` is unknown here; expected {expected}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Query, Problem> {
        let uri: Uri = format!("/images{query}").parse().unwrap();
        Query::parse(&uri, &RepositoryOptions::default())
    }

    #[test]
    fn modifiers_become_requests_of_the_image_api() {
        let table = [
            ("", "full/max/0/default.jpg"),
            ("?kind=png", "full/max/0/default.png"),
            ("?kind=JPEG", "full/max/0/default.jpg"),
            ("?xsize=100", "full/!100,4294967295/0/default.jpg"),
            ("?ysize=100&kind=tif", "full/!4294967295,100/0/default.tif"),
            ("?xsize=100&ysize=20", "full/!100,20/0/default.jpg"),
            ("?thumbnail=True", "full/!50,50/0/crisp:2.0,0.5,0.025.jpg"),
            (
                "?thumbnail=1&xsize=90",
                "full/!90,4294967295/0/crisp:2.0,0.5,0.025.jpg",
            ),
            ("?thumbnail=false", "full/max/0/default.jpg"),
        ];
        for (query, expected) in table {
            let rendering = parse(query).unwrap().rendering;
            let request = rendering.request(&RepositoryOptions::default());
            let expected = expected.parse().unwrap();
            assert_eq!(request.unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn switches_are_taken_in_all_spellings() {
        for (query, form) in [
            ("?url=True", Form::Url),
            ("?url=true", Form::Url),
            ("?meta=1", Form::Metadata),
            ("?meta=False", Form::Image),
        ] {
            assert_eq!(parse(query).unwrap().form, form, "{query}");
        }
        assert!(!parse("?regex=a&limit=5").unwrap().is_of_images);
        assert!(parse("?regex=a&kind=jpg").unwrap().is_of_images);
        assert_eq!(parse("?limit=99999").unwrap().page.limit.get(), 1000);
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_accepted() {
        let long = format!("?regex={}", "a".repeat(1001));
        for query in [
            "?xsize=0",
            "?xsize=-1",
            "?ysize=1.5",
            "?xsize=99999999999",
            "?kind=exe",
            "?kind=pdf",
            "?thumbnail=maybe",
            "?regex=(",
            "?regex=(a{1000}){1000}",
            "?regex=(?=a)",
            "?limit=0",
            "?size=3",
            &long,
        ] {
            let text = format!("{:?}", parse(query).unwrap_err());
            assert!(text.contains("expected"), "{query}: {text}");
        }
    }
}
