//! libjpeg-turbo, with SIMD: gray and colors, at full size or reduced while the DCT is inverted.
//!
//! It warns where the data makes no sense, and goes on; every warning is an error here. Far from the
//! end of a large image it passes over codes that do not exist without a word, and notices only that
//! data is left over or missing at the end. That finds more damage than `zune-jpeg` does, which does
//! not look at what is left over.
//!
//! What the library warns of, or takes for other colors, because of metadata is kept from it.
//!
//! # Distance from `zune-jpeg`
//!
//! At full size samples differ by up to `MAX_DISTANCE`, on average by up to `MEAN_DISTANCE`. The
//! inverse DCTs and the conversion to RGB round differently (by 3 at most, by 0.02 on average), and so
//! does the triangle filter that both use to bring halved chroma to full size. Chroma at a quarter is
//! repeated by both.
//!
//! Reduced images differ from the average of the pixels of the full one: a part of the DCT keeps a
//! little more of the edges, and chroma that is as fine as the raster needs no filter. See
//! `REDUCED_PSNR_DB`.

use std::borrow::Cow;

use turbojpeg::{Decompressor, Image, PixelFormat, ScalingFactor};

use super::frame::{Coding, Frame, plain};
use super::{FORMAT, MAX_SCANS, SizeMismatch};
use crate::decode::corrupt;
use crate::shrink::Shrink;
use crate::source::Reduction;
use crate::{Error, Result};

/// The largest difference of a sample from `zune-jpeg`: 4 measured on generated pictures, 8 on real
/// photos.
#[cfg(test)]
const MAX_DISTANCE: u8 = 8;

/// The largest mean difference of the samples of an image from `zune-jpeg`: 0.53 measured, on smooth
/// colors of 17 by 9 pixels at 4:2:0; 0.25 on real photos.
#[cfg(test)]
const MEAN_DISTANCE: f64 = 0.6;

/// The least similarity of reduced images to the average of pixels, where chroma is not coarser: 44.8
/// dB measured on photos at 4:2:0 and half size, over 49 at a quarter and an eighth, over 51 at 4:4:4.
#[cfg(test)]
const REDUCED_PSNR_DB: f64 = 44.0;

/// The least similarity of what is scaled from a reduced image to what is scaled from all of it, as far
/// as [`REDUCED_BLOCKS`] let it be used.
#[cfg(test)]
const SCALED_PSNR_DB: f64 = 40.0;

/// Samples on a side of a block: ITU-T T.81 §A.1.3.
const BLOCK_EDGE: u32 = 8;

/// A size to which blocks are reduced.
struct ReducedBlock {
    /// Samples on a side.
    edge: u32,
    /// How much wider and higher the raster is than what is scaled from it, at least.
    least_left: Shrink,
}

/// The sizes to which blocks are reduced, the smallest last.
///
/// A part of the DCT keeps or drops the finest details of each block by itself, where Lanczos mixes
/// those of neighbors. With as much left, photographs with grain come out with a PSNR of 40 dB and more
/// against scaling all pixels (measured on two of 15 megapixels at each size), smooth ones of 50. The
/// finest details, where grain is strongest, need more.
///
/// To 5 there is no SIMD, and decoding takes a little longer than to 8, but leaves little more than a
/// third of the pixels. To 3, 6 and 7 nothing is gained.
const REDUCED_BLOCKS: [ReducedBlock; 4] = {
    const HALF_MORE: Shrink = Shrink::new(3, 2);
    const QUARTER_MORE: Shrink = Shrink::new(5, 4);
    const fn block(edge: u32, least_left: Shrink) -> ReducedBlock {
        ReducedBlock { edge, least_left }
    }
    [
        block(5, HALF_MORE),
        block(4, HALF_MORE),
        block(2, QUARTER_MORE),
        block(1, QUARTER_MORE),
    ]
};

/// How the colors of a file inside another are stored.
#[cfg(feature = "tiff")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::decode) enum InnerColors {
    /// As they are.
    AsTheyAre,
    /// To be converted to RGB.
    YCbCr,
}

/// Returns how the decoder can reduce.
pub(super) fn reductions(frame: &Frame<'_>) -> Vec<Reduction> {
    let reduction = |block: &ReducedBlock| Reduction {
        shrink: Shrink::new(BLOCK_EDGE, block.edge),
        least_need: color_shrink(frame, block.edge).then(block.least_left),
    };
    REDUCED_BLOCKS.iter().map(reduction).collect()
}

/// Returns gray or RGB, interleaved, as they are, or reduced to one of the [`REDUCED_BLOCKS`].
pub(super) fn read_samples(bytes: &[u8], frame: &Frame<'_>, shrink: Shrink) -> Result<Vec<u8>> {
    read_as(frame.coding()?, bytes, frame, shrink)
}

