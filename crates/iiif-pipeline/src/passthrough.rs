//! The source's own compressed data as a derivative, without its metadata.
//!
//! What identifies people and places goes: EXIF, XMP, IPTC, comments, thumbnails, texts, anything
//! unknown, and whatever follows the end of the image. What pixels look like stays: their data and
//! the ICC profile. Nothing is decoded; the file's structure is checked up to its end marker, so a
//! file that was cut off is not passed on. The compressed samples between the markers are not
//! looked at.

mod jpeg;
mod png;

use bytes::Bytes;
use iiif_image_api::extension::ExtendedQuality;
use iiif_image_api::{Format, Orientation, Quality, RenderPlan};

use crate::{ColorModel, EncodeOptions, Passthrough, SourceFormat, SourceImage};

/// A TIFF structure, little endian, whose only entry is tag 274 as one short (EXIF 2.32 §4.6.4).
/// The value stands at [`ORIENTATION_VALUE`].
const ORIENTATION_EXIF: [u8; 26] = [
    b'I', b'I', 42, 0, 8, 0, 0, 0, // header; the directory is at 8
    1, 0, // one entry
    0x12, 0x01, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, // 274, short, 1 value
    0, 0, 0, 0, // no further directory
];

/// Where the value stands in [`ORIENTATION_EXIF`].
const ORIENTATION_VALUE: usize = 18;

/// A file that is put together from what is left of its header and all that follows.
#[derive(Clone, Debug)]
pub(crate) struct Stripped {
    head: Vec<u8>,
    rest: Bytes,
}

impl Stripped {
    /// Returns the bytes of the file.
    pub(crate) fn len_bytes(&self) -> u64 {
        (self.head.len() + self.rest.len()) as u64
    }

    /// Returns the file.
    pub(crate) fn to_bytes(&self) -> Bytes {
        if self.head.is_empty() {
            return self.rest.clone();
        }
        [&self.head, &self.rest[..]].concat().into()
    }
}

/// Returns the source's own data without metadata, if the plan leaves every pixel as it is and the
/// data is fit to be shown.
///
/// A stored orientation that the plan does not apply is kept as the only metadata: viewers go on
/// turning the image as they turn the source.
pub(crate) fn derivative(
    source: &SourceImage,
    plan: &RenderPlan,
    options: &EncodeOptions,
) -> Option<Stripped> {
    let geometry = source.geometry();
    let keeps_colors = matches!(
        plan.quality(),
        ExtendedQuality::Spec(Quality::Default | Quality::Color)
    );
    let is_asked = options.passthrough == Passthrough::Allowed
        && plan.keeps_geometry()
        && plan.full() == geometry.stored
        && keeps_colors;
    // Many viewers show inks with wrong colors.
    if !is_asked || source.color_model() == ColorModel::Cmyk {
        return None;
    }
    // What cannot be read is decoded, which says why it cannot.
    match (source.format(), plan.format()) {
        (SourceFormat::Jpeg, Format::Jpg) => {
            jpeg::strip(&source.compressed().ok()?, geometry.orientation)
        }
        (SourceFormat::Png, Format::Png) => {
            png::strip(&source.compressed().ok()?, geometry.orientation)
        }
        _ => None,
    }
}

/// Returns EXIF that says nothing but the orientation; nothing if that is upright.
fn orientation_exif(orientation: Orientation) -> Option<[u8; ORIENTATION_EXIF.len()]> {
    if orientation == Orientation::TopLeft {
        return None;
    }
    let mut exif = ORIENTATION_EXIF;
    exif[ORIENTATION_VALUE] = orientation.to_exif();
    Some(exif)
}
