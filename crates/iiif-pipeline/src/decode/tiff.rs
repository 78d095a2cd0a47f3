//! TIFF and BigTIFF: strips and tiles, chunky and planar, gray, RGB, palette, CMYK and `YCbCr` of 1
//! to 16 bits, uncompressed or by LZW, deflate, `PackBits`, JPEG, `WebP` or fax group 4.
//!
//! Directories and chunks are read here, not by the `tiff` crate: that has no palettes, no samples
//! below 8 bits with a predictor or in tiles, refuses a file before its size can be compared with
//! limits, and reads one chunk after the other. Here chunks are decoded on all threads.
//!
//! Of several pages the first full-resolution one is the picture. Pages that show it in smaller are
//! its levels ([`pyramid`]): what need not be finer is read from the smallest that suffices, and
//! from no other, so damage in it is an error and no slow way around.
//!
//! Only the directories are read at first, and of each level that is decoded, once, where its chunks
//! are. Of the pixels, only strips and tiles that a window
//! touches are read and decompressed, and what may be reduced further is averaged band by band
//! ([`bands`]): an image that is larger than memory is never held as a whole. Averages are of the
//! samples as they are stored, before profiles of colors and inks are applied: of encoded, not of
//! linear light.

mod bands;
mod choose;
mod chunk;
mod chunks;
mod coding;
mod directory;
mod file;
mod index;
mod jpeg_tile;
mod page;
mod picture;
mod pyramid;
mod reads;
mod tag;
mod unpack;

use std::sync::{Arc, OnceLock};

use iiif_image_api::{Dimensions, Orientation};
use image::DynamicImage;

use self::bands::{BlockSize, Reader};
pub(super) use self::choose::choose;
use self::chunks::Chunks;
use self::coding::{Alpha, Compression, Photometric};
use self::directory::Directory;
use self::file::File;
pub(crate) use self::index::PageIndex;
pub(crate) use self::jpeg_tile::{JpegTile, TileColors, scale_factor};
use self::page::Page;
use self::pyramid::Pyramid;
use self::unpack::Stored;
use super::{Decoding, corrupt, plausible};
use crate::render::raster::Sample;
use crate::shrink::Averaged;
use crate::source::{ColorModel, Data, Fetched, Header, Level, PixelLayout};
use crate::{DecodeLimits, Error, Resolution, Result, SourceFormat, color};

const FORMAT: SourceFormat = SourceFormat::Tiff;

/// The most bytes of an ICC profile; a longer one is ignored. Profiles of printers, the largest
/// there are, take some.
const MAX_ICC_BYTES: u64 = 32 << 20;

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
    MissingChunks { needed: usize, found: u64 },
    #[error("strip or tile {index} is too short for its pixels")]
    ShortChunk { index: usize },
    #[error("has fewer samples per pixel than its colors take")]
    MissingSamples,
    #[error("the palette has too few colors")]
    ShortPalette,
    #[error("the JPEG or WebP data of a strip or tile has another size or number of channels")]
    PictureSize,
}

pub(super) fn read_header(data: &Data, limits: &DecodeLimits) -> Result<Header> {
    let file = File::open(data)?;
    let pyramid = Pyramid::find(&file)?;
    let main = &pyramid.main;
    let dimensions = limits.check_pixels(FORMAT, main.size(&file)?)?;
    let page = Page::read(&file, main, dimensions)?;
    check_plausible(&file, &page)?;
    let layout = layout(&page);
    limits.check_raster(FORMAT, dimensions, layout)?;
    check_scratch(&page, limits)?;
    let mut header = Header::new(dimensions, layout);
    header.threads = limits.threads;
    if page.photometric == Photometric::Cmyk {
        header.color_model = ColorModel::Cmyk;
    }
    header.levels.push(level(data, &file, main, &page));
    for (directory, page) in pyramid.levels(&file, &page)? {
        if check_scratch(&page, limits).is_ok() {
            header.levels.push(level(data, &file, directory, &page));
        }
    }
    header.scratch_bytes = choose::scratch_bytes(&header, &Decoding::full(&header));
    header.orientation = main
        .number(&file, tag::ORIENTATION)?
        .and_then(|value| Orientation::from_exif(u32::try_from(value).ok()?))
        .unwrap_or_default();
    header.resolution = resolution(&file, main)?;
    header.icc_profile = main
        .bytes(&file, tag::ICC_PROFILE, MAX_ICC_BYTES)?
        .map(|profile| profile.to_vec());
    Ok(header)
}

pub(super) fn decode(data: &Data, header: &Header, decoding: &Decoding) -> Result<DynamicImage> {
    let level = header.levels.get(decoding.level);
    let level = level.ok_or_else(|| corrupt(FORMAT, Damage::NoDirectory))?;
    let index = PageIndex::of_level(data, level)?;
    let page = &index.page;
    let chunks = Chunks::new(data, &index.chunks);
    let size = decoding.dimensions();
    let size = (size.width(), size.height());
    let channels = header.layout.channels.into();
    let profile = header.icc_profile.as_deref();
    if header.layout.bits == 16 {
        let samples = read_samples::<u16>(page, &chunks, header, decoding)?;
        u16::into_image(samples, size, channels)
    } else {
        let samples = read_samples::<u8>(page, &chunks, header, decoding)?;
        u8::into_image(samples, size, channels)
    }
    .map(|image| match page.photometric {
        // Converted already.
        Photometric::Cmyk => image,
        _ => color::to_srgb(image, profile),
    })
    .ok_or_else(|| corrupt(FORMAT, Damage::MissingSamples))
}

