//! JPEG 2000: JP2 files and codestreams (ISO/IEC 15444-1), gray, `YCbCr`, RGB, palette and CMYK of 1 to
//! 16 bits, by the `hayro-jpeg2000` crate.
//!
//! That crate decodes all of a codestream at once, and believes its header. So headers are read here
//! first: what decoding takes is counted ([`memory`]), refused where it is too much, and colors are
//! found out ([`channels`]). Tiles are then handed over as codestreams of their own ([`tile_parts`]):
//! only those that are needed, on all threads, and never with more in memory than they take.
//!
//! What need not be finer is decoded from fewer of the resolutions in the file. The decoder is strict:
//! the lenient one makes a picture of what it has.

mod axis;
mod boxes;
mod channels;
mod choose;
mod fields;
mod main_header;
mod memory;
mod palette;
mod picture;
mod samples;
mod segments;
mod tile_parts;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use hayro_jpeg2000::error::{DecodeError, FormatError, MarkerError};
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};
use image::DynamicImage;
use rayon::prelude::*;

use self::boxes::Boxes;
use self::channels::{Channels, Colors};
pub(super) use self::choose::choose;
use self::main_header::MainHeader;
pub(crate) use self::picture::Picture;
use self::picture::Piece;
use self::samples::{Rows, palettes};
use self::tile_parts::TileParts;
use super::{Decoding, corrupt, plausible, unsupported};
use crate::render::raster::Sample;
use crate::source::Header;
use crate::{DecodeLimits, Error, Result, SourceFormat, color};

const FORMAT: SourceFormat = SourceFormat::Jpeg2000;

/// The most tiles: their numbers have 16 bits, and the last is not used (ISO/IEC 15444-1 §A.4.2).
const MAX_TILES: u64 = 65_535;

/// The fewest bytes of a tile: the start of a tile-part and that of its data.
const LEAST_TILE_BYTES: u64 = 14;

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("a box is damaged")]
    Box,
    #[error("there is no codestream")]
    NoCodestream,
    #[error("the main header is damaged, cut off or incomplete")]
    MainHeader,
    #[error("the sizes in the main header make no sense")]
    Sizes,
    #[error("has {0} tiles; the most are {MAX_TILES}")]
    TooManyTiles(u64),
    #[error("a channel or a marker segment is of a component or palette that is not there")]
    NoComponent,
    #[error("a marker segment is there again that may be there once")]
    Repeated,
    #[error("a marker segment is not as long as its content says")]
    SegmentLength,
    #[error("a tile has more than 255 parts")]
    TooManyParts,
    #[error("a part of a tile is of none that there is")]
    TileIndex,
    #[error("the file is cut off: parts of tiles are missing")]
    CutOff,
    #[error("the decoder found another size or number of components than the header declares")]
    SizeMismatch,
}

pub(super) fn read_header(bytes: &Bytes, limits: &DecodeLimits) -> Result<Header> {
    let mut boxes = Boxes::read(bytes)?;
    let codestream = boxes.codestream.clone();
    let main = MainHeader::read(&bytes[codestream.clone()])?;
    let sides = (main.across.length(0), main.down.length(0));
    let dimensions = limits.check_pixels(FORMAT, sides)?;
    let tiles = main.tiles();
    if tiles > MAX_TILES {
        return Err(corrupt(FORMAT, Damage::TooManyTiles(tiles)));
    }
    let resolution = boxes.resolution.take();
    let (channels, icc_profile) = Channels::new(boxes, &main.components)?;
    let layout = channels.layout();
    limits.check_raster(FORMAT, dimensions, layout)?;
    let picture = Picture::new(codestream, main, channels);
    let needed = picture.least_packets().max(tiles * LEAST_TILE_BYTES);
    plausible::check(FORMAT, dimensions, needed, bytes.len())?;
    check_work(&picture, limits)?;
    let mut header = Header::new(dimensions, layout);
    header.threads = limits.threads;
    header.color_model = picture.channels.color_model();
    header.icc_profile = icc_profile;
    header.resolution = resolution;
    header.jpeg2000 = Some(Arc::new(picture));
    header.scratch_bytes = choose::scratch_bytes(&header, &Decoding::full(&header));
    Ok(header)
}

pub(super) fn decode(bytes: &Bytes, header: &Header, decoding: &Decoding) -> Result<DynamicImage> {
    match header.layout.bits {
        16 => decode_as::<u16>(bytes, header, decoding),
        _ => decode_as::<u8>(bytes, header, decoding),
    }
}

