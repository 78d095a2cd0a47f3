//! The segments of a JPEG file up to its first scan.

#[cfg(feature = "turbojpeg")]
pub(super) mod plain;

use super::FORMAT;
use crate::decode::{corrupt, unsupported};
use crate::jpeg_file::{self, marker, scans};
use crate::{Resolution, Result};

/// The value of the transform in an Adobe segment for `YCbCr`.
pub(super) const ADOBE_YCBCR: u8 = 1;

/// How the samples code colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Gray,
    YCbCr,
    /// The components are called `R`, `G` and `B`.
    RgbByName,
    /// An Adobe segment says that nothing was transformed. Where that byte is in the file.
    RgbByAdobe(usize),
    Cmyk,
    Ycck,
}

/// An Adobe segment: Adobe Technical Note 5116 §18.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adobe {
    /// 0 none, 1 `YCbCr`, 2 YCCK.
    transform: u8,
    /// Where in the file that is.
    offset: usize,
}

#[derive(Clone, Copy, Debug)]
struct Component {
    id: u8,
    horizontal: u8,
    vertical: u8,
}

/// What stands before the first scan.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) adobe: Option<Adobe>,
    pub(super) exif: Option<&'a [u8]>,
    /// The major version of a JFIF segment.
    jfif_major: Option<u8>,
    resolution: Option<Resolution>,
    is_progressive: bool,
    components: Vec<Component>,
    /// Number, count and bytes.
    icc_parts: Vec<(u8, u8, &'a [u8])>,
    first_scan_components: u8,
    /// Where the entropy-coded data of the first scan starts.
    scan_offset: usize,
}

