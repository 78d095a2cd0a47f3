//! TIFF and BigTIFF: strips and tiles, chunky and planar, gray, RGB, palette, CMYK and `YCbCr` of 1
//! to 16 bits, uncompressed or by LZW, deflate, `PackBits`, JPEG or fax group 4.
//!
//! Directories and chunks are read here, not by the `tiff` crate: that has no palettes, no samples
//! below 8 bits with a predictor or in tiles, refuses a file before its size can be compared with
//! limits, and reads one chunk after the other. Here chunks are decoded on all threads.
//!
//! Of several pages the first full-resolution one is the picture.

mod chunk;
mod directory;
mod page;
mod raster;

use bytes::Bytes;
use iiif_image_api::Orientation;
use image::{DynamicImage, ImageBuffer};

use self::directory::Directory;
use self::page::{Alpha, Page, Photometric, tag};
use self::raster::Stored;
use super::{corrupt, plausible};
use crate::source::{ColorModel, Header, PixelLayout};
use crate::{DecodeLimits, Error, Result, SourceFormat, color};

const FORMAT: SourceFormat = SourceFormat::Tiff;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("a field, directory, strip or tile is outside of the file")]
    OutOfFile,
    #[error("there is no directory")]
    NoDirectory,
    #[error("width or height is missing or above {}", u32::MAX)]
    NoSize,
    #[error("there is no field for the photometric interpretation")]
    NoPhotometric,
    #[error("there are no offsets of strips or tiles")]
    NoPixels,
    #[error("strips or tiles have no pixels")]
    EmptyChunks,
    #[error("has {found} strips or tiles where its size takes {needed}")]
    MissingChunks { needed: usize, found: usize },
    #[error("strip or tile {index} is too short for its pixels")]
    ShortChunk { index: usize },
    #[error("has fewer samples per pixel than its colors take")]
    MissingSamples,
    #[error("the palette has too few colors")]
    ShortPalette,
    #[error("the JPEG stream of a strip or tile has another size or number of channels")]
    JpegSize,
}

pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let directory = Directory::main(bytes).map_err(|error| corrupt(FORMAT, error))?;
    let side = |tag| u32::try_from(directory.number(tag)?).ok();
    let size = side(tag::IMAGE_WIDTH).zip(side(tag::IMAGE_LENGTH));
    let size = size.ok_or_else(|| corrupt(FORMAT, Damage::NoSize))?;
    let dimensions = limits.check_pixels(FORMAT, size)?;
    let page = Page::read(&directory, dimensions)?;
    plausible::check(FORMAT, dimensions, page.least_bytes(), bytes.len())?;
    let layout = layout(&page);
    limits.check_bytes(FORMAT, dimensions, layout)?;
    let mut header = Header::new(dimensions, layout);
    header.scratch_bytes = scratch_bytes(&page);
    check_scratch(&page, limits)?;
    if page.photometric == Photometric::Cmyk {
        header.color_model = ColorModel::Cmyk;
        // The inks, beside the RGB that is made of them.
        header.scratch_bytes += dimensions.area() * 4 * u64::from(layout.bits / 8);
    }
    header.orientation = directory
        .number(tag::ORIENTATION)
        .and_then(|value| Orientation::from_exif(u32::try_from(value).ok()?))
        .unwrap_or_default();
    header.icc_profile = directory.bytes(tag::ICC_PROFILE).map(<[u8]>::to_vec);
    Ok(header)
}

pub(super) fn decode(bytes: &Bytes, header: &Header) -> Result<DynamicImage> {
    let directory = Directory::main(bytes).map_err(|error| corrupt(FORMAT, error))?;
    let page = Page::read(&directory, header.dimensions)?;
    if header.layout.bits == 16 {
        let samples = read_samples::<u16>(&page, bytes, header)?;
        image16(header, samples)
    } else {
        let samples = read_samples::<u8>(&page, bytes, header)?;
        image8(header, samples)
    }
    .map(|image| match page.photometric {
        // Converted already.
        Photometric::Cmyk => image,
        _ => color::to_srgb(image, header.icc_profile.as_deref()),
    })
    .ok_or_else(|| corrupt(FORMAT, Damage::MissingSamples))
}

fn read_samples<S: Stored>(page: &Page<'_>, bytes: &[u8], header: &Header) -> Result<Vec<S>> {
    if page.photometric == Photometric::Cmyk {
        let inks = raster::read::<S>(page, bytes, 4)?;
        return Ok(color::inks_to_rgb(&inks, header.icc_profile.as_deref()));
    }
    raster::read(page, bytes, header.layout.channels.into())
}

fn image8(header: &Header, samples: Vec<u8>) -> Option<DynamicImage> {
    let (width, height) = (header.dimensions.width(), header.dimensions.height());
    match header.layout.channels {
        1 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma8),
        2 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8),
        3 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
        _ => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
    }
}

fn image16(header: &Header, samples: Vec<u16>) -> Option<DynamicImage> {
    let (width, height) = (header.dimensions.width(), header.dimensions.height());
    match header.layout.channels {
        1 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma16),
        2 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA16),
        3 => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb16),
        _ => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgba16),
    }
}

fn layout(page: &Page<'_>) -> PixelLayout {
    let colors = match page.photometric {
        Photometric::WhiteIsZero | Photometric::BlackIsZero => 1,
        _ => 3,
    };
    let keeps_alpha = page.alpha != Alpha::Missing
        && !matches!(
            page.photometric,
            Photometric::Palette | Photometric::Cmyk | Photometric::YCbCr
        );
    let bits = if page.bits == 16 { 16 } else { 8 };
    PixelLayout::new(colors + u8::from(keeps_alpha), bits)
}

/// Returns the bytes of chunks in flight: one per thread, compressed JPEG, decoded and unpacked.
fn scratch_bytes(page: &Page<'_>) -> u64 {
    let in_flight = page.chunks_down().min(rayon::current_num_threads());
    chunk_bytes(page)
        .saturating_mul(2)
        .saturating_mul(in_flight as u64)
}

fn chunk_bytes(page: &Page<'_>) -> u64 {
    (page.row_bytes() as u64).saturating_mul(page.chunk_height as u64)
}

/// Refuses a page whose chunks alone are over the limit, which samples that are not shown can make
/// them.
fn check_scratch(page: &Page<'_>, limits: &DecodeLimits) -> Result<()> {
    let actual = chunk_bytes(page);
    if actual > limits.max_bytes {
        return Err(Error::OverLimit {
            format: FORMAT,
            limit: "max_bytes",
            unit: "bytes",
            actual,
            maximum: limits.max_bytes,
        });
    }
    Ok(())
}
