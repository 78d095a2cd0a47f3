//! `slow-s3 MILLISECONDS FOLDER`: an S3 server whose answers are late, for measurements.
//!
//! It prints the URIs of two buckets, one with the files of the folder and one that is empty, and
//! serves them until stdin ends.

use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::time::Duration;

use iiif_testkit::s3::S3Server;

/// The bucket with the files of the folder.
const SOURCES: &str = "sources";

/// The bucket for what is made of them.
const MADE: &str = "made";

#[tokio::main]
async fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [milliseconds, folder] = arguments.as_slice() else {
        return Err(io::Error::other("expected milliseconds and a folder"));
    };
    let delay = Duration::from_millis(milliseconds.parse().map_err(io::Error::other)?);
    let server = S3Server::start_with_delay(delay).await?;
    for bucket in [SOURCES, MADE] {
        server.create_bucket(bucket)?;
    }
    copy_files(Path::new(folder), &server.folder(SOURCES))?;
    let mut stdout = io::stdout();
    for bucket in [SOURCES, MADE] {
        writeln!(stdout, "{}", server.bucket_uri(bucket))?;
    }
    stdout.flush()?;
    tokio::task::spawn_blocking(|| io::stdin().lock().skip_until(b'\0'))
        .await
        .map_err(io::Error::other)??;
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
