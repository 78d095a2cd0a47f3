//! The URIs that did not run, as a manifest that can be fed back.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};

use anyhow::Context as _;
use iiif_config::ProcessingUri;
use serde_json::Value;

/// The exit codes of `iiif-process` with which it has done, or tried, all that it was asked for.
const ENDED_CODES: [i64; 3] = [0, 1, 3];

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

/// Returns whether a container that ended with an exit code has done, or tried, all that it was asked for.
/// One that was interrupted has not.
pub(crate) fn has_tried_all(exit_code: impl Into<i64>) -> bool {
    ENDED_CODES.contains(&exit_code.into())
}

/// Returns which of the URIs of an event are in none of the tasks that a function answers with.
pub(crate) fn not_started(answer: &Value, uris: &[ProcessingUri]) -> Vec<usize> {
    let tasks = answer["Tasks"].as_array().into_iter().flatten();
    let of_tasks = tasks
        .filter(|task| has_begun(task))
        .filter_map(|task| task["URIs"].as_array())
        .flatten();
    let started = counts(of_tasks.filter_map(Value::as_str));
    // The function may strip folders, whatever was stripped here.
    let stripped = |uri: &ProcessingUri| uri.clone().without_folders().ok();
    let forms = [
        uris.iter().map(ProcessingUri::to_redacted_string).collect(),
        (uris.iter())
            .map(|uri| stripped(uri).map_or_else(String::new, |uri| uri.to_redacted_string()))
            .collect::<Vec<_>>(),
    ];
    let asked = forms
        .each_ref()
        .map(|form| counts(form.iter().map(String::as_str)));
    // Those that differ in their secrets alone look the same: all of them are started, or some may not be.
    let is_started = |index: usize| {
        forms.iter().zip(&asked).any(|(form, asked)| {
            let text = &form[index][..];
            started.get(text).copied().unwrap_or(0) >= asked[text]
        })
    };
    (0..uris.len())
        .filter(|index| !is_started(*index))
        .collect()
}

/// Returns whether a task of an answer runs, or has ended by itself.
fn has_begun(task: &Value) -> bool {
    task["State"] != "STOPPED" || task["ExitCode"].as_i64().is_some_and(has_tried_all)
}

fn counts<'a>(texts: impl Iterator<Item = &'a str>) -> HashMap<&'a str, usize> {
    let mut counts = HashMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}