impl<'a> Frame<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self> {
        let mut frame = Self {
            width: 0,
            height: 0,
            adobe: None,
            exif: None,
            jfif_major: None,
            resolution: None,
            is_progressive: false,
            components: Vec::new(),
            icc_parts: Vec::new(),
            first_scan_components: 0,
            scan_offset: 0,
        };
        let cut_off = || corrupt(FORMAT, HeaderCutOff);
        let mut position = 2;
        loop {
            let (marker, start) = next_marker(bytes, position).ok_or_else(cut_off)?;
            if is_standalone(marker) {
                position = start;
                continue;
            }
            let segment = segment(bytes, start).ok_or_else(cut_off)?;
            position = start + 2 + segment.len();
            match marker {
                marker::SOS => {
                    frame.first_scan_components = segment.first().copied().unwrap_or(0);
                    frame.scan_offset = position;
                    break;
                }
                _ if jpeg_file::is_frame(marker) => frame.read_start(marker, segment)?,
                _ => frame.read_metadata(marker, segment, start + 2),
            }
        }
        if frame.components.is_empty() {
            return Err(corrupt(FORMAT, NoFrame));
        }
        Ok(frame)
    }

    /// Reads a start of frame: ITU-T T.81 §B.2.2.
    fn read_start(&mut self, marker: u8, segment: &[u8]) -> Result<()> {
        if marker > marker::SOF2_PROGRESSIVE {
            return Err(unsupported(FORMAT, process_name(marker)));
        }
        let Some(([precision, h1, h0, w1, w0, count], components)) = segment.split_first_chunk()
        else {
            return Err(corrupt(FORMAT, HeaderCutOff));
        };
        if *precision != 8 {
            return Err(unsupported(FORMAT, format!("{precision}-bit samples")));
        }
        self.is_progressive = marker == marker::SOF2_PROGRESSIVE;
        self.width = u16::from_be_bytes([*w1, *w0]);
        self.height = u16::from_be_bytes([*h1, *h0]);
        if self.height == 0 {
            return Err(unsupported(FORMAT, "its height after the first scan (DNL)"));
        }
        self.components = components
            .as_chunks::<3>()
            .0
            .iter()
            .take(usize::from(*count))
            .map(|[id, factors, _]| Component {
                id: *id,
                horizontal: (factors >> 4).clamp(1, 4),
                vertical: (factors & 15).clamp(1, 4),
            })
            .collect();
        Ok(())
    }

    fn read_metadata(&mut self, marker: u8, segment: &'a [u8], offset: usize) {
        match marker {
            marker::APP0 if segment.len() >= 14 && segment.starts_with(jpeg_file::JFIF) => {
                self.jfif_major = Some(segment[jpeg_file::JFIF.len()]);
                self.resolution = jfif_resolution(segment);
            }
            marker::APP1 if segment.starts_with(jpeg_file::EXIF) => {
                self.exif = self.exif.or(Some(segment));
            }
            marker::APP2 => {
                if let Some([number, count, part @ ..]) = segment.strip_prefix(jpeg_file::ICC) {
                    self.icc_parts.push((*number, *count, part));
                }
            }
            marker::APP14 => {
                // "Adobe", version, two words of flags, transform.
                if let (true, Some(transform)) =
                    (segment.starts_with(jpeg_file::ADOBE), segment.get(11))
                {
                    self.adobe = Some(Adobe {
                        transform: *transform,
                        offset: offset + 11,
                    });
                }
            }
            _ => {}
        }
    }

    /// Returns how colors are coded, by the rules that libjpeg set.
    pub(super) fn coding(&self) -> Result<Coding> {
        match (self.components.as_slice(), self.adobe) {
            ([_], _) => Ok(Coding::Gray),
            ([_, _, _], _) if self.is_named_rgb() => Ok(Coding::RgbByName),
            ([_, _, _], Some(adobe)) if adobe.transform == 0 => {
                Ok(Coding::RgbByAdobe(adobe.offset))
            }
            ([_, _, _], _) => Ok(Coding::YCbCr),
            ([_, _, _, _], Some(adobe)) if adobe.transform == 2 => Ok(Coding::Ycck),
            // The decoder mixes up the rows of inks that differ in their sampling.
            ([first, rest @ ..], _) if rest.len() == 3 => {
                let same = |other: &Component| {
                    (other.horizontal, other.vertical) == (first.horizontal, first.vertical)
                };
                if rest.iter().all(same) {
                    Ok(Coding::Cmyk)
                } else {
                    Err(unsupported(FORMAT, "subsampled inks"))
                }
            }
            (components, _) => {
                let feature = format!("{} components", components.len());
                Err(unsupported(FORMAT, feature))
            }
        }
    }

    fn is_named_rgb(&self) -> bool {
        self.components
            .iter()
            .map(|component| component.id)
            .eq(*b"RGB")
    }

    /// Returns the resolution that a JFIF segment states.
    pub(super) fn resolution(&self) -> Option<Resolution> {
        self.resolution
    }

    /// Returns the number of components.
    #[cfg(all(feature = "tiff", feature = "turbojpeg"))]
    pub(super) fn channels(&self) -> usize {
        self.components.len()
    }

    /// Returns the profile, if all its parts are there.
    pub(super) fn icc_profile(&self) -> Option<Vec<u8>> {
        let count = self.icc_parts.first()?.1;
        let mut parts = self.icc_parts.clone();
        parts.sort_by_key(|(number, _, _)| *number);
        let is_complete = parts.len() == usize::from(count)
            && (1..=count)
                .zip(&parts)
                .all(|(number, part)| (part.0, part.1) == (number, count));
        is_complete.then(|| {
            parts
                .iter()
                .flat_map(|(_, _, part)| *part)
                .copied()
                .collect()
        })
    }

    /// Returns how many bytes the scans take at least.
    ///
    /// A code has at least one bit (ITU-T T.81 §C). Every block of a sequential image has two
    /// codes, the DC difference and an end of block; of a progressive image one, since whole scans
    /// of AC coefficients may be missing.
    pub(super) fn least_bytes(&self) -> u64 {
        let bits = if self.is_progressive { 1 } else { 2 };
        self.blocks() * bits / 8
    }

    /// Returns the bytes that the decoder holds besides the raster.
    pub(super) fn scratch_bytes(&self) -> u64 {
        /// A block has 64 coefficients of two bytes.
        const BLOCK_BYTES: u64 = 128;
        /// Rows of all components, before and after upsampling, are far below this per column.
        const ROW_BYTES: u64 = 512;
        let coefficients = if self.is_progressive || self.has_several_scans() {
            self.blocks() * BLOCK_BYTES
        } else {
            0
        };
        coefficients + u64::from(self.width) * ROW_BYTES
    }

    /// Returns how many pixels a sample of each component stands for, in width and height.
    #[cfg(feature = "turbojpeg")]
    pub(super) fn subsampling(&self) -> impl Iterator<Item = (u32, u32)> {
        let (max_horizontal, max_vertical) = self.max_factors();
        self.components.iter().map(move |component| {
            let horizontal = max_horizontal.div_ceil(component.horizontal);
            let vertical = max_vertical.div_ceil(component.vertical);
            (horizontal.into(), vertical.into())
        })
    }

    /// Returns whether the image is sequential, with components in scans of their own (ITU-T T.81
    /// §A.2.2) that differ in their sampling.
    pub(super) fn has_subsampling_apart(&self) -> bool {
        let factors = |component: &Component| (component.horizontal, component.vertical);
        let mut all = self.components.iter().map(factors);
        let first = all.next();
        !self.is_progressive && self.has_several_scans() && all.any(|other| Some(other) != first)
    }

    fn has_several_scans(&self) -> bool {
        usize::from(self.first_scan_components) < self.components.len()
    }

    /// Returns the number of 8x8 blocks: ITU-T T.81 §A.1.1 and §A.2.
    fn blocks(&self) -> u64 {
        let side = |length: u16, factor: u8, max_factor: u8| {
            (u64::from(length) * u64::from(factor)).div_ceil(8 * u64::from(max_factor))
        };
        let (max_horizontal, max_vertical) = self.max_factors();
        self.components
            .iter()
            .map(|component| {
                side(self.width, component.horizontal, max_horizontal)
                    * side(self.height, component.vertical, max_vertical)
            })
            .sum()
    }

    fn max_factors(&self) -> (u8, u8) {
        let max = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max();
        (
            max(|component| component.horizontal).unwrap_or(1),
            max(|component| component.vertical).unwrap_or(1),
        )
    }

    /// Returns whether an end-of-image marker follows the scans.
    pub(super) fn is_complete(&self, bytes: &[u8]) -> bool {
        let mut markers = scans::markers(bytes, self.scan_offset);
        markers.any(|(marker, _)| marker == marker::EOI)
    }
}

