//! JPEG segments (ITU-T T.81 annex B).

use std::ops::RangeInclusive;

use bytes::Bytes;
#[cfg(feature = "tiff")]
use iiif_image_api::Dimensions;
use iiif_image_api::Orientation;
use img_parts::jpeg::{Jpeg, JpegSegment};

use super::Stripped;
use crate::jpeg_file::{ADOBE, EXIF, ICC, JFIF, is_frame, marker, scans};

/// Baseline, extended and progressive frames with Huffman codes: what every viewer shows.
const COMMON_FRAMES: RangeInclusive<u8> = marker::SOF0_BASELINE..=marker::SOF2_PROGRESSIVE;

/// Bits per sample that every viewer shows.
const COMMON_PRECISION: u8 = 8;

/// The bytes of a JFIF segment up to its thumbnail's dimensions (JFIF 1.02, page 5).
const JFIF_HEAD_BYTES: usize = 12;

/// The name, the version, two words of flags, the transform (Adobe TN 5116 §18).
const ADOBE_BYTES: usize = 12;

/// Returns the file without metadata, or nothing if it is cut off or of an uncommon kind.
pub(super) fn strip(bytes: &Bytes, orientation: Orientation) -> Option<Stripped> {
    let jpeg = Jpeg::from_bytes(bytes.clone()).ok()?;
    let segments = jpeg.segments();
    let frame = segments.iter().find(|segment| is_frame(segment.marker()))?;
    let is_common = COMMON_FRAMES.contains(&frame.marker())
        && frame.contents().first() == Some(&COMMON_PRECISION);
    if !is_common {
        return None;
    }
    let scan = segments.iter().find(|segment| segment.has_entropy())?;
    // What follows the header of the first scan is kept in one piece.
    let entropy_bytes = scan.len_with_entropy() - scan.len();
    let start = bytes.len().checked_sub(entropy_bytes)?;
    let end = end_of_image(bytes, start)?;

    let mut head = vec![marker::PREFIX, marker::SOI];
    let mut header: Vec<JpegSegment> = segments.iter().filter_map(kept).collect();
    if let Some(exif) = super::orientation_exif(orientation) {
        // JFIF has to come first where there is any (JFIF 1.02, page 5).
        let is_jfif = |segment: &JpegSegment| segment.marker() == marker::APP0;
        let position = usize::from(header.first().is_some_and(is_jfif));
        let contents = [EXIF, &exif].concat().into();
        let segment = JpegSegment::new_with_contents(marker::APP1, contents);
        header.insert(position, segment);
    }
    for segment in header {
        // A segment that was read is never longer than its own length field can say.
        let length = u16::try_from(segment.contents().len() + 2).ok()?;
        head.extend([marker::PREFIX, segment.marker()]);
        head.extend(length.to_be_bytes());
        head.extend_from_slice(segment.contents());
    }
    Some(Stripped {
        head,
        rest: bytes.slice(start..end),
    })
}

/// Returns the file of a stream inside another file, whose tables may be in a stream of their own:
/// `YCbCr` or gray, as JFIF wants it, without metadata.
///
/// Nothing if it is not a baseline image of `components` in one scan, of exactly `dimensions`, with
/// all its tables; or if it is cut off.
#[cfg(feature = "tiff")]
pub(super) fn complete(
    stream: &Bytes,
    tables: &[u8],
    components: u8,
    dimensions: Dimensions,
) -> Option<Stripped> {
    let mut head = vec![marker::PREFIX, marker::SOI];
    head.extend_from_slice(&JFIF_SEGMENT);
    let mut found = Tables::default();
    let mut frame = None;
    for (code, contents, _) in header_segments(tables).chain(header_segments(stream)) {
        match code {
            marker::DQT => found.add_quantization(contents)?,
            marker::DHT => found.add_huffman(contents)?,
            marker::DRI => {}
            _ if is_frame(code) => {
                let is_new = frame.replace((code, contents)).is_none();
                if !is_new {
                    return None;
                }
            }
            marker::SOS => {}
            _ => continue,
        }
        // A segment that was read is never longer than its own length field can say.
        let length = u16::try_from(contents.len() + 2).ok()?;
        head.extend([marker::PREFIX, code]);
        head.extend(length.to_be_bytes());
        head.extend_from_slice(contents);
    }
    let (_, scan, start) = header_segments(stream).find(|(code, ..)| *code == marker::SOS)?;
    let (code, frame) = frame?;
    let is_complete = (marker::SOF0_BASELINE..marker::SOF2_PROGRESSIVE).contains(&code)
        && is_frame_of(frame, components, dimensions)
        && found.suffice(frame, scan);
    if !is_complete {
        return None;
    }
    let (next, end) = scans::markers(stream, start).next()?;
    (next == marker::EOI).then(|| Stripped {
        head,
        rest: stream.slice(start..end),
    })
}

/// A JFIF segment of square pixels without a unit or a thumbnail: JFIF 1.02, page 5. Readers take what
/// has one for `YCbCr`, or gray.
#[cfg(feature = "tiff")]
const JFIF_SEGMENT: [u8; 18] = *b"\xff\xe0\0\x10JFIF\0\x01\x02\0\0\x01\0\x01\0\0";

