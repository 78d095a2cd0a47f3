//! Which images there are. The bucket alone knows; nothing is kept beside it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use futures::stream::StreamExt as _;
use futures::{future, pin_mut};
use iiif_image_api::Identifier;
use iiif_storage::Bucket;
use regex::Regex;

use super::name::{ImageName, shown};
use super::query::Page;
use crate::Problem;
use crate::sources::{Sources, Version};

/// Names of one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) names: Vec<ImageName>,
    /// Whether others follow.
    pub(super) is_cut: bool,
}

/// Returns the image of a name.
pub(super) async fn find(sources: &Sources, name: &ImageName) -> Result<Version, Problem> {
    if name.keys().iter().any(|key| key == name.asked_key()) {
        let asked = Identifier::new(name.asked_key()).map_err(Problem::identifier)?;
        match sources.version(&asked).await {
            Err(problem) if problem.status == StatusCode::NOT_FOUND => {}
            found => return found,
        }
    }
    let mut found = candidates(sources, name).await?;
    // On disks that take `a.jpg` for `a.JPG`, both are the same file.
    found.dedup_by(|a, b| a.object == b.object);
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(no_such_image()),
        (Some(image), true) => Ok(image),
        (Some(last), false) => {
            let keys: Vec<&str> = found.iter().chain([&last]).map(key).collect();
            Err(Problem::new(
                StatusCode::CONFLICT,
                format!(
                    "there are several images of this name; expected one of them with its \
                     extension: `{}`",
                    keys.join("`, `").escape_debug()
                ),
            ))
        }
    }
}

/// Returns all that has a name, whatever the extension.
pub(super) async fn candidates(
    sources: &Sources,
    name: &ImageName,
) -> Result<Vec<Version>, Problem> {
    let identifiers: Vec<Identifier> = identifiers(name)?;
    let looked_up = identifiers.iter().map(|it| sources.version(it));
    let looked_up = future::join_all(looked_up).await;
    let found = looked_up.into_iter().filter_map(|found| match found {
        Err(problem) if problem.status == StatusCode::NOT_FOUND => None,
        found => Some(found),
    });
    found.collect()
}

/// Forgets what was known of a name.
pub(super) async fn forget(sources: &Sources, name: &ImageName) {
    for identifier in identifiers(name).unwrap_or_default() {
        sources.forget(&identifier).await;
    }
}

/// Returns a page of the names in a folder, in the order of their bytes.
///
/// The bucket lists in any order, so it is read to its end; no more than the page is held.
pub(super) async fn list(
    bucket: &Bucket,
    folder: &str,
    regex: Option<&Regex>,
    page: &Page,
) -> Result<Names, Problem> {
    let listed = bucket.list(folder);
    pin_mut!(listed);
    let limit = page.limit.get();
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(found) = listed.next().await {
        let found = found.map_err(|error| Problem::listing(&error))?;
        let Some(name) = shown(&found.key).filter(|name| *name > page.after) else {
            continue;
        };
        if regex.is_some_and(|regex| !regex.is_match(&name)) {
            continue;
        }
        names.entry(name).or_default().push(found.key);
        // One more than the page tells that others follow.
        if names.len() > limit + 1 {
            names.pop_last();
        }
    }
    let is_cut = names.len() > limit;
    Ok(Names {
        names: names
            .into_iter()
            .take(limit)
            .map(|(name, keys)| ImageName::listed(&name, keys))
            .collect(),
        is_cut,
    })
}

pub(super) fn no_such_image() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no image of this name")
}

/// Returns the key of what was found.
pub(super) fn key(found: &Version) -> &str {
    found.identifier.as_str()
}

fn identifiers(name: &ImageName) -> Result<Vec<Identifier>, Problem> {
    let identifiers = name.keys().into_iter().map(Identifier::new);
    identifiers
        .collect::<Result<_, _>>()
        .map_err(Problem::identifier)
}
