//! Rows of an image that is not interlaced, from the top to the bottom.

use std::io;

use png::{Decoder, DecodingError, Limits, Reader, Transformations};

use super::{FORMAT, MissingRows, corrupt};
use crate::shrink::Averaged;
use crate::source::Stream;
use crate::{Error, Result};

/// Rows of an image that is not interlaced.
pub(super) struct Rows<'a> {
    reader: Reader<Stream<'a>>,
}

impl<'a> Rows<'a> {
    /// The decoder allocates at most `max_bytes`.
    pub(super) fn new(stream: Stream<'a>, max_bytes: u64) -> Result<Self> {
        let bytes = usize::try_from(max_bytes).unwrap_or(usize::MAX);
        let mut decoder = Decoder::new_with_limits(stream, Limits { bytes });
        decoder.set_transformations(Transformations::EXPAND);
        decoder.set_ignore_text_chunk(true);
        // It was read with the header.
        decoder.set_ignore_iccp_chunk(true);
        let reader = decoder.read_info().map_err(from_png_error)?;
        Ok(Self { reader })
    }

    /// Drops a row.
    pub(super) fn skip(&mut self) -> Result<()> {
        self.next().map(drop)
    }

    /// Reads what follows the last row, up to the chunk after the compressed pixels.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.reader.next_row().map(drop).map_err(from_png_error)
    }

    /// Samples of 16 bits have the high byte first.
    fn next(&mut self) -> Result<&[u8]> {
        match self.reader.next_row() {
            Ok(Some(row)) => Ok(row.data()),
            Ok(None) => Err(corrupt(FORMAT, MissingRows)),
            Err(error) => Err(from_png_error(error)),
        }
    }
}

/// Samples that rows are made of.
pub(super) trait RowSample: Averaged {
    /// Reads the next row.
    fn read_row(rows: &mut Rows<'_>, row: &mut [Self]) -> Result<()>;
}

impl RowSample for u8 {
    fn read_row(rows: &mut Rows<'_>, row: &mut [Self]) -> Result<()> {
        match rows.reader.read_row(row) {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(corrupt(FORMAT, MissingRows)),
            Err(error) => Err(from_png_error(error)),
        }
    }
}

impl RowSample for u16 {
    fn read_row(rows: &mut Rows<'_>, row: &mut [Self]) -> Result<()> {
        let samples = rows.next()?.as_chunks::<2>().0;
        for (sample, bytes) in row.iter_mut().zip(samples) {
            *sample = Self::from_be_bytes(*bytes);
        }
        Ok(())
    }
}

fn from_png_error(error: DecodingError) -> Error {
    match error {
        DecodingError::IoError(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
            Error::Read { source }
        }
        error => corrupt(FORMAT, error),
    }
}
