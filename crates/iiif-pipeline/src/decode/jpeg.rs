//! JPEG, by `zune-jpeg`: baseline and progressive, gray, `YCbCr`, RGB, CMYK and YCCK.
//!
//! The decoder runs in its strict mode: where the entropy-coded data makes no sense the lenient mode
//! fills the rest with gray and calls it a picture. Extra bytes between segments, which strict mode
//! refuses as well, are rare.

mod frame;

use bytes::Bytes;
use image::{DynamicImage, GrayImage, RgbImage};
use rayon::prelude::*;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use self::frame::{Coding, Frame};
use super::{corrupt, plausible};
use crate::source::{ColorModel, Header, PixelLayout};
use crate::{DecodeLimits, Result, SourceFormat, color, metadata};

const FORMAT: SourceFormat = SourceFormat::Jpeg;

/// The most scans of a progressive image. Encoders make about ten; every further one costs a pass
/// over all coefficients, so a small file could keep a decoder busy for minutes.
const MAX_SCANS: usize = 64;

pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let frame = Frame::read(bytes)?;
    let dimensions = limits.check_pixels(FORMAT, (frame.width.into(), frame.height.into()))?;
    plausible::check(FORMAT, dimensions, frame.least_bytes(), bytes.len())?;
    let coding = frame.coding()?;
    let layout = match coding {
        Coding::Gray => PixelLayout::LUMA8,
        _ => PixelLayout::RGB8,
    };
    limits.check_bytes(FORMAT, dimensions, layout)?;
    let mut header = Header::new(dimensions, layout);
    header.scratch_bytes = frame.scratch_bytes();
    match coding {
        Coding::Cmyk | Coding::Ycck => {
            header.color_model = ColorModel::Cmyk;
            // The inks, beside the RGB that is made of them.
            header.scratch_bytes += dimensions.area() * 4;
        }
        // A patched copy: see `decode`.
        Coding::RgbByAdobe(_) => header.scratch_bytes += bytes.len() as u64,
        _ => {}
    }
    header.icc_profile = frame.icc_profile();
    if let Some(exif) = frame.exif {
        header.orientation = metadata::orientation(exif);
    }
    Ok(header)
}

pub(super) fn decode(bytes: &Bytes, header: &Header) -> Result<DynamicImage> {
    let frame = Frame::read(bytes)?;
    if !frame.is_complete(bytes) {
        return Err(corrupt(FORMAT, CutOff));
    }
    let (width, height) = (header.dimensions.width(), header.dimensions.height());
    let profile = header.icc_profile.as_deref();
    let mismatch = || corrupt(FORMAT, SizeMismatch);
    let rgb = match frame.coding()? {
        Coding::Gray => {
            let samples = read_samples(bytes, header, ColorSpace::Luma)?;
            let image = GrayImage::from_raw(width, height, samples).ok_or_else(mismatch)?;
            return Ok(color::to_srgb(image.into(), profile));
        }
        Coding::YCbCr | Coding::RgbByName => read_samples(bytes, header, ColorSpace::RGB)?,
        Coding::RgbByAdobe(transform) => {
            // The decoder takes three channels without a transform for inks. Told that they are
            // YCbCr, and asked for YCbCr, it hands over the three as they are.
            let mut patched = bytes.to_vec();
            if let Some(byte) = patched.get_mut(transform) {
                *byte = frame::ADOBE_YCBCR;
            }
            read_samples(&patched, header, ColorSpace::YCbCr)?
        }
        coding @ (Coding::Cmyk | Coding::Ycck) => {
            let stored = if coding == Coding::Cmyk {
                ColorSpace::CMYK
            } else {
                ColorSpace::YCCK
            };
            let mut samples = read_samples(bytes, header, stored)?;
            if coding == Coding::Ycck {
                ycck_to_cmyk(&mut samples);
            }
            if frame.adobe.is_some() {
                invert(&mut samples);
            }
            let rgb = color::inks_to_rgb(&samples, profile);
            return RgbImage::from_raw(width, height, rgb)
                .map(DynamicImage::from)
                .ok_or_else(mismatch);
        }
    };
    let image = RgbImage::from_raw(width, height, rgb).ok_or_else(mismatch)?;
    Ok(color::to_srgb(image.into(), profile))
}

/// Decodes straight into one buffer.
fn read_samples(bytes: &[u8], header: &Header, colors: ColorSpace) -> Result<Vec<u8>> {
    let (width, height) = (header.dimensions.width(), header.dimensions.height());
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(width as usize)
        .set_max_height(height as usize)
        .jpeg_set_max_scans(MAX_SCANS)
        .jpeg_set_out_colorspace(colors);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder
        .decode_headers()
        .map_err(|error| corrupt(FORMAT, error))?;
    let length = width as usize * height as usize * colors.num_components();
    if decoder.output_buffer_size() != Some(length) {
        return Err(corrupt(FORMAT, SizeMismatch));
    }
    let mut samples = vec![0; length];
    decoder
        .decode_into(&mut samples)
        .map_err(|error| corrupt(FORMAT, error))?;
    Ok(samples)
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
