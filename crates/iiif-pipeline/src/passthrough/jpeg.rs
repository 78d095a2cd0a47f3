//! JPEG segments (ITU-T T.81 annex B).

use std::ops::RangeInclusive;

use bytes::Bytes;
use iiif_image_api::Orientation;
use img_parts::jpeg::{Jpeg, JpegSegment};

use super::Stripped;
use crate::jpeg_file::{ADOBE, EXIF, ICC, JFIF, is_frame, marker, scans};

/// Baseline, extended and progressive frames with Huffman codes: what every viewer shows.
const COMMON_FRAMES: RangeInclusive<u8> = marker::SOF0_BASELINE..=marker::SOF2_PROGRESSIVE;

/// Bits per sample that every viewer shows.
pub(super) const COMMON_PRECISION: u8 = 8;

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
