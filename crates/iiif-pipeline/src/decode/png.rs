//! PNG, by the `png` crate. Palettes and 1, 2 and 4 bits are expanded to 8; 16 stay.
//!
//! Rows are decoded in order, and averaged in blocks while they come, so that a reduction never
//! holds the whole raster. Rows above the window are decoded and dropped; below it nothing is read,
//! so damage there goes unnoticed. Interlaced images are decoded whole.

mod chunk;
mod rows;

use std::io;

use iiif_image_api::PixelRect;
use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder as _, ImageError, Limits};

use self::chunk::ImageHeader;
use self::rows::{RowSample, Rows};
use super::{Decoding, Need, corrupt, from_image_error, plausible};
use crate::shrink::{BoxShrink, MAX_FACTOR, Shrink};
use crate::source::{Data, Header, STREAM_BYTES, Stream};
use crate::{DecodeLimits, Error, Result, SourceFormat, color, metadata};

const FORMAT: SourceFormat = SourceFormat::Png;

/// The most that profile and texts may take, in bytes.
const MAX_METADATA_BYTES: u64 = 64 << 20;

/// Rows that the decoder holds: decompressed ones, one before the current, one of results.
const BUFFERED_ROWS: u64 = 12;

/// What the decoder holds besides rows, in bytes: tables, windows, what is read ahead.
const BUFFERED_BYTES: u64 = (1 << 20) + STREAM_BYTES;

pub(super) fn read_header(data: &Data, limits: &DecodeLimits) -> Result<Header> {
    let start = ImageHeader::read(data)?.ok_or_else(|| corrupt(FORMAT, NoImageHeader))?;
    let dimensions = limits.check_pixels(FORMAT, (start.width, start.height))?;
    let needed = start.filtered_bytes(dimensions) / plausible::DEFLATE_RATIO;
    let found = usize::try_from(data.len_bytes()).unwrap_or(usize::MAX);
    plausible::check(FORMAT, dimensions, needed, found)?;
    let stream = Stream::new(data);
    let mut decoder = whole_decoder(stream, MAX_METADATA_BYTES)?;
    let layout = decoder.color_type().into();
    limits.check_raster(FORMAT, dimensions, layout)?;
    let mut header = Header::new(dimensions, layout);
    header.icc_profile = decoder.icc_profile().ok().flatten();
    header.is_interlaced = start.is_interlaced;
    let row_bytes = u64::from(dimensions.width()) * layout.bytes_per_pixel();
    header.scratch_bytes = BUFFERED_ROWS * row_bytes + BUFFERED_BYTES;
    header.resolution = chunk::resolution(data)?;
    // The chunk may come after the pixels, which the decoder has not read yet: PNG §11.3.1.
    if let Some(exif) = chunk::find(data, *b"eXIf", MAX_METADATA_BYTES)? {
        metadata::read_exif(&exif, &mut header);
    }
    Ok(header)
}

/// Whole rows from the window, averaged in blocks that leave twice of what is needed.
pub(super) fn choose(header: &Header, need: Need) -> Decoding {
    let full = Decoding::full(header);
    if header.is_interlaced {
        return full;
    }
    let stored = header.dimensions;
    let shrink = need.shrink.whole_half().min(MAX_FACTOR);
    // Blocks are the same wherever the window starts.
    let top = need.window.y() / shrink * shrink;
    let bottom = need.window.y() + need.window.height();
    let size = (stored.width().into(), (bottom - top).into());
    let window = PixelRect::clipped((0, top.into()), size, stored);
    let channels = usize::from(header.layout.channels);
    let sums = match (shrink, header.layout.bits) {
        (1, _) => 0,
        (_, 16) => BoxShrink::<u16>::scratch_bytes(stored.width(), channels),
        _ => BoxShrink::<u8>::scratch_bytes(stored.width(), channels),
    };
    Decoding {
        window: window.unwrap_or(full.window),
        shrink: Shrink::by(shrink),
        scratch_bytes: full.scratch_bytes.saturating_add(sums),
        work_px: u64::from(stored.width()) * u64::from(bottom),
        ..full
    }
}

pub(super) fn decode(data: &Data, header: &Header, decoding: &Decoding) -> Result<DynamicImage> {
    let max_bytes = header.raster_bytes() + MAX_METADATA_BYTES;
    let image = if header.is_interlaced {
        let decoder = whole_decoder(Stream::new(data), max_bytes)?;
        DynamicImage::from_decoder(decoder).map_err(from_whole_error)?
    } else {
        let mut rows = Rows::new(Stream::new(data), max_bytes)?;
        let channels = usize::from(header.layout.channels);
        if header.layout.bits == 16 {
            raster::<u16>(&mut rows, decoding, channels)?
        } else {
            raster::<u8>(&mut rows, decoding, channels)?
        }
    };
    Ok(color::to_srgb(image, header.icc_profile.as_deref()))
}

fn raster<T: RowSample>(
    rows: &mut Rows<'_>,
    decoding: &Decoding,
    channels: usize,
) -> Result<DynamicImage> {
    let window = decoding.window;
    let dimensions = decoding.dimensions();
    let row_samples = window.width() as usize * channels;
    for _ in 0..window.y() {
        rows.skip()?;
    }
    let samples = dimensions.area() as usize * channels;
    let raster = if decoding.shrink == Shrink::NONE {
        let mut raster = vec![T::default(); samples];
        for row in raster.chunks_exact_mut(row_samples) {
            T::read_row(rows, row)?;
        }
        raster
    } else {
        let mut raster = Vec::with_capacity(samples);
        let mut shrink = BoxShrink::new(window.width(), channels, decoding.shrink.factor());
        let mut row = vec![T::default(); row_samples];
        for _ in 0..window.height() {
            T::read_row(rows, &mut row)?;
            shrink.push(&row, &mut raster);
        }
        shrink.finish(&mut raster);
        raster
    };
    if window.y() + window.height() == decoding.stored.height() {
        rows.finish()?;
    }
    let size = (dimensions.width(), dimensions.height());
    T::into_image(raster, size, channels).ok_or_else(|| corrupt(FORMAT, MissingRows))
}

fn whole_decoder(stream: Stream<'_>, max_alloc: u64) -> Result<PngDecoder<Stream<'_>>> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_alloc);
    PngDecoder::with_limits(stream, limits).map_err(from_whole_error)
}

fn from_whole_error(error: ImageError) -> Error {
    match error {
        ImageError::IoError(source) if source.kind() != io::ErrorKind::UnexpectedEof => {
            Error::Read { source }
        }
        error => from_image_error(FORMAT, error),
    }
}

/// The file does not begin as PNG §5.6 wants.
#[derive(Debug, thiserror::Error)]
#[error("no IHDR chunk after the signature")]
struct NoImageHeader;

/// There are fewer rows than the header declares.
#[derive(Debug, thiserror::Error)]
#[error("rows are missing")]
struct MissingRows;

#[cfg(test)]
mod tests;
