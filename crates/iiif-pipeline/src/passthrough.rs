//! The source's own compressed data, or a tile of it, as a derivative, without its metadata.
//!
//! What identifies people and places goes: EXIF, XMP, IPTC, comments, thumbnails, texts, anything
//! unknown, and whatever follows the end of the image. What pixels look like stays: their data and
//! the ICC profile. Nothing is decoded; the file's structure is checked up to its end marker, so a
//! file that was cut off is not passed on. The compressed samples between the markers are not
//! looked at.

mod jpeg;
mod png;
#[cfg(feature = "tiff")]
mod stream;
#[cfg(feature = "tiff")]
mod tile;

use bytes::Bytes;
use iiif_image_api::extension::ExtendedQuality;
use iiif_image_api::{Format, Orientation, Quality, RenderPlan};

#[cfg(feature = "tiff")]
use crate::Error;
use crate::{
    ColorModel, Derivative, EncodeOptions, Passthrough, Result, SourceFormat, SourceImage,
};

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

/// Returns the source's own data without metadata, if the plan leaves every pixel as it is, or is one
/// tile of a TIFF, and the data is fit to be shown. What has to be read as a whole is left alone if it is
/// larger than `whole_limit_bytes`.
///
/// A stored orientation that the plan does not apply is kept as the only metadata: viewers go on
/// turning the image as they turn the source.
///
/// What is damaged is decoded, which says what is wrong. What could not be read is an error: read a moment
/// later it would be decoded, to other bytes.
pub(crate) fn derivative(
    source: &SourceImage,
    plan: &RenderPlan,
    options: &EncodeOptions,
    whole_limit_bytes: u64,
) -> Result<Option<Stripped>> {
    let geometry = source.geometry();
    let keeps_colors = matches!(
        plan.quality(),
        ExtendedQuality::Spec(Quality::Default | Quality::Color)
    );
    let is_asked = options.passthrough == Passthrough::Allowed && keeps_colors;
    // Many viewers show inks with wrong colors.
    if !is_asked || source.color_model() == ColorModel::Cmyk {
        return Ok(None);
    }
    #[cfg(feature = "tiff")]
    if source.format() == SourceFormat::Tiff {
        return match tile::file(source.data(), source.header(), plan) {
            Err(error @ Error::Read { .. }) => Err(error),
            found => Ok(found.ok().flatten()),
        };
    }
    let is_whole = plan.keeps_geometry() && plan.full() == geometry.stored;
    if !is_whole || source.len_bytes() > whole_limit_bytes {
        return Ok(None);
    }
    Ok(match (source.format(), plan.format()) {
        (SourceFormat::Jpeg, Format::Jpg) => {
            jpeg::strip(&source.compressed()?, geometry.orientation)
        }
        (SourceFormat::Png, Format::Png) => png::strip(&source.compressed()?, geometry.orientation),
        _ => None,
    })
}

impl SourceImage {
    /// Returns the derivative of a plan that the source's own compressed data serves, without metadata,
    /// and with nothing decoded; nothing if there is none, or
    /// [`EncodeOptions::passthrough`] forbids it.
    ///
    /// That is a JPEG or PNG of which the plan changes nothing; and a tile of a TIFF, where tiles are
    /// JPEG streams of gray, `YCbCr` or RGB in sRGB and the plan is exactly one of them, at the scale of one
    /// of the [levels](Self::levels). Of a tile, only its bytes are read; where they are is read with the
    /// first tile of a level, and kept.
    ///
    /// Plans that this returns a derivative for are not to be rendered: whether it does depends on the
    /// source, the plan and the options alone.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](crate::Error::InvalidOption) and [`Read`](crate::Error::Read). Data that is damaged is
    /// not passed on: decoding it tells what is wrong.
    pub fn passthrough(
        &self,
        plan: &RenderPlan,
        options: &EncodeOptions,
    ) -> Result<Option<Derivative>> {
        options.validate()?;
        let file = derivative(self, plan, options, u64::MAX)?;
        Ok(file.map(|file| Derivative::of_plan(plan, file.to_bytes())))
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