/// Returns the resolution in a JFIF segment: the unit and two numbers behind the version (JFIF 1.02, page
/// 5). Without a unit they are the shape of a pixel.
fn jfif_resolution(segment: &[u8]) -> Option<Resolution> {
    let [unit, x1, x0, y1, y0] = *segment.get(jpeg_file::JFIF.len() + 2..)?.first_chunk()?;
    let x = u16::from_be_bytes([x1, x0]).into();
    let y = u16::from_be_bytes([y1, y0]).into();
    match unit {
        1 => Resolution::per_inch(x, y),
        2 => Resolution::per_cm(x, y),
        _ => None,
    }
}

/// Returns the next marker and where it ends. Bytes before it, and fill bytes, are skipped.
fn next_marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let start = from + memchr::memchr(marker::PREFIX, bytes.get(from..)?)?;
    let fill = bytes[start..]
        .iter()
        .position(|byte| *byte != marker::PREFIX)?;
    Some((bytes[start + fill], start + fill + 1))
}

fn is_standalone(marker: u8) -> bool {
    matches!(
        marker,
        marker::STUFFING | marker::TEM | marker::RST0..=marker::RST7
    )
}

/// Returns the content of the segment whose length is at `start`.
fn segment(bytes: &[u8], start: usize) -> Option<&[u8]> {
    let (length, rest) = bytes.get(start..)?.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)).checked_sub(2)?)
}

/// Names a coding process: ITU-T T.81 table B.1.
fn process_name(marker: u8) -> &'static str {
    match marker {
        marker::SOF3_LOSSLESS => "lossless coding",
        marker::SOF5_HIERARCHICAL..=marker::SOF7_HIERARCHICAL => "hierarchical coding",
        _ => "arithmetic coding",
    }
}

/// The file ends within its header.
#[derive(Debug, thiserror::Error)]
#[error("the file is cut off before its first scan")]
struct HeaderCutOff;

/// There is no frame.
#[derive(Debug, thiserror::Error)]
#[error("the picture data starts without a start-of-frame segment")]
struct NoFrame;