fn decode_as<S: Sample + color::Sample>(
    bytes: &Bytes,
    header: &Header,
    decoding: &Decoding,
) -> Result<DynamicImage> {
    let mismatch = || corrupt(FORMAT, Damage::SizeMismatch);
    let picture = header.jpeg2000.as_ref().ok_or_else(mismatch)?;
    let dimensions = decoding.dimensions();
    let count = picture.channels.sources.len();
    let mut samples = vec![S::default(); dimensions.area() as usize * count];
    let palettes = palettes(&picture.channels);
    let target = Target {
        picture,
        decoding,
        palettes: &palettes,
        samples: Mutex::new(&mut samples),
    };
    let codestream = bytes.get(picture.codestream.clone()).unwrap_or_default();
    let parts = TileParts::find(codestream, &picture.main)?;
    let pieces = picture.pieces(decoding);
    pieces
        .par_iter()
        .try_for_each(|piece| target.decode(&parts, piece))?;
    let size = (dimensions.width(), dimensions.height());
    let profile = header.icc_profile.as_deref();
    if picture.channels.colors == Colors::Cmyk {
        let rgb = color::inks_to_rgb(&samples, profile);
        return S::into_image(rgb, size, 3).ok_or_else(mismatch);
    }
    let image = S::into_image(samples, size, count).ok_or_else(mismatch)?;
    Ok(color::to_srgb(image, profile))
}

/// The raster that pieces are decoded into.
struct Target<'a, S> {
    picture: &'a Picture,
    decoding: &'a Decoding,
    palettes: &'a [Vec<S>],
    samples: Mutex<&'a mut [S]>,
}

impl<S: Sample> Target<'_, S> {
    fn decode(&self, parts: &TileParts<'_>, piece: &Piece) -> Result<()> {
        let file = parts.file(&piece.columns, &piece.rows)?;
        let halvings = picture::halvings(self.decoding);
        let full = piece.size;
        let settings = DecodeSettings {
            strict: true,
            // Both have a pixel left at least.
            target_resolution: Some((full.width >> halvings, full.height >> halvings)),
            ..DecodeSettings::default()
        };
        let image = Image::new(&file, &settings).map_err(from_decode_error)?;
        let size = [piece.across.len(), piece.down.len()];
        if size != [image.width() as usize, image.height() as usize] {
            return Err(corrupt(FORMAT, Damage::SizeMismatch));
        }
        let mut context = DecoderContext::default();
        let decoded = image.decode(&mut context).map_err(from_decode_error)?;
        let rows = Rows::new(&self.picture.channels, self.palettes, decoded.components());
        let rows = rows.ok_or_else(|| corrupt(FORMAT, Damage::SizeMismatch))?;
        self.write(&rows, piece);
        Ok(())
    }

    /// Writes what of a piece is in the window.
    fn write(&self, rows: &Rows<'_, S>, piece: &Piece) {
        let count = self.picture.channels.sources.len();
        let width = self.decoding.dimensions().width() as usize;
        let (across, down) = picture::window(self.decoding);
        let start = across.start.max(piece.across.start);
        let end = across.end.min(piece.across.end);
        let mut row = vec![S::default(); end.saturating_sub(start) as usize * count];
        for y in down.start.max(piece.down.start)..down.end.min(piece.down.end) {
            let above = (y - piece.down.start) as usize;
            let before = (start - piece.across.start) as usize;
            rows.write(above * piece.across.len() + before, &mut row);
            let left = (y - down.start) as usize * width + (start - across.start) as usize;
            // A thread that panicked wrote into other places.
            let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
            samples[left * count..][..row.len()].copy_from_slice(&row);
        }
    }
}

fn from_decode_error(error: DecodeError) -> Error {
    match error {
        DecodeError::Marker(MarkerError::Unsupported)
        | DecodeError::Format(FormatError::Unsupported) => unsupported(FORMAT, error.to_string()),
        error => corrupt(FORMAT, error),
    }
}

/// Refuses a picture of which a single piece takes more than the limit: one that is not in tiles, as the
/// decoder holds all of its samples as numbers of 32 bits.
fn check_work(picture: &Picture, limits: &DecodeLimits) -> Result<()> {
    limits.check_bytes(FORMAT, picture.most_piece_bytes())
}

#[cfg(test)]
mod tests;
