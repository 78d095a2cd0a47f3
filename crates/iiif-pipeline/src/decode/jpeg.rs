//! JPEG: baseline and progressive, gray, `YCbCr`, RGB, CMYK and YCCK.
//!
//! Two back ends with the same functions read gray and colors: `zune-jpeg`, or libjpeg-turbo where
//! feature `turbojpeg` is on, which also reduces while it decodes. Inks always take the first.
//!
//! Decoders are strict: where the entropy-coded data makes no sense the lenient ones fill the rest
//! with gray and call it a picture. Extra bytes between segments, which strict ones refuse as well,
//! are rare.

mod frame;
mod pure;
#[cfg(feature = "turbojpeg")]
pub(super) mod turbo;

use bytes::Bytes;
use image::{DynamicImage, GrayImage, RgbImage};
use rayon::prelude::*;

use self::frame::{Coding, Frame};
#[cfg(not(feature = "turbojpeg"))]
use self::pure as back_end;
#[cfg(feature = "turbojpeg")]
use self::turbo as back_end;
use super::{Decoding, Need, corrupt, plausible};
use crate::shrink::Shrink;
use crate::source::{ColorModel, Header, PixelLayout};
use crate::{DecodeLimits, Result, SourceFormat, color, metadata};

const FORMAT: SourceFormat = SourceFormat::Jpeg;

/// The most scans of a progressive image. Encoders make about ten; every further one costs a pass
/// over all coefficients, so a small file could keep a decoder busy for minutes.
const MAX_SCANS: u32 = 64;

pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let frame = Frame::read(bytes)?;
    let dimensions = limits.check_pixels(FORMAT, (frame.width.into(), frame.height.into()))?;
    plausible::check(FORMAT, dimensions, frame.least_bytes(), bytes.len())?;
    let coding = frame.coding()?;
    let layout = match coding {
        Coding::Gray => PixelLayout::LUMA8,
        _ => PixelLayout::RGB8,
    };
    limits.check_raster(FORMAT, dimensions, layout)?;
    let mut header = Header::new(dimensions, layout);
    header.scratch_bytes = match coding {
        Coding::Cmyk | Coding::Ycck => {
            header.color_model = ColorModel::Cmyk;
            // The inks, beside the RGB that is made of them.
            pure::scratch_bytes(bytes, &frame)? + dimensions.area() * 4
        }
        _ => {
            header.reductions = back_end::reductions(&frame);
            back_end::scratch_bytes(bytes, &frame)?
        }
    };
    header.resolution = frame.resolution();
    header.icc_profile = frame.icc_profile();
    if let Some(exif) = frame.exif {
        metadata::read_exif(exif, &mut header);
    }
    Ok(header)
}

/// Chooses how far the image is reduced while it is decoded: as far as the decoder can and the need
/// allows. All of it is read in any case.
pub(super) fn choose(header: &Header, need: Need) -> Decoding {
    let furthest = header
        .reductions
        .iter()
        .rfind(|reduction| need.shrink.reaches(reduction.least_need));
    Decoding {
        shrink: furthest.map_or(Shrink::NONE, |reduction| reduction.shrink),
        ..Decoding::full(header)
    }
}

/// Decodes all of the image, reduced by [`Decoding::shrink`].
pub(super) fn decode(bytes: &Bytes, header: &Header, decoding: &Decoding) -> Result<DynamicImage> {
    let frame = Frame::read(bytes)?;
    if !frame.is_complete(bytes) {
        return Err(corrupt(FORMAT, CutOff));
    }
    let dimensions = decoding.dimensions();
    let (width, height) = (dimensions.width(), dimensions.height());
    let profile = header.icc_profile.as_deref();
    let mismatch = || corrupt(FORMAT, SizeMismatch);
    let image: DynamicImage = match frame.coding()? {
        Coding::Gray => {
            let samples = back_end::read_samples(bytes, &frame, decoding.shrink)?;
            let image = GrayImage::from_raw(width, height, samples);
            image.ok_or_else(mismatch)?.into()
        }
        Coding::YCbCr | Coding::RgbByName | Coding::RgbByAdobe(_) => {
            let samples = back_end::read_samples(bytes, &frame, decoding.shrink)?;
            let image = RgbImage::from_raw(width, height, samples);
            image.ok_or_else(mismatch)?.into()
        }
        coding @ (Coding::Cmyk | Coding::Ycck) => {
            let mut samples = pure::read_samples(bytes, &frame, decoding.shrink)?;
            if coding == Coding::Ycck {
                ycck_to_cmyk(&mut samples);
            }
            if frame.adobe.is_some() {
                invert(&mut samples);
            }
            let rgb = color::inks_to_rgb(&samples, profile);
            let image = RgbImage::from_raw(width, height, rgb);
            return Ok(image.ok_or_else(mismatch)?.into());
        }
    };
    Ok(color::to_srgb(image, profile))
}

/// Turns YCCK into CMYK, as Adobe stores both: the luma and chroma code the complement of the inks.
///
/// The coefficients are those of JFIF 1.02 (ITU-R BT.601, full range), in units of 1/65536.
fn ycck_to_cmyk(samples: &mut [u8]) {
    samples.par_chunks_mut(1 << 16).for_each(|block| {
        for pixel in block.as_chunks_mut::<4>().0 {
            let luma = (i32::from(pixel[0]) << 16) + (1 << 15);
            let (cb, cr) = (i32::from(pixel[1]) - 128, i32::from(pixel[2]) - 128);
            let level = |value: i32| 255 - (value >> 16).clamp(0, 255) as u8;
            pixel[0] = level(luma + 91_881 * cr);
            pixel[1] = level(luma - 22_554 * cb - 46_802 * cr);
            pixel[2] = level(luma + 116_130 * cb);
        }
    });
}

/// Adobe's applications store inks inverted, 255 for none, and leave their mark in the APP14
/// segment.
fn invert(samples: &mut [u8]) {
    samples
        .par_chunks_mut(1 << 16)
        .for_each(|block| block.iter_mut().for_each(|sample| *sample = !*sample));
}

/// The data ends before the image does.
#[derive(Debug, thiserror::Error)]
#[error("the file is cut off: no end-of-image marker follows the picture data")]
struct CutOff;

/// The decoder and the header disagree.
#[derive(Debug, thiserror::Error)]
#[error("the decoder found another size or number of channels than the header declares")]
struct SizeMismatch;
