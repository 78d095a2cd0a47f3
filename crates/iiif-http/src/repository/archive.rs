//! Several images as one zip, made while it is sent.

use std::io;
use std::mem;

use async_zip::base::write::ZipFileWriter;
use async_zip::{Compression, ZipDateTimeBuilder, ZipEntryBuilder};
use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt as _};

use crate::Problem;

/// What a file of the archive is called, and what is in it, or why it is not there.
pub(super) type Entry = (String, Result<Bytes, Problem>);

/// The file that tells which images are missing, and why.
const ERRORS_NAME: &str = "errors.txt";

/// Files that everybody may read.
const FILE_MODE: u16 = 0o644;

/// What is made and what is left to do.
struct Archive {
    entries: BoxStream<'static, Entry>,
    writer: ZipFileWriter<Vec<u8>>,
    errors: String,
}

/// Where the archive is.
enum Step {
    Entries(Box<Archive>),
    Sent,
}

/// Returns an archive of `entries` as a body. Images are compressed already, so they are stored as
/// they are; one is in memory at a time, besides what `entries` makes ahead. What cannot be made is
/// told in `errors.txt`: the status was sent long before.
pub(super) fn body(entries: BoxStream<'static, Entry>) -> Body {
    let archive = Archive {
        entries,
        writer: ZipFileWriter::new(Vec::new()),
        errors: String::new(),
    };
    let blocks = stream::try_unfold(Step::Entries(Box::new(archive)), next);
    Body::from_stream(blocks)
}

async fn next(step: Step) -> io::Result<Option<(Bytes, Step)>> {
    let Step::Entries(mut archive) = step else {
        return Ok(None);
    };
    match archive.entries.next().await {
        Some((name, Ok(bytes))) => archive.add(name, &bytes).await?,
        Some((name, Err(problem))) => archive.tell(&name, &problem),
        None => {
            let rest = archive.finish().await?;
            return Ok(Some((rest, Step::Sent)));
        }
    }
    let block = mem::take(archive.writer.inner_mut());
    Ok(Some((block.into(), Step::Entries(archive))))
}

impl Archive {
    async fn add(&mut self, name: String, bytes: &[u8]) -> io::Result<()> {
        // Always the same date, the first that the format knows: what was asked for twice is the same.
        let date = ZipDateTimeBuilder::new().year(1980).month(1).day(1);
        let entry = ZipEntryBuilder::new(name.into(), Compression::Stored)
            .last_modification_date(date.build())
            .unix_permissions(FILE_MODE);
        let written = self.writer.write_entry_whole(entry, bytes).await;
        written.map_err(io::Error::other)
    }

    fn tell(&mut self, name: &str, problem: &Problem) {
        self.errors.push_str(name);
        self.errors.push_str(": ");
        self.errors.push_str(problem.text());
        self.errors.push('\n');
    }

    async fn finish(mut self: Box<Self>) -> io::Result<Bytes> {
        if !self.errors.is_empty() {
            let errors = mem::take(&mut self.errors);
            self.add(ERRORS_NAME.to_owned(), errors.as_bytes()).await?;
        }
        let rest = self.writer.close().await.map_err(io::Error::other)?;
        Ok(rest.into())
    }
}
