//! One baseline file from bands of rows that are encoded in parallel.
//!
//! Every band is encoded as a file of its own, with the same tables. The entropy-coded data of all
//! is joined by restart markers to one scan, which decodes to the pixels of a file encoded at once:
//!
//! - A restart interval is a number of whole MCUs, here those of one band, and is declared by a DRI
//!   segment (ITU-T T.81 §B.2.4.4). The last one may be shorter (§B.2.1, §E.1.4).
//! - Predictions of DC coefficients start from zero in every interval (§F.1.1.5.1), as they do in
//!   every file.
//! - The data of an interval ends on a whole byte, filled up with ones, before a marker (§B.1.1.5),
//!   as that of a file does before the end-of-image marker.
//! - RST0 to RST7 stand between intervals, in turn (§B.1.1.3, §B.2.1).
//!
//! Bands are cut by the dimensions alone, so the bytes are the same at any number of threads.

use rayon::prelude::*;

use super::Rows;
use crate::error::BoxError;
use crate::jpeg_file::marker::{DRI, EOI, PREFIX, RST0, SOF0_BASELINE, SOS};
use crate::{ChromaSampling, EncodeOptions};

/// Rows of a band: a multiple of the rows of every MCU. A photo of 15 megapixels has about 15 bands,
/// enough to keep some cores busy to the end, and a band is work enough to outweigh its header.
const BAND_ROWS: u16 = 192;

/// The rows of the highest MCU, that of 4:2:0.
const MCU_ROWS: u16 = 16;

/// Ends a file.
const END: [u8; 2] = [PREFIX, EOI];

/// Writes a whole file with `encode_file`, which must not choose tables by what it sees.
pub(super) fn encode(
    rows: Rows<'_>,
    options: &EncodeOptions,
    encode_file: impl Fn(Rows<'_>, &EncodeOptions) -> Result<Vec<u8>, BoxError> + Sync,
) -> Result<Vec<u8>, BoxError> {
    let bands = Bands::of(rows, options.jpeg_sampling);
    if rows.height <= bands.rows {
        return encode_file(rows, options);
    }
    let row_bytes = usize::from(rows.width) * rows.channels;
    let scans = rows
        .samples
        .par_chunks(row_bytes * usize::from(bands.rows))
        .with_max_len(1)
        .enumerate()
        .map(|(index, samples)| {
            let band = Rows {
                samples,
                height: (samples.len() / row_bytes) as u16,
                ..rows
            };
            let mut file = encode_file(band, options)?;
            let parts = Parts::of(&file).ok_or(UnlikelyFile)?;
            if index == 0 {
                return Ok(parts.header_of_all(rows.height, bands.interval));
            }
            let scan_at = parts.tables.len() + parts.scan_header.len();
            file.truncate(file.len() - END.len());
            file.drain(..scan_at);
            Ok(file)
        })
        .collect::<Result<Vec<_>, BoxError>>()?;
    Ok(joined(scans))
}

/// How rows are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bands {
    /// Rows of all but the last band.
    rows: u16,
    /// The MCUs of all but the last band.
    interval: u16,
}

impl Bands {
    /// Cuts bands lower where a restart interval, which has 16 bits, could not count their MCUs.
    fn of(rows: Rows<'_>, sampling: ChromaSampling) -> Self {
        // The MCU of a single component is one block, whatever its sampling: ITU-T T.81 §A.2.2.
        let (mcu_width, mcu_height) = match (rows.channels, sampling) {
            (1, _) | (_, ChromaSampling::Full) => (8, 8),
            (_, ChromaSampling::Horizontal) => (16, 8),
            (_, ChromaSampling::Quarter) => (16, MCU_ROWS),
        };
        // At most 8192, so that seven MCUs of eight rows, and so 48 rows, always fit.
        let across = rows.width.div_ceil(mcu_width).max(1);
        let countable = (u16::MAX / across).saturating_mul(mcu_height);
        let height = BAND_ROWS.min(countable / MCU_ROWS * MCU_ROWS);
        Self {
            rows: height,
            interval: across * (height / mcu_height),
        }
    }
}

/// The parts of a file with one scan.
#[derive(Clone, Copy, Debug)]
struct Parts<'a> {
    /// From the start up to the start-of-scan segment.
    tables: &'a [u8],
    /// Where the height stands in them.
    height_at: usize,
    /// The start-of-scan segment.
    scan_header: &'a [u8],
    /// The entropy-coded data.
    scan: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        let mut position = 2;
        let mut height_at = None;
        loop {
            let [PREFIX, marker, high, low] = *file.get(position..)?.first_chunk()? else {
                return None;
            };
            let end = position + 2 + usize::from(u16::from_be_bytes([high, low]));
            match marker {
                // After the marker, the length and the precision: ITU-T T.81 §B.2.2.
                SOF0_BASELINE => height_at = Some(position + 5),
                SOS => {
                    return Some(Self {
                        tables: &file[..position],
                        height_at: height_at?,
                        scan_header: file.get(position..end)?,
                        scan: file.get(end..)?.strip_suffix(&END)?,
                    });
                }
                _ => {}
            }
            position = end;
        }
    }

    /// Returns the file up to its end-of-image marker, as the start of one that has `height` rows
    /// and restarts.
    fn header_of_all(&self, height: u16, interval: u16) -> Vec<u8> {
        const DRI_BYTES: [u8; 2] = [0, 4];
        let [high, low] = interval.to_be_bytes();
        let restarts = [&[PREFIX, DRI], &DRI_BYTES[..], &[high, low]].concat();
        let mut start = [self.tables, &restarts, self.scan_header, self.scan].concat();
        start[self.height_at..][..2].copy_from_slice(&height.to_be_bytes());
        start
    }
}

/// Joins the header with the first data, and the data that follows.
fn joined(scans: Vec<Vec<u8>>) -> Vec<u8> {
    let length: usize = scans.iter().map(|scan| scan.len() + END.len()).sum();
    let mut file = Vec::with_capacity(length);
    for (index, scan) in scans.into_iter().enumerate() {
        if index > 0 {
            file.extend([PREFIX, RST0 + ((index - 1) % 8) as u8]);
        }
        file.extend(scan);
    }
    file.extend(END);
    file
}

/// An encoder wrote something else than a baseline file of one scan.
#[derive(Debug, thiserror::Error)]
#[error("the encoder did not write a baseline file of one scan")]
struct UnlikelyFile;

#[cfg(test)]
mod tests;
