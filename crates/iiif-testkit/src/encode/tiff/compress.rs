//! From the samples of a piece to its bytes in the file.

use image::{DynamicImage, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use weezl::BitOrder;

use super::{Compression, Photometric, Planar, Predictor, TiffOptions};
use crate::encode::png::zlib;
use crate::encode::samples::{Samples, pack_row};
use crate::encode::{WebpOptions, webp as encode_webp};

/// Quality of JPEG pieces, 1 to 100.
const JPEG_QUALITY: u8 = 92;

impl Compression {
    pub(super) fn is_jpeg(self) -> bool {
        matches!(self, Self::Jpeg | Self::JpegWithTables)
    }

    /// The value of tag 259.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::None => 1,
            Self::Lzw => 5,
            Self::Jpeg | Self::JpegWithTables => 7,
            Self::Deflate => 8,
            Self::PackBits => 32773,
            Self::WebP => 50001,
        }
    }
}

/// Predicts, packs and compresses one piece.
pub(super) fn compress(mut piece: Samples, options: &TiffOptions) -> Vec<u8> {
    if options.compression.is_jpeg() {
        return jpeg(&piece, options);
    }
    if options.predictor == Predictor::Horizontal {
        subtract_left(&mut piece);
    }
    let rows = piece.values.chunks((piece.width * piece.per_pixel).max(1));
    let rows: Vec<_> = rows
        .map(|row| pack_row(row, piece.bits, options.byte_order))
        .collect();
    match options.compression {
        Compression::Lzw => weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
            .encode(&rows.concat())
            .expect("all codes are bytes"),
        Compression::Deflate => zlib(&rows.concat()),
        // Runs end with the row (TIFF 6.0 section 9).
        Compression::PackBits => rows.iter().flat_map(|row| pack_bits(row)).collect(),
        Compression::WebP => webp(rows.concat(), &piece),
        Compression::None | Compression::Jpeg | Compression::JpegWithTables => rows.concat(),
    }
}

/// Moves the tables of the first of some JPEG streams, which share them, into a stream of their
/// own; returns it and the streams without tables.
pub(super) fn shared_tables(streams: &[Vec<u8>]) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut split = streams
        .iter()
        .map(|stream| split_tables(stream))
        .collect::<Vec<_>>();
    let tables = split
        .first()
        .map(|(tables, _)| tables.clone())
        .unwrap_or_default();
    assert!(
        split.iter().all(|(other, _)| *other == tables),
        "pieces have tables of their own"
    );
    let streams = split.drain(..).map(|(_, stream)| stream).collect();
    (tables, streams)
}

/// Replaces each sample by its difference from the one to the left, wrapping at the depth.
fn subtract_left(piece: &mut Samples) {
    let mask = u16::MAX >> (16 - piece.bits);
    let step = piece.per_pixel;
    for row in piece.values.chunks_mut(piece.width * step) {
        for index in (step..row.len()).rev() {
            row[index] = row[index].wrapping_sub(row[index - step]) & mask;
        }
    }
}

/// Runs of equal bytes and of others (TIFF 6.0 section 9).
fn pack_bits(row: &[u8]) -> Vec<u8> {
    const LONGEST: usize = 128;

    let mut packed = Vec::new();
    let mut rest = row;
    while let Some(&first) = rest.first() {
        let equal = rest
            .iter()
            .take(LONGEST)
            .take_while(|&&byte| byte == first)
            .count();
        if equal > 1 {
            packed.extend([(257 - equal) as u8, first]);
            rest = &rest[equal..];
        } else {
            let run = rest
                .windows(2)
                .take(LONGEST)
                .position(|pair| pair[0] == pair[1]);
            let others = run.unwrap_or(rest.len().min(LONGEST));
            packed.push((others - 1) as u8);
            packed.extend_from_slice(&rest[..others]);
            rest = &rest[others..];
        }
    }
    packed
}

fn webp(pixels: Vec<u8>, piece: &Samples) -> Vec<u8> {
    let (width, height) = (piece.width as u32, piece.height as u32);
    let picture = match piece.per_pixel {
        4 => RgbaImage::from_raw(width, height, pixels).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
    };
    let picture = picture.expect("three or four samples of 8 bits");
    encode_webp(&picture, &WebpOptions::default())
}

fn jpeg(piece: &Samples, options: &TiffOptions) -> Vec<u8> {
    let mut bytes: Vec<u8> = piece.values.iter().map(|&value| value as u8).collect();
    let color = match (options.photometric, options.planar) {
        (Photometric::Rgb | Photometric::YCbCr, Planar::Chunky) => ColorType::Ycbcr,
        (Photometric::Cmyk, Planar::Chunky) => {
            // The encoder inverts for Adobe; in a TIFF the ink is stored as it is.
            bytes = bytes.into_iter().map(|ink| 255 - ink).collect();
            ColorType::Cmyk
        }
        _ => ColorType::Luma,
    };
    let mut stream = Vec::new();
    let mut encoder = Encoder::new(&mut stream, JPEG_QUALITY);
    encoder.set_sampling_factor(match options.photometric {
        Photometric::YCbCr => SamplingFactor::F_2_2,
        _ => SamplingFactor::F_1_1,
    });
    let side = |pixels: usize| u16::try_from(pixels).expect("a side that JPEG can express");
    encoder
        .encode(&bytes, side(piece.width), side(piece.height), color)
        .expect("writing to memory succeeds");
    stream
}

/// Returns a stream of the quantization and Huffman tables, and the stream without them.
fn split_tables(stream: &[u8]) -> (Vec<u8>, Vec<u8>) {
    const SOI: [u8; 2] = [0xFF, 0xD8];
    const EOI: [u8; 2] = [0xFF, 0xD9];
    const DHT: u8 = 0xC4;
    const DQT: u8 = 0xDB;
    const SOS: u8 = 0xDA;

    let (mut tables, mut rest) = (SOI.to_vec(), SOI.to_vec());
    let mut position = SOI.len();
    while stream[position + 1] != SOS {
        let length = u16::from_be_bytes([stream[position + 2], stream[position + 3]]);
        let segment = &stream[position..position + 2 + usize::from(length)];
        let target = if [DHT, DQT].contains(&segment[1]) {
            &mut tables
        } else {
            &mut rest
        };
        target.extend_from_slice(segment);
        position += segment.len();
    }
    tables.extend(EOI);
    rest.extend_from_slice(&stream[position..]);
    (tables, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pack_bits_is_the_example_of_the_specification() {
        // TIFF 6.0 page 42 refers to Apple's note TN1023, whose example this is.
        let row = [
            0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22,
            0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
        ];
        let packed = [
            0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7,
            0xAA,
        ];
        assert_eq!(pack_bits(&row), packed);
    }

    #[test]
    fn runs_are_at_most_128_bytes() {
        assert_eq!(pack_bits(&[7; 130]), [0x81, 7, 0xFF, 7]);
        let others: Vec<u8> = (0..130).collect();
        let packed = pack_bits(&others);
        assert_eq!((packed[0], packed.len()), (127, 130 + 2));
        assert_eq!(pack_bits(&[5]), [0, 5]);
    }
}