/// Returns the segments of a stream up to its first scan: marker, contents, and where they end. Ends
/// early where something else than a segment follows.
#[cfg(feature = "tiff")]
fn header_segments(stream: &[u8]) -> impl Iterator<Item = (u8, &[u8], usize)> {
    let is_stream = stream.starts_with(&[marker::PREFIX, marker::SOI]);
    let mut position = is_stream.then_some(2);
    std::iter::from_fn(move || {
        let start = position?;
        let [prefix, code, high, low] = *stream.get(start..)?.first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let end = start + 2 + length;
        let contents = stream.get(start + 4..end)?;
        let has_segment = prefix == marker::PREFIX && code >= marker::SOF0_BASELINE;
        if !has_segment || matches!(code, marker::RST0..=marker::EOI | marker::PREFIX) {
            return None;
        }
        position = (code != marker::SOS).then_some(end);
        Some((code, contents, end))
    })
}

/// Returns whether a frame header is of 8 bits, the dimensions and the number of components
/// (ITU-T T.81 §B.2.2), and these are not called `R`, `G` and `B`, which some readers take for colors
/// that are not transformed.
#[cfg(feature = "tiff")]
fn is_frame_of(frame: &[u8], components: u8, dimensions: Dimensions) -> bool {
    let Some(([precision, h1, h0, w1, w0, count], specified)) = frame.split_first_chunk() else {
        return false;
    };
    let size = [[*w1, *w0], [*h1, *h0]].map(|side| u32::from(u16::from_be_bytes(side)));
    let is_rgb = specified
        .chunks(3)
        .map(|component| component[0])
        .eq(*b"RGB");
    (*precision, *count) == (COMMON_PRECISION, components)
        && specified.len() == 3 * usize::from(components)
        && size == [dimensions.width(), dimensions.height()]
        && !is_rgb
}

/// Which tables there are, by their destinations, 0 to 3.
#[cfg(feature = "tiff")]
#[derive(Default)]
struct Tables {
    quantization: [bool; 4],
    /// For DC, and for AC coefficients.
    huffman: [[bool; 4]; 2],
}

#[cfg(feature = "tiff")]
impl Tables {
    /// ITU-T T.81 §B.2.4.1.
    fn add_quantization(&mut self, mut contents: &[u8]) -> Option<()> {
        while let Some((kind, rest)) = contents.split_first() {
            let length = if kind >> 4 == 0 { 64 } else { 128 };
            *self.quantization.get_mut(usize::from(kind & 15))? = true;
            contents = rest.get(length..)?;
        }
        Some(())
    }

    /// ITU-T T.81 §B.2.4.2.
    fn add_huffman(&mut self, mut contents: &[u8]) -> Option<()> {
        while let Some((kind, rest)) = contents.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>()?;
            let values: usize = counts.iter().map(|count| usize::from(*count)).sum();
            let class = self.huffman.get_mut(usize::from(kind >> 4))?;
            *class.get_mut(usize::from(kind & 15))? = true;
            contents = rest.get(values..)?;
        }
        Some(())
    }

    /// Returns whether all are there that a scan of all components of a frame uses: ITU-T T.81 §B.2.2
    /// and §B.2.3.
    fn suffice(&self, frame: &[u8], scan: &[u8]) -> bool {
        let has = |tables: &[bool; 4], index: u8| tables.get(usize::from(index)) == Some(&true);
        let Some((count, scanned)) = scan.split_first() else {
            return false;
        };
        let specified = frame.get(6..).unwrap_or_default();
        let scanned = scanned.get(..2 * usize::from(*count)).unwrap_or_default();
        let quantized = specified
            .chunks_exact(3)
            .all(|component| has(&self.quantization, component[2]));
        let coded = scanned.chunks_exact(2).all(|component| {
            has(&self.huffman[0], component[1] >> 4) && has(&self.huffman[1], component[1] & 15)
        });
        quantized && coded && 3 * scanned.len() == 2 * specified.len()
    }
}

/// Returns the segment if it matters for the pixels.
fn kept(segment: &JpegSegment) -> Option<JpegSegment> {
    let contents = segment.contents();
    let kept = || {
        Some(JpegSegment::new_with_contents(
            segment.marker(),
            contents.clone(),
        ))
    };
    match segment.marker() {
        marker::APP0 => {
            let head = contents.get(..JFIF_HEAD_BYTES)?;
            let without_thumbnail = [head, &[0, 0]].concat().into();
            head.starts_with(JFIF)
                .then(|| JpegSegment::new_with_contents(marker::APP0, without_thumbnail))
        }
        marker::APP2 if contents.starts_with(ICC) => kept(),
        // Nothing follows the fields of Adobe's segment (Adobe TN 5116 §18).
        marker::APP14 if contents.starts_with(ADOBE) => {
            let fields = contents.slice(..ADOBE_BYTES.min(contents.len()));
            Some(JpegSegment::new_with_contents(marker::APP14, fields))
        }
        marker::DHT | marker::DQT | marker::DRI | marker::SOS => kept(),
        marker if is_frame(marker) => kept(),
        // Metadata, comments, and what no decoder needs.
        _ => None,
    }
}

/// Returns where the image ends that has its first scan at `start`, its end marker included; nothing if
/// there is no end, or metadata between the scans.
fn end_of_image(bytes: &[u8], start: usize) -> Option<usize> {
    let is_kept = |marker| matches!(marker, marker::DHT | marker::SOS..=marker::DRI);
    scans::markers(bytes, start)
        .find(|(marker, _)| !is_kept(*marker))
        .filter(|(marker, _)| *marker == marker::EOI)
        .map(|(_, end)| end)
}
