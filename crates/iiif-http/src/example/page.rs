//! The HTML of the pages.

use std::fmt::Write as _;

use iiif_config::IMAGE_EXTENSIONS;
use iiif_image_api::{ApiVersion, BaseUri, Identifier};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::listing::Listing;

/// What all pages of a request have in common.
#[derive(Debug)]
pub(super) struct Page {
    /// The URI of the service as the client sees it.
    pub(super) base: BaseUri,
    /// Its path, with a slash before it, or nothing. Links are paths, so that they also lead somewhere
    /// where the scheme or the host of the URI is not that of the browser.
    root: String,
    has_viewer: bool,
}

/// Previews are of 2.1, where a box that is larger than the image is never an error.
const PREVIEW: &str = "full/!400,300/0/default.jpg";

/// What is shown of an image that cannot be zoomed.
const WHOLE: &str = "full/!1024,1024/0/default.jpg";

impl Page {
    pub(super) fn new(base: BaseUri, has_viewer: bool) -> Self {
        let root = match base.prefix() {
            "" => String::new(),
            prefix => escaped(&format!("/{prefix}")),
        };
        Self {
            base,
            root,
            has_viewer,
        }
    }

    /// Returns the list of images.
    pub(super) fn list(&self, listing: &Listing) -> String {
        let mut main = String::new();
        for image in &listing.images {
            main.push_str(&self.card(image));
        }
        if listing.images.is_empty() {
            let _ = writeln!(
                main,
                "<p class=\"note\">There is no image in this bucket: no name ends with \
                 <code>.{}</code>.</p>",
                IMAGE_EXTENSIONS.join("</code>, <code>.")
            );
        } else {
            main = format!("<ul class=\"images\">\n{main}</ul>\n");
        }
        main.push_str(&self.pages(listing));
        let header = format!("<h1>Images</h1>\n<p>{}</p>\n", count(listing));
        let scripts = format!(
            "<script src=\"{}/example/list.js\" defer></script>\n",
            self.root
        );
        self.html("Images", &scripts, &header, &main)
    }

    fn card(&self, image: &Identifier) -> String {
        let root = &self.root;
        let name = escaped(image.as_str());
        let link = self.viewer_link(image, "");
        let segment = escaped(&image.to_path_segment());
        format!(
            "<li><a href=\"{link}\">\n\
             <span class=\"mat\"><img src=\"{root}/iiif/2/{segment}/{PREVIEW}\" alt=\"\" width=\"400\" height=\"300\" loading=\"lazy\" \
             data-info=\"{root}/iiif/3/{segment}/info.json\"></span>\n\
             <span class=\"name\">{name}</span> <span class=\"dimensions\"></span>\n</a></li>\n"
        )
    }

    fn pages(&self, listing: &Listing) -> String {
        if listing.pages == 1 {
            return String::new();
        }
        let root = &self.root;
        let link = |page: usize, rel: &str, text: &str| {
            if (1..=listing.pages).contains(&page) {
                format!("<a href=\"{root}/?page={page}\" rel=\"{rel}\">{text}</a>\n")
            } else {
                String::new()
            }
        };
        format!(
            "<nav aria-label=\"Pages\">\n{}<span>Page {} of {}</span>\n{}</nav>\n",
            link(listing.page - 1, "prev", "Previous"),
            listing.page,
            listing.pages,
            link(listing.page + 1, "next", "Next"),
        )
    }

    /// Returns the page of one image.
    pub(super) fn viewer(&self, image: &Identifier, version: ApiVersion) -> String {
        let root = &self.root;
        let name = escaped(image.as_str());
        let segment = escaped(&image.to_path_segment());
        let picture = format!("<img src=\"{root}/iiif/2/{segment}/{WHOLE}\" alt=\"{name}\">");
        let mut scripts = String::new();
        let main = if self.has_viewer {
            let files = format!("{root}/example/openseadragon");
            scripts = format!(
                "<script src=\"{files}/openseadragon.min.js\" defer></script>\n\
                 <script src=\"{root}/example/zoom.js\" defer></script>\n"
            );
            format!(
                "<div id=\"viewer\" data-info=\"{root}/iiif/{version}/{segment}/info.json\" \
                 data-buttons=\"{files}/images/\">\n<noscript>{picture}</noscript>\n</div>\n\
                 <footer>Zoomed by <a href=\"https://openseadragon.github.io\">OpenSeadragon</a> \
                 (<a href=\"{files}/LICENSE.txt\">licence</a>)</footer>\n",
                version = path_of(version)
            )
        } else {
            format!(
                "<div id=\"viewer\">{picture}</div>\n<footer>This is not zoomable, because the server did not \
                 find OpenSeadragon: <code>make viewer</code> fetches it, and <code>-viewer PATH</code> says \
                 where it is.</footer>\n"
            )
        };
        let header = format!(
            "<h1>{name}</h1>\n<p><span id=\"dimensions\"></span> {} {} <a href=\"{root}/\">All images</a></p>\n",
            self.info_link(image, version, ApiVersion::V3),
            self.info_link(image, version, ApiVersion::V2),
        );
        self.html(&name, &scripts, &header, &main)
    }

    /// Returns a link to info.json, and to this page with that version of the Image API.
    fn info_link(&self, image: &Identifier, shown: ApiVersion, version: ApiVersion) -> String {
        let number = path_of(version);
        let segment = escaped(&image.to_path_segment());
        let info = format!(
            "<a href=\"{}/iiif/{number}/{segment}/info.json\">info.json</a>",
            self.root
        );
        if shown == version {
            return format!(
                "<span><b aria-current=\"true\">Image API {version}</b> ({info})</span>"
            );
        }
        let link = self.viewer_link(image, &format!("&amp;version={number}"));
        format!("<span><a href=\"{link}\">Image API {version}</a> ({info})</span>")
    }

    fn viewer_link(&self, image: &Identifier, more: &str) -> String {
        let name = utf8_percent_encode(image.as_str(), NON_ALPHANUMERIC);
        format!("{}/example/viewer?image={name}{more}", self.root)
    }

    fn html(&self, title: &str, scripts: &str, header: &str, main: &str) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title}</title>\n<link rel=\"stylesheet\" href=\"{}/example/style.css\">\n\
             <link rel=\"icon\" href=\"data:,\">\n{scripts}</head>\n<body>\n\
             <header>\n{header}</header>\n<main>\n{main}</main>\n</body>\n</html>\n",
            self.root
        )
    }
}

fn count(listing: &Listing) -> String {
    let last = listing.start + listing.images.len();
    match (listing.total, listing.pages) {
        (1, _) => "1 image".to_owned(),
        (total, 1) => format!("{total} images"),
        (total, _) => format!("{} to {last} of {total} images", listing.start + 1),
    }
}

/// Returns the step of the path that a version is mounted at, and that the page is asked for with.
fn path_of(version: ApiVersion) -> &'static str {
    match version {
        ApiVersion::V2 => "2",
        _ => "3",
    }
}

/// Returns a text as HTML has it, also between quotes.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}
