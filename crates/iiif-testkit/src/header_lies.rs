//! Files whose headers declare far more pixels than there is data for.
//!
//! A reader must refuse them by the declared dimensions, or fail for lack of data, and in both
//! cases without the memory that the header asks for. Each file is under 600 bytes.

use image::DynamicImage;

use crate::encode::ifd::{IfdWriter, OffsetSize, Value};
use crate::encode::png::{SIGNATURE, chunk, header, zlib};
use crate::encode::{
    ByteOrder, Jpeg2000Container, Jpeg2000Options, JpegColor, JpegOptions, PngColor, PngOptions,
    WebpOptions, bmp, jpeg, jpeg2000, webp,
};

/// Width and height that the enormous files declare: 3.6 billion pixels.
pub const ENORMOUS_SIDE_PX: u32 = 60_000;

/// Rows that [`png_of_16_million_rows`] declares.
pub const ROWS: u32 = 16_000_000;

/// Returns a PNG one pixel wide that declares 16 million rows and has the data of one.
#[must_use]
pub fn png_of_16_million_rows() -> Vec<u8> {
    png_declaring(1, ROWS)
}

/// Returns a PNG that declares 60,000 by 60,000 pixels.
#[must_use]
pub fn enormous_png() -> Vec<u8> {
    png_declaring(ENORMOUS_SIDE_PX, ENORMOUS_SIDE_PX)
}

/// Returns a grayscale JPEG that declares 60,000 by 60,000 pixels and has those of one block.
///
/// # Panics
///
/// Never: the header is where the encoder writes it.
#[must_use]
pub fn enormous_jpeg() -> Vec<u8> {
    let options = JpegOptions {
        color: JpegColor::Gray,
        ..Default::default()
    };
    let mut file = jpeg(&DynamicImage::new_luma8(8, 8), &options);
    // SOF0, length 11 for one component, 8 bits (ITU-T T.81 section B.2.2).
    let frame = [0xFF, 0xC0, 0, 11, 8];
    let at = file.windows(frame.len()).position(|window| window == frame);
    let at = at.expect("a start of frame") + frame.len();
    let side = (ENORMOUS_SIDE_PX as u16).to_be_bytes();
    file.splice(at..at + 4, [side, side].concat());
    file
}

/// Returns a JPEG 2000 codestream that declares 60,000 by 60,000 pixels in one tile and has those of eight
/// by eight.
#[must_use]
pub fn enormous_jpeg2000() -> Vec<u8> {
    jpeg2000_declaring(ENORMOUS_SIDE_PX, ENORMOUS_SIDE_PX)
}

/// Returns a JPEG 2000 codestream that declares 2,000 by 2,000 pixels in tiles of one.
#[must_use]
pub fn jpeg2000_of_4_million_tiles() -> Vec<u8> {
    jpeg2000_declaring(2000, 1)
}

/// Returns a TIFF of one strip that declares 60,000 by 60,000 RGB pixels and has 16 bytes.
#[must_use]
pub fn enormous_tiff() -> Vec<u8> {
    let mut writer = IfdWriter::new(ByteOrder::Little, OffsetSize::Classic);
    let strip = writer.append(&[0; 16]);
    writer.chain_directory(vec![
        (256, Value::Long(ENORMOUS_SIDE_PX)),
        (257, Value::Long(ENORMOUS_SIDE_PX)),
        (258, Value::Shorts(vec![8, 8, 8])),
        (259, Value::Shorts(vec![1])),
        (262, Value::Shorts(vec![2])),
        (273, Value::Offsets(vec![strip])),
        (277, Value::Shorts(vec![3])),
        (278, Value::Long(ENORMOUS_SIDE_PX)),
        (279, Value::Offsets(vec![16])),
    ]);
    writer.finish()
}

/// Returns a GIF whose screen and only frame are 60,000 by 60,000 pixels, with data for one.
#[must_use]
pub fn enormous_gif() -> Vec<u8> {
    let [low, high] = (ENORMOUS_SIDE_PX as u16).to_le_bytes();
    let sides = [low, high, low, high];
    // GIF89a sections 18, 19, 20 and 22: screen with two colors, frame, clear-0-end in LZW.
    let screen = [
        &b"GIF89a"[..],
        &sides,
        &[0x80, 0, 0],
        &[0, 0, 0, 255, 255, 255],
    ]
    .concat();
    let frame = [
        &[0x2C, 0, 0, 0, 0][..],
        &sides,
        &[0, 2, 2, 0x44, 0x01, 0, 0x3B],
    ]
    .concat();
    [screen, frame].concat()
}

/// Returns a BMP of 24 bits that declares 60,000 by 60,000 pixels and has one.
#[must_use]
pub fn enormous_bmp() -> Vec<u8> {
    // BITMAPINFOHEADER: width and height at 4 and 8, after a file header of 14 bytes.
    let mut file = bmp(&DynamicImage::new_rgb8(1, 1));
    let side = ENORMOUS_SIDE_PX.to_le_bytes();
    file[18..26].copy_from_slice(&[side, side].concat());
    file
}

/// Returns a WebP whose canvas is 60,000 by 60,000 pixels and whose only picture is one.
#[must_use]
pub fn enormous_webp() -> Vec<u8> {
    // RFC 9649 section 2.7: VP8X holds flags, three reserved bytes, and the sides minus one.
    let picture = webp(&DynamicImage::new_rgb8(1, 1), &WebpOptions::default());
    let side = &(ENORMOUS_SIDE_PX - 1).to_le_bytes()[..3];
    let canvas = [&b"VP8X"[..], &10_u32.to_le_bytes(), &[0; 4], side, side].concat();
    let chunks = [b"WEBP", &canvas[..], &picture[12..]].concat();
    [b"RIFF", &(chunks.len() as u32).to_le_bytes()[..], &chunks].concat()
}

/// Returns all of these files with a name for messages.
#[must_use]
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("png of 16 million rows", png_of_16_million_rows()),
        ("enormous png", enormous_png()),
        ("enormous jpeg", enormous_jpeg()),
        ("enormous jpeg 2000", enormous_jpeg2000()),
        (
            "jpeg 2000 of 4 million tiles",
            jpeg2000_of_4_million_tiles(),
        ),
        ("enormous tiff", enormous_tiff()),
        ("enormous gif", enormous_gif()),
        ("enormous bmp", enormous_bmp()),
        ("enormous webp", enormous_webp()),
    ]
}

fn jpeg2000_declaring(side: u32, tile: u32) -> Vec<u8> {
    let options = Jpeg2000Options {
        container: Jpeg2000Container::Codestream,
        levels: 1,
        ..Jpeg2000Options::default()
    };
    let mut file = jpeg2000(&DynamicImage::new_rgb8(8, 8), &options);
    // ISO/IEC 15444-1 section A.5.1: sides at 8, offsets, then sides of tiles.
    let [side, tile] = [side, tile].map(u32::to_be_bytes);
    file[8..16].copy_from_slice(&[side, side].concat());
    file[24..32].copy_from_slice(&[tile, tile].concat());
    file
}

fn png_declaring(width: u32, height: u32) -> Vec<u8> {
    let options = PngOptions {
        color: PngColor::Gray,
        ..Default::default()
    };
    let header = chunk(*b"IHDR", &header(width, height, &options));
    let data = chunk(*b"IDAT", &zlib(&[0, 0]));
    [&SIGNATURE[..], &header, &data, &chunk(*b"IEND", &[])].concat()
}
