//! The URIs that did not run, as a manifest that can be fed back.

use std::fs::File;
use std::io::Write as _;

use anyhow::Context as _;

/// Where the URIs go that did not run.
pub(crate) struct Left<'a> {
    /// The file and its path; stdout without.
    file: Option<(&'a str, File)>,
}

impl<'a> Left<'a> {
    /// Opens the file before anything runs, so that nothing is lost where that fails.
    pub(crate) fn open(path: &'a str) -> anyhow::Result<Self> {
        if path == "-" {
            return Ok(Self { file: None });
        }
        let file = File::create(path);
        let file = file.with_context(|| format!("cannot write -left-manifest `{path}`"))?;
        Ok(Self {
            file: Some((path, file)),
        })
    }

    pub(crate) fn write<'u>(self, uris: impl Iterator<Item = &'u str>) -> anyhow::Result<()> {
        let Some((path, mut file)) = self.file else {
            for uri in uris {
                iiif_cli::print_line(uri)?;
            }
            return Ok(());
        };
        let text: String = uris.flat_map(|uri| [uri, "\n"]).collect();
        let written = file.write_all(text.as_bytes());
        written.with_context(|| format!("cannot write -left-manifest `{path}`"))
    }
}