/// Reads the compressed data of a decoding before that begins, if each read takes its time. What is more than is
/// held at a time is left to the decoding, and so are levels whose index is read each time.
pub(crate) fn fetch(data: &Data, header: &Header, decoding: &Decoding) -> Result<Option<Data>> {
    let (Some(level), Data::Parts(source)) = (header.levels.get(decoding.level), data) else {
        return Ok(None);
    };
    if !source.is_remote() || level.kept_bytes == 0 {
        return Ok(None);
    }
    let index = PageIndex::of_level(data, level)?;
    let (page, chunks) = (&index.page, Chunks::new(data, &index.chunks));
    let channels = stored_channels(header);
    let reads = if header.layout.bits == 16 {
        Reader::<u16>::new(page, &chunks, channels, decoding.window).reads()
    } else {
        Reader::<u8>::new(page, &chunks, channels, decoding.window).reads()
    };
    let Some(parts) = reads? else {
        return Ok(None);
    };
    let fetched = Fetched::read(source, parts).map_err(|source| Error::Read { source })?;
    Ok(Some(Data::Parts(Arc::new(fetched))))
}

fn read_samples<S: Stored + Averaged>(
    page: &Page,
    chunks: &Chunks<'_>,
    header: &Header,
    decoding: &Decoding,
) -> Result<Vec<S>> {
    let channels = stored_channels(header);
    let samples =
        Reader::new(page, chunks, channels, decoding.window).read(decoding.shrink.factor())?;
    Ok(match page.photometric {
        Photometric::Cmyk => color::inks_to_rgb(&samples, header.icc_profile.as_deref()),
        _ => samples,
    })
}

/// Returns the samples of a pixel before inks become RGB.
fn stored_channels(header: &Header) -> usize {
    match header.color_model {
        ColorModel::Cmyk => 4,
        _ => header.layout.channels.into(),
    }
}

fn layout(page: &Page) -> PixelLayout {
    let colors = match page.photometric {
        Photometric::WhiteIsZero | Photometric::BlackIsZero => 1,
        _ => 3,
    };
    let keeps_alpha = page.alpha != Alpha::Missing
        && !matches!(
            page.photometric,
            Photometric::Palette | Photometric::Cmyk | Photometric::YCbCr
        );
    let bits = if page.bits > 8 { 16 } else { 8 };
    PixelLayout::new(colors + u8::from(keeps_alpha), bits)
}

/// Reads tags 282, 283 and 296: TIFF 6.0 §8.
fn resolution(file: &File<'_>, directory: &Directory) -> Result<Option<Resolution>> {
    let x = directory.fraction(file, tag::X_RESOLUTION)?;
    let y = directory.fraction(file, tag::Y_RESOLUTION)?;
    let unit = directory.number(file, tag::RESOLUTION_UNIT)?;
    let both = x.zip(y);
    Ok(both.and_then(|(x, y)| Resolution::in_tiff_unit(unit, x, y)))
}

/// Returns what is to be known of a page to choose it and to count its memory.
fn level(data: &Data, file: &File<'_>, directory: &Directory, page: &Page) -> Level {
    let side = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let chunk = Dimensions::new(side(page.chunk_width), side(page.chunk_height));
    let block = BlockSize::of(page);
    let planes = page.planes() as u64;
    // Decompressed and unpacked, or JPEG in the making; WebP is RGBA at first.
    let copies = if page.compression == Compression::WebP {
        3
    } else {
        2
    };
    let mut block_bytes = page.chunk_bytes().saturating_mul(copies * planes);
    let (mut fetched_chunk_bytes, mut fetched_bytes) = (0, 0);
    let kept_bytes = PageIndex::kept_bytes(page);
    let index = OnceLock::new();
    if let Data::Parts(_) = data {
        let chunk_bytes = planes.saturating_mul(chunks::most_bytes(page));
        let chunks = (block.columns * block.rows) as u64;
        let of_block = chunks.saturating_mul(chunk_bytes);
        if data.is_remote() {
            let with_gap = planes.saturating_mul(reads::MAX_GAP_BYTES);
            fetched_chunk_bytes = chunk_bytes.saturating_add(with_gap);
            fetched_bytes = bands::most_fetched_bytes(of_block);
            if kept_bytes > 0
                && let Some(read) = PageIndex::at_hand(file, directory, page)
            {
                // It was empty.
                let _ = index.set(read);
            }
        } else {
            block_bytes = block_bytes.saturating_add(of_block);
        }
    }
    Level {
        dimensions: page.dimensions,
        offset: directory.offset,
        is_tiled: page.is_tiled,
        is_compressed: page.compression != Compression::None,
        // Chunks were found not to be empty.
        chunk: chunk.unwrap_or(page.dimensions),
        block_height: side(block.rows * page.chunk_height),
        block_bytes,
        index_bytes: Chunks::index_bytes(page),
        kept_bytes,
        fetched_chunk_bytes,
        fetched_bytes,
        is_jpeg: TileColors::of(page).is_some(),
        index,
    }
}

/// Refuses a page that the file is too short for.
fn check_plausible(file: &File<'_>, page: &Page) -> Result<()> {
    let length = usize::try_from(file.len_bytes()).unwrap_or(usize::MAX);
    plausible::check(FORMAT, page.dimensions, page.least_bytes(), length)
}

/// Refuses a page whose chunks alone are over the limit, which samples that are not shown can make
/// them.
fn check_scratch(page: &Page, limits: &DecodeLimits) -> Result<()> {
    let most = page.chunk_bytes().max(Chunks::index_bytes(page));
    limits.check_bytes(FORMAT, most)
}
