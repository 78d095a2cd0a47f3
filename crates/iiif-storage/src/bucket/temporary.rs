//! Objects that are larger than what is held in memory.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt as _};

use super::blocking::spawn;
use crate::Result;
use crate::error::Context;

/// Received bytes are written when there are so many, or more.
const BLOCK_BYTES: usize = 1 << 20;

/// Writes an object that has `size_bytes` into a file without a name, in the system's folder for
/// temporary files.
pub(super) async fn receive(
    mut body: BoxStream<'_, object_store::Result<Bytes>>,
    size_bytes: u64,
    context: Context<'_>,
) -> Result<File> {
    let failed = |source| context.failed(TemporaryFileError { source });
    let mut file = spawn(tempfile::tempfile).await.map_err(failed)?;
    let (mut block, mut block_bytes, mut received) = (Vec::new(), 0, 0);
    loop {
        let part = body.next().await.transpose();
        let part = part.map_err(|error| context.store(error))?;
        let is_end = part.is_none();
        if let Some(part) = part {
            received += part.len() as u64;
            block_bytes += part.len();
            block.push(part);
        }
        // More than was announced is not written.
        if received > size_bytes || (is_end && received < size_bytes) {
            // As where it is read into memory: proxies and servers that fail cut bodies off.
            return Err(context.unavailable(OtherSizeError {
                received,
                size_bytes,
            }));
        }
        if is_end || block_bytes >= BLOCK_BYTES {
            let parts = std::mem::take(&mut block);
            block_bytes = 0;
            file = spawn(move || write(file, &parts)).await.map_err(failed)?;
        }
        if is_end {
            break;
        }
    }
    spawn(move || file.rewind().map(|()| file))
        .await
        .map_err(failed)
}

fn write(mut file: File, parts: &[Bytes]) -> io::Result<File> {
    parts.iter().try_for_each(|part| file.write_all(part))?;
    Ok(file)
}

/// The disk for temporary files failed or is full.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot keep it in a temporary file in `{}`",
    std::env::temp_dir().display()
)]
struct TemporaryFileError {
    source: io::Error,
}

/// The body is not what was announced.
#[derive(Debug, thiserror::Error)]
#[error("received {received} bytes of an object of {size_bytes}")]
struct OtherSizeError {
    received: u64,
    size_bytes: u64,
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use futures::stream;

    use super::*;
    use crate::{ErrorKind, Operation};

    const CONTEXT: Context<'_> = Context {
        operation: Operation::Read,
        key: "a.tif",
        bucket: "s3://maps",
    };

    async fn receive_parts(parts: &[&'static str], size_bytes: u64) -> Result<String> {
        let parts: Vec<_> = parts
            .iter()
            .map(|part| Ok(Bytes::from_static(part.as_bytes())))
            .collect();
        let mut file = receive(stream::iter(parts).boxed(), size_bytes, CONTEXT).await?;
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[tokio::test]
    async fn parts_follow_each_other_in_the_file() {
        let parts = ["0123", "", "45678", "9"];
        assert_eq!(receive_parts(&parts, 10).await.unwrap(), "0123456789");
        assert_eq!(receive_parts(&[], 0).await.unwrap(), "");
    }

    #[tokio::test]
    async fn another_size_than_was_announced_is_refused() {
        for (size_bytes, expected) in [
            (11, "received 10 bytes of an object of 11"),
            (9, "received 10 bytes of an object of 9"),
            (3, "received 4 bytes of an object of 3"),
        ] {
            let error = receive_parts(&["0123", "456789"], size_bytes).await;
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            let cause = std::error::Error::source(&error).unwrap();
            assert_eq!(cause.to_string(), expected);
        }
    }
}
