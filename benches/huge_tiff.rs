//! A tiled TIFF of any size below 4 GiB (TIFF 6.0), written tile by tile in bounded memory.

use std::io::{self, Seek, SeekFrom, Write};

use flate2::write::ZlibEncoder;
use iiif_testkit::pattern::photo;
use image::RgbImage;

use crate::pictures::TILE_PX;

/// The picture repeats after so many tiles in each direction, so that each is compressed once.
const PERIOD_TILES: u32 = 16;

/// Type and size of the fields that are written (TIFF 6.0 section 2).
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// Bytes of the header, behind which the first tile begins.
const HEADER_BYTES: u64 = 8;

/// How tiles are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HugeCompression {
    /// Not at all.
    None,
    /// zlib behind a horizontal predictor, tag value 8.
    Deflate,
}

/// Writes a picture of `side_px` by `side_px` pixels, 8 bits, RGB, of photographic detail.
///
/// # Errors
///
/// If `file` cannot be written, or would be 4 GiB or larger.
pub fn write_huge_tiff(
    file: &mut (impl Write + Seek),
    side_px: u32,
    compression: HugeCompression,
) -> io::Result<()> {
    let tiles = encoded_tiles(compression)?;
    let across = side_px.div_ceil(TILE_PX);
    file.write_all(&[0; HEADER_BYTES as usize])?;
    let (mut offsets, mut counts) = (Vec::new(), Vec::new());
    let mut position = HEADER_BYTES;
    for row in 0..across {
        for column in 0..across {
            let index = row % PERIOD_TILES * PERIOD_TILES + column % PERIOD_TILES;
            let tile = &tiles[index as usize];
            file.write_all(tile)?;
            offsets.push(offset(position)?);
            counts.push(tile.len() as u32);
            position += tile.len() as u64;
        }
    }
    let directory = directory(side_px, compression, &offsets, &counts, offset(position)?);
    file.write_all(&directory.bytes)?;
    offset(position + directory.bytes.len() as u64)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(b"II*\0")?;
    file.write_all(&directory.position.to_le_bytes())
}

/// A directory with the arrays that stand before it.
struct Directory {
    bytes: Vec<u8>,
    /// Where the directory itself begins in the file.
    position: u32,
}

fn directory(
    side_px: u32,
    compression: HugeCompression,
    offsets: &[u32],
    counts: &[u32],
    start: u32,
) -> Directory {
    let mut bytes = Vec::new();
    let mut array = |values: &mut dyn Iterator<Item = u8>| {
        let position = start + bytes.len() as u32;
        bytes.extend(values);
        position
    };
    let bits = array(&mut [8_u16, 8, 8, 0].into_iter().flat_map(u16::to_le_bytes));
    let offsets_at = array(&mut offsets.iter().flat_map(|value| value.to_le_bytes()));
    let counts_at = array(&mut counts.iter().flat_map(|value| value.to_le_bytes()));
    let position = start + bytes.len() as u32;
    let (scheme, predictor) = match compression {
        HugeCompression::None => (1, 1),
        HugeCompression::Deflate => (8, 2),
    };
    let tiles = offsets.len() as u32;
    let entries = [
        (256, LONG, 1, side_px),        // ImageWidth
        (257, LONG, 1, side_px),        // ImageLength
        (258, SHORT, 3, bits),          // BitsPerSample
        (259, SHORT, 1, scheme),        // Compression
        (262, SHORT, 1, 2),             // PhotometricInterpretation: RGB
        (277, SHORT, 1, 3),             // SamplesPerPixel
        (284, SHORT, 1, 1),             // PlanarConfiguration: chunky
        (317, SHORT, 1, predictor),     // Predictor
        (322, LONG, 1, TILE_PX),        // TileWidth
        (323, LONG, 1, TILE_PX),        // TileLength
        (324, LONG, tiles, offsets_at), // TileOffsets
        (325, LONG, tiles, counts_at),  // TileByteCounts
    ];
    bytes.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        bytes.extend([tag, kind].into_iter().flat_map(u16::to_le_bytes));
        bytes.extend([count, value].into_iter().flat_map(u32::to_le_bytes));
    }
    bytes.extend([0; 4]); // no further directory
    Directory { bytes, position }
}

/// Returns the tiles of one period, row by row.
fn encoded_tiles(compression: HugeCompression) -> io::Result<Vec<Vec<u8>>> {
    let side = PERIOD_TILES * TILE_PX;
    let picture = photo(side, side);
    let places =
        (0..PERIOD_TILES).flat_map(|row| (0..PERIOD_TILES).map(move |column| (column, row)));
    places
        .map(|place| match compression {
            HugeCompression::None => Ok(tile(&picture, place)),
            HugeCompression::Deflate => deflated(tile(&picture, place)),
        })
        .collect()
}

fn tile(picture: &RgbImage, (column, row): (u32, u32)) -> Vec<u8> {
    let row_bytes = picture.width() as usize * 3;
    let tile_bytes = TILE_PX as usize * 3;
    let left = column as usize * tile_bytes;
    let rows = picture.as_raw().chunks_exact(row_bytes);
    rows.skip((row * TILE_PX) as usize)
        .take(TILE_PX as usize)
        .flat_map(|row| &row[left..left + tile_bytes])
        .copied()
        .collect()
}

/// Each sample becomes the difference to the one of the pixel to its left (TIFF 6.0 section 14).
fn deflated(mut tile: Vec<u8>) -> io::Result<Vec<u8>> {
    for row in tile.chunks_exact_mut(TILE_PX as usize * 3) {
        for index in (3..row.len()).rev() {
            row[index] = row[index].wrapping_sub(row[index - 3]);
        }
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&tile)?;
    encoder.finish()
}

fn offset(position: u64) -> io::Result<u32> {
    u32::try_from(position).map_err(|_too_large| {
        io::Error::other(
            "a TIFF of 4 GiB or more; expected one that offsets of 32 bits can address",
        )
    })
}
