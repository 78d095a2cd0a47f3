//! The URIs that did not run, as a manifest that can be fed back.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};

use anyhow::Context as _;

/// Where the URIs go that did not run: a file, or stdout.
pub(crate) struct LeftManifest<'a>(Option<&'a str>);

impl<'a> LeftManifest<'a> {
    /// Checks that the file can be written, before anything runs. What is in it stays: it may be the
    /// list that is read.
    pub(crate) fn check(path: &'a str) -> anyhow::Result<Self> {
        if path == "-" {
            return Ok(Self(None));
        }
        let opened = OpenOptions::new().append(true).create(true).open(path);
        opened.with_context(|| format!("cannot write -left-manifest `{path}`"))?;
        Ok(Self(Some(path)))
    }

    pub(crate) fn is_stdout(&self) -> bool {
        self.0.is_none()
    }

    /// Writes the URIs, a line each. Where that fails they go to stderr: nobody may lose what did not run.
    pub(crate) fn write<'u>(&self, uris: impl Iterator<Item = &'u str>) -> anyhow::Result<()> {
        let text: String = uris.flat_map(|uri| [uri, "\n"]).collect();
        let written = match self.0 {
            Some(path) => fs::write(path, &text)
                .with_context(|| format!("cannot write -left-manifest `{path}`")),
            None => (text.lines().try_for_each(iiif_cli::print_line))
                .context("cannot print the URIs that did not run"),
        };
        if written.is_err() {
            // There is nowhere left to report that stderr is gone.
            let _ = io::stderr().write_all(text.as_bytes());
        }
        written
    }
}
