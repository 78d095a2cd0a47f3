//! Which images are in the bucket.

use futures::{StreamExt as _, TryStreamExt as _};
use iiif_config::has_image_extension;
use iiif_image_api::Identifier;
use iiif_storage::Bucket;

use crate::Problem;

/// A page of the list of images, in the order of their names.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) images: Vec<Identifier>,
    /// The page's number, of `pages`; both count from 1.
    pub(super) page: usize,
    pub(super) pages: usize,
    /// The position of the page's first image, from 0.
    pub(super) start: usize,
    pub(super) total: usize,
}

/// Images of a page.
const PAGE_LEN: usize = 100;

/// Objects that are looked at; what is behind them in a bucket is not listed.
const MAX_OBJECTS: usize = 100_000;

/// Lists the bucket anew, because nothing else tells what is in it.
pub(super) async fn read(bucket: &Bucket, page: usize) -> Result<Listing, Problem> {
    let objects = bucket.list("").take(MAX_OBJECTS);
    let images = objects.try_filter_map(async |object| Ok(image(&object.key)));
    let images: Result<Vec<Identifier>, _> = images.try_collect().await;
    let mut images = images.map_err(|error| Problem::listing(&error))?;
    images.sort_unstable();
    let total = images.len();
    let pages = total.div_ceil(PAGE_LEN).max(1);
    let page = page.clamp(1, pages);
    let start = (page - 1) * PAGE_LEN;
    images.drain(..start);
    images.truncate(PAGE_LEN);
    Ok(Listing {
        images,
        page,
        pages,
        start,
        total,
    })
}

fn image(key: &str) -> Option<Identifier> {
    // Derivatives that are kept beside the images are in such a folder.
    let is_hidden = key.split('/').any(|step| step.starts_with('.'));
    // What else is an image can be asked for, and is not listed.
    let is_image = !is_hidden && has_image_extension(key);
    Identifier::new(key).ok().filter(|_| is_image)
}
