//! Chunks that are files of another format: JPEG and `WebP`.

use std::borrow::Cow;

use bytes::Bytes;
#[cfg(feature = "webp")]
use image::{DynamicImage, ImageDecoder as _};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::Damage;
use super::chunk::Chunk;
use super::coding::Photometric;
use super::page::Page;
use crate::error::BoxError;

/// Decodes a chunk of at least `rows` rows.
pub(super) fn read(page: &Page, data: &Bytes, rows: usize) -> Result<Chunk, BoxError> {
    #[cfg(feature = "webp")]
    if page.compression == super::coding::Compression::WebP {
        return read_webp(page, data, rows);
    }
    read_jpeg(page, data, rows)
}

/// Decodes a JPEG stream, whose tables may be in a field of the page: Adobe Photoshop TIFF
/// Technical Note 2.
fn read_jpeg(page: &Page, data: &[u8], rows: usize) -> Result<Chunk, BoxError> {
    /// A stream starts and ends with a marker of two bytes.
    const MARKER_BYTES: usize = 2;
    let joined = match &page.jpeg_tables {
        Some(tables) if tables.len() > 2 * MARKER_BYTES && data.len() > MARKER_BYTES => {
            let tables = &tables[..tables.len() - MARKER_BYTES];
            Cow::Owned([tables, &data[MARKER_BYTES..]].concat())
        }
        _ => Cow::Borrowed(data),
    };
    let (width, height) = (page.chunk_width, page.chunk_height);
    #[cfg(feature = "turbojpeg")]
    if let Some(chunk) = read_jpeg_by_turbo(page, &joined, rows) {
        return Ok(chunk);
    }
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .set_max_width(width)
        .set_max_height(height);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&joined[..]), options);
    decoder.decode_headers()?;
    // Only what the page calls YCbCr is converted; the stream does not know better.
    let colors = match (page.photometric, decoder.input_colorspace()) {
        (Photometric::YCbCr, _) => ColorSpace::RGB,
        (_, Some(stored)) => stored,
        (_, None) => ColorSpace::YCbCr,
    };
    if colors.num_components() != page.chunk_samples() {
        return Err(Damage::PictureSize.into());
    }
    decoder.set_options(options.jpeg_set_out_colorspace(colors));
    let data = decoder.decode()?;
    let row_bytes = width * colors.num_components();
    match decoder.dimensions() {
        Some((found, height)) if found == width && height >= rows => Ok(Chunk {
            data: data.into(),
            row_bytes,
        }),
        _ => Err(Damage::PictureSize.into()),
    }
}

/// Decodes gray and three channels; the rest, and what is damaged, is left to the other back end.
#[cfg(feature = "turbojpeg")]
fn read_jpeg_by_turbo(page: &Page, stream: &[u8], rows: usize) -> Option<Chunk> {
    use crate::decode::jpeg::turbo::{InnerColors, read_inner};

    let stored = match page.photometric {
        Photometric::YCbCr => InnerColors::YCbCr,
        _ => InnerColors::AsTheyAre,
    };
    let (data, height) = read_inner(stream, stored, page.chunk_width, page.chunk_height)?;
    let row_bytes = data.len() / height;
    let is_as_declared = row_bytes == page.chunk_width * page.chunk_samples() && height >= rows;
    is_as_declared.then_some(Chunk {
        data: data.into(),
        row_bytes,
    })
}

/// Decodes a `WebP` file. Writers leave out alpha that is opaque everywhere.
#[cfg(feature = "webp")]
fn read_webp(page: &Page, data: &Bytes, rows: usize) -> Result<Chunk, BoxError> {
    let decoder = crate::decode::webp::decoder(data)?;
    let (width, height) = decoder.dimensions();
    let (width, height) = (width as usize, height as usize);
    if width != page.chunk_width || !(rows..=page.chunk_height).contains(&height) {
        return Err(Damage::PictureSize.into());
    }
    let picture = DynamicImage::from_decoder(decoder)?;
    let data = match page.samples {
        3 => picture.into_rgb8().into_raw(),
        _ => picture.into_rgba8().into_raw(),
    };
    Ok(Chunk {
        data: data.into(),
        row_bytes: page.row_bytes(),
    })
}
