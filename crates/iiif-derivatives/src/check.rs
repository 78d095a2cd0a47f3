//! What can be refused before any work.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use iiif_config::ProcessingUri;
use iiif_storage::Bucket;

use crate::{ContactSheets, Error, Job};

/// An object that a run would write.
struct Written<'a> {
    bucket: &'a Bucket,
    key: String,
    uri: &'a ProcessingUri,
    what: What<'a>,
}

enum What<'a> {
    Derivative(&'a str),
    Report,
    ContactSheet,
}

impl Written<'_> {
    fn describe(&self) -> String {
        let uri = self.uri.to_redacted_string();
        match self.what {
            What::Derivative(label) => format!("label `{label}` of `{uri}`"),
            What::Report => format!("the report of `{uri}`"),
            What::ContactSheet => format!("the contact sheet of `{uri}`"),
        }
    }
}

pub(crate) fn check(job: &Job, uris: &[ProcessingUri]) -> Result<(), Error> {
    if uris.is_empty() || job.instructions.is_empty() {
        return Err(Error::NothingToDo);
    }
    let reports = job
        .reports
        .as_ref()
        .and_then(|options| options.bucket.as_ref());
    for bucket in [Some(&job.derivatives), reports].into_iter().flatten() {
        if !bucket.is_writable() {
            return Err(Error::ReadOnly {
                bucket: bucket.to_string(),
            });
        }
    }
    find_collision(|| {
        uris.iter()
            .flat_map(|uri| objects(job, uri))
            .map(|object| placed(job, object))
    })?;
    check_sources(job, uris)
}

/// Everything that is written for one image.
fn objects<'a>(job: &'a Job, uri: &'a ProcessingUri) -> impl Iterator<Item = Written<'a>> {
    let derivatives = job
        .instructions
        .iter()
        .map(move |(label, instructions)| Written {
            bucket: &job.derivatives,
            key: uri.derivative_key(label, instructions),
            uri,
            what: What::Derivative(label.as_str()),
        });
    let options = job.reports.as_ref();
    let report = options.map(|options| Written {
        bucket: options.bucket.as_ref().unwrap_or(&job.derivatives),
        key: crate::report_key(options, uri),
        uri,
        what: What::Report,
    });
    let sheets = options.filter(|options| options.contact_sheet == ContactSheets::Written);
    let sheet = sheets.map(|_options| Written {
        bucket: &job.derivatives,
        key: crate::contact_sheet_key(uri),
        uri,
        what: What::ContactSheet,
    });
    derivatives.chain(report).chain(sheet)
}

/// Gives objects in the bucket of reports the key that they have among the derivatives, or, where
/// that is another place, one that no derivative has: keys do not begin with a slash.
fn placed<'a>(job: &Job, mut object: Written<'a>) -> Written<'a> {
    let own = job
        .reports
        .as_ref()
        .is_some_and(|options| options.bucket.is_some());
    if own && matches!(object.what, What::Report) {
        let within = object.bucket.key_within(&object.key, &job.derivatives);
        object.key = within.unwrap_or_else(|| format!("/{}", object.key));
    }
    object
}

/// Finds two objects of the same key, or one that needs another's key as its folder.
///
/// A run may have millions of keys. So the first pass keeps only their hashes, and the second keeps
/// the few keys whose hash, or the hash of one of their folders, was seen twice.
fn find_collision<'a, I: Iterator<Item = Written<'a>>>(
    written: impl Fn() -> I,
) -> Result<(), Error> {
    let mut seen = HashSet::new();
    let mut twice = HashSet::new();
    for object in written() {
        let hash = hash(&object.key);
        if !seen.insert(hash) {
            twice.insert(hash);
        }
    }
    let folders_seen = |key: &str| {
        folders(key)
            .map(hash)
            .filter(|hash| seen.contains(hash))
            .collect::<Vec<_>>()
    };
    for object in written() {
        twice.extend(folders_seen(&object.key));
    }
    if twice.is_empty() {
        return Ok(());
    }
    let mut suspects: HashMap<String, Written<'_>> = HashMap::new();
    for object in written().filter(|object| twice.contains(&hash(&object.key))) {
        if let Some(first) = suspects.get(&object.key) {
            return Err(collision(first, &object));
        }
        suspects.insert(object.key.clone(), object);
    }
    for object in written() {
        if let Some(first) = folders(&object.key).find_map(|folder| suspects.get(folder)) {
            return Err(collision(first, &object));
        }
    }
    Ok(())
}

fn collision(first: &Written<'_>, second: &Written<'_>) -> Error {
    Error::Collision {
        key: first.uri.redact(first.key.trim_start_matches('/')),
        first: first.describe(),
        second: second.describe(),
    }
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The folders that a key lies in, the outermost first.
fn folders(key: &str) -> impl Iterator<Item = &str> {
    key.match_indices('/').filter_map(|(end, _)| key.get(..end))
}

fn check_sources(job: &Job, uris: &[ProcessingUri]) -> Result<(), Error> {
    let sources: HashSet<String> = uris
        .iter()
        .flat_map(|uri| job.source.keys_behind(uri.origin().as_str()))
        .collect();
    for object in uris.iter().flat_map(|uri| objects(job, uri)) {
        let key = object.bucket.key_within(&object.key, &job.source);
        if let Some(key) = key.filter(|key| sources.contains(key)) {
            return Err(Error::ReplacesSource {
                what: object.describe(),
                key,
            });
        }
    }
    Ok(())
}
