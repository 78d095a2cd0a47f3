//! Names that are none of images in the source folder, and what to say of them.

use std::path::Path;

use iiif_config::{ProcessingUri, encode_path};
use iiif_derivatives::ProcessReport;
use iiif_storage::Bucket;

/// What shells expand, and hand on as it is where nothing matches.
const PATTERN: [char; 3] = ['*', '?', '['];

/// The local folder of source images. Of other buckets nothing is known beforehand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SourceFolder<'a>(Option<&'a Path>);

impl<'a> SourceFolder<'a> {
    pub(crate) fn of(source: &'a Bucket) -> Self {
        Self(source.local_folder())
    }

    /// Takes out the folders, which `*` of a shell has among the files, and names them.
    pub(crate) fn pass_over_folders(self, uris: &mut Vec<ProcessingUri>) {
        let Some(source) = self.0 else { return };
        uris.retain(|uri| {
            let origin = uri.origin().as_str();
            let is_folder = source.join(origin).is_dir();
            if is_folder {
                tracing::warn!(
                    "`{origin}` is a folder and is passed over; expected names of images"
                );
            }
            !is_folder
        });
    }

    /// Returns what is accepted in place of a path that is no processing URI, to be read after it;
    /// none where nothing is at the path.
    pub(crate) fn expected_for_path(self, text: &str) -> Option<String> {
        let path = text.rsplit_once("?target=").map_or(text, |(path, _)| path);
        expected(self.0?, Path::new(path))
    }

    /// Adds to the failure of an image that is not in the source what is accepted in its place.
    pub(crate) fn explain(self, report: &mut ProcessReport) {
        if let Some(source) = self.0
            && let Some(failure) = report.errors.get_mut("source")
            && source.join(&report.origin).symlink_metadata().is_err()
            && let Some(expected) = expected_for_origin(source, &report.origin)
        {
            failure.reason = format!("{}; {expected}", failure.reason);
        }
    }
}

fn expected_for_origin(source: &Path, origin: &str) -> Option<String> {
    let from_current_folder = || expected(source, Path::new(origin));
    let pattern = || {
        let expected =
            "no file matches this pattern, or it was quoted: only shells expand patterns";
        origin.contains(PATTERN).then(|| expected.to_owned())
    };
    // An absolute path loses its first slash when it becomes an origin.
    expected(source, &Path::new("/").join(origin))
        .or_else(from_current_folder)
        .or_else(pattern)
}

fn expected(source: &Path, path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let within = path.strip_prefix(source).ok();
    let folder_uri = |folder: &Path| Some(format!("file://{}", encode_path(folder.to_str()?)));
    if path.is_dir() {
        return Some(match within {
            Some(folder) => format!(
                "expected names of images in this folder, such as `{}`",
                folder.join("a.jpg").display()
            ),
            None => format!(
                "expected names of images in this folder, with -config-images-source-uri {}",
                folder_uri(&path)?
            ),
        });
    }
    Some(match within {
        Some(name) => format!("expected its name in the source, `{}`", name.display()),
        None => format!(
            "expected a name in the source; -config-images-source-uri {} makes it `{}`",
            folder_uri(path.parent()?)?,
            path.file_name()?.to_str()?
        ),
    })
}
