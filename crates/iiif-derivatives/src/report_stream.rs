//! The reports of a run as one line of JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use iiif_config::{ProcessingUri, report_keys};

use crate::ProcessReport;

/// Writes the reports of a run as one object on one line, under their [`report_keys`], in the order of
/// the URIs, each as soon as those before it are there.
///
/// A reader that went away is not an error.
#[derive(Debug)]
pub struct ReportStream<W> {
    writer: W,
    keys: Vec<String>,
    waiting: BTreeMap<usize, ProcessReport>,
    next: usize,
    written: usize,
    failed: Option<io::Error>,
}

impl<W: Write> ReportStream<W> {
    /// Starts the line for a run over `uris`.
    pub fn new(writer: W, uris: &[ProcessingUri]) -> Self {
        Self {
            writer,
            keys: report_keys(uris),
            waiting: BTreeMap::new(),
            next: 0,
            written: 0,
            failed: None,
        }
    }

    /// Adds the report of the URI at `index`.
    pub fn push(&mut self, index: usize, report: ProcessReport) {
        self.waiting.insert(index, report);
        while let Some(report) = self.waiting.remove(&self.next) {
            self.write(self.next, &report);
            self.next += 1;
        }
    }

    /// Ends the line. Reports that still wait for one before them are written too.
    ///
    /// # Errors
    ///
    /// The first error of the writer.
    pub fn finish(mut self) -> io::Result<()> {
        for (index, report) in std::mem::take(&mut self.waiting) {
            self.write(index, &report);
        }
        let ending = if self.written == 0 { "{}\n" } else { "}\n" };
        let ended = match self.failed.take() {
            Some(error) => Err(error),
            None => self
                .writer
                .write_all(ending.as_bytes())
                .and_then(|()| self.writer.flush()),
        };
        match ended {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            ended => ended,
        }
    }

    fn write(&mut self, index: usize, report: &ProcessReport) {
        if self.failed.is_some() {
            return;
        }
        let opening = if self.written == 0 { "{" } else { "," };
        self.written += 1;
        if let Err(error) = self.write_entry(opening, index, report) {
            self.failed = Some(error);
        }
    }

    fn write_entry(
        &mut self,
        opening: &str,
        index: usize,
        report: &ProcessReport,
    ) -> io::Result<()> {
        let key = self.keys.get(index).map_or("", String::as_str);
        self.writer.write_all(opening.as_bytes())?;
        serde_json::to_writer(&mut self.writer, key)?;
        self.writer.write_all(b":")?;
        serde_json::to_writer(&mut self.writer, report)?;
        self.writer.flush()
    }
}