/// Returns the samples of a file inside another, whatever it says of its colors: gray, or three
/// channels, converted to RGB where they are `YCbCr`.
///
/// `None` if it is of another width than `width_px`, higher than `max_height_px`, of another number of
/// channels, or damaged.
#[cfg(feature = "tiff")]
pub(in crate::decode) fn read_inner(
    bytes: &[u8],
    stored: InnerColors,
    width_px: usize,
    max_height_px: usize,
) -> Option<(Vec<u8>, usize)> {
    let frame = Frame::read(bytes).ok()?;
    let coding = match (frame.channels(), stored) {
        (1, InnerColors::AsTheyAre) => Coding::Gray,
        (3, InnerColors::AsTheyAre) => Coding::RgbByName,
        (3, InnerColors::YCbCr) => Coding::YCbCr,
        _ => return None,
    };
    let (width, height) = (usize::from(frame.width), usize::from(frame.height));
    if width != width_px || height > max_height_px {
        return None;
    }
    let samples = read_as(coding, bytes, &frame, Shrink::NONE).ok()?;
    Some((samples, height))
}

fn read_as(coding: Coding, bytes: &[u8], frame: &Frame<'_>, shrink: Shrink) -> Result<Vec<u8>> {
    let (format, channels) = match coding {
        Coding::Gray => (PixelFormat::GRAY, 1),
        _ => (PixelFormat::RGB, 3),
    };
    let factor = ScalingFactor::new(shrink.side(BLOCK_EDGE) as usize, BLOCK_EDGE as usize);
    let bytes = readable(bytes, frame, coding);
    let mut decoder = Decompressor::new().map_err(from_turbo)?;
    decoder.set_scan_limit(MAX_SCANS).map_err(from_turbo)?;
    decoder.set_scaling_factor(factor).map_err(from_turbo)?;
    let header = decoder.read_header(&bytes).map_err(from_turbo)?;
    if (header.width, header.height) != (frame.width.into(), frame.height.into()) {
        return Err(corrupt(FORMAT, SizeMismatch));
    }
    let (width, height) = (factor.scale(header.width), factor.scale(header.height));
    let pitch = width * channels;
    let mut samples = vec![0; pitch * height];
    let raster = Image {
        pixels: &mut samples[..],
        width,
        pitch,
        height,
        format,
    };
    decoder.decompress(&bytes, raster).map_err(from_turbo)?;
    Ok(samples)
}

/// Returns what is held besides the raster, at most, in bytes.
pub(super) fn scratch_bytes(bytes: &[u8], frame: &Frame<'_>) -> Result<u64> {
    let copy = if frame.is_plain(frame.coding()?) {
        0
    } else {
        bytes.len() as u64
    };
    let row_pointers = u64::from(frame.height) * size_of::<*const u8>() as u64;
    Ok(frame.scratch_bytes() + row_pointers + copy)
}

/// Returns how many pixels become how many colors, where blocks of luma are reduced to `luma_edge`. What
/// is no coarser than in the full image counts as as fine as the luma.
///
/// Blocks of components with fewer samples are reduced less, but by as much in width as in height
/// (`jpeg_calc_output_dimensions` in `jdmaster.c`): the chroma of 4:2:0 ends as fine as the luma, that
/// of 4:2:2 with half the width.
fn color_shrink(frame: &Frame<'_>, luma_edge: u32) -> Shrink {
    let of_component = |(horizontal, vertical): (u32, u32)| {
        let fits = |edge: u32| {
            (horizontal * luma_edge).is_multiple_of(edge)
                && (vertical * luma_edge).is_multiple_of(edge)
        };
        let mut edge = luma_edge;
        while edge < BLOCK_EDGE && fits(2 * edge) {
            edge *= 2;
        }
        match edge {
            BLOCK_EDGE.. => Shrink::new(BLOCK_EDGE, luma_edge),
            _ => Shrink::new(horizontal.max(vertical) * BLOCK_EDGE, edge),
        }
    };
    let components = frame.subsampling().map(of_component);
    components.fold(Shrink::new(BLOCK_EDGE, luma_edge), Shrink::max)
}

/// Returns the file, or a copy without metadata where that would mislead the library.
fn readable<'a>(bytes: &'a [u8], frame: &Frame<'_>, coding: Coding) -> Cow<'a, [u8]> {
    if frame.is_plain(coding) {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(plain::without_metadata(bytes, coding))
}

fn from_turbo(error: turbojpeg::Error) -> Error {
    corrupt(FORMAT, error)
}

#[cfg(test)]
mod tests;
