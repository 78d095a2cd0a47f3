//! One strip or tile: from compressed data to rows of packed samples.

use std::convert::Infallible;

use bytes::Bytes;
use fax::decoder::{DecodeStatus, Group4Decoder};
use fdeflate::{DecompressionError, Decompressor};
use weezl::BitOrder;
use weezl::decode::Configuration;

use super::coding::{Compression, Photometric};
use super::page::Page;
use super::{Damage, FORMAT, picture};
use crate::Result;
use crate::decode::corrupt;
use crate::error::BoxError;

/// Rows of packed samples.
pub(super) struct Chunk {
    pub(super) data: Bytes,
    /// Bytes from one row to the next.
    pub(super) row_bytes: usize,
}

/// Decompresses the first `rows` rows of the chunk at `index` from its data.
pub(super) fn read(page: &Page, data: &Bytes, index: usize, rows: usize) -> Result<Chunk> {
    if page.least_chunk_bytes(rows) > data.len() as u64 {
        return Err(corrupt(FORMAT, Damage::ShortChunk { index }));
    }
    if page.compression.is_picture() {
        return picture::read(page, data, rows)
            .map_err(|source| corrupt(FORMAT, ChunkDamage { index, source }));
    }
    let reversed: Bytes;
    let data = if page.is_bit_reversed {
        reversed = data.iter().map(|byte| byte.reverse_bits()).collect();
        &reversed
    } else {
        data
    };
    let data = decompress(page, data, page.packed_bytes(rows))
        .map_err(|source| corrupt(FORMAT, ChunkDamage { index, source }))?;
    if page.photometric == Photometric::YCbCr {
        return Ok(Chunk {
            data: upsample(page, &data, rows).into(),
            row_bytes: page.chunk_width * 3,
        });
    }
    Ok(Chunk {
        data,
        row_bytes: page.row_bytes(),
    })
}

/// Returns exactly `length` bytes; what follows them is padding.
fn decompress(page: &Page, data: &Bytes, length: usize) -> Result<Bytes, BoxError> {
    if page.compression == Compression::None {
        if data.len() < length {
            return Err(TooShort.into());
        }
        return Ok(data.slice(..length));
    }
    let mut out = vec![0; length];
    match page.compression {
        Compression::Deflate => inflate(data, &mut out)?,
        Compression::Group4 => decode_group4(data, page.chunk_width, &mut out)?,
        Compression::Lzw => unpack_lzw(data, &mut out)?,
        _ => unpack_bits(data, &mut out).ok_or(TooShort)?,
    }
    Ok(out.into())
}

/// Deflate in a zlib stream: Adobe Photoshop TIFF Technical Note 2. What the stream has beyond the
/// output is not looked at.
fn inflate(mut data: &[u8], out: &mut [u8]) -> Result<(), BoxError> {
    let mut decompressor = Decompressor::new();
    let mut written = 0;
    while written < out.len() {
        // That the input ends here is found out below: only what it is too short for counts.
        let (consumed, produced) = decompressor
            .read(data, out, written, false)
            .map_err(DamagedDeflate)?;
        if (consumed, produced) == (0, 0) {
            return Err(TooShort.into());
        }
        data = &data[consumed..];
        written += produced;
    }
    Ok(())
}

/// LZW with the early change of the code size: TIFF 6.0 §13.
fn unpack_lzw(mut data: &[u8], mut out: &mut [u8]) -> Result<(), BoxError> {
    let mut decoder = Configuration::with_tiff_size_switch(BitOrder::Msb, 8)
        .with_yield_on_full_buffer(true)
        .build();
    while !out.is_empty() {
        let result = decoder.decode_bytes(data, out);
        result.status?;
        if result.consumed_in == 0 && result.consumed_out == 0 {
            return Err(TooShort.into());
        }
        data = &data[result.consumed_in..];
        out = &mut out[result.consumed_out..];
    }
    Ok(())
}

/// `PackBits`: TIFF 6.0 §9. `None` if the data ends too early.
fn unpack_bits(mut data: &[u8], mut out: &mut [u8]) -> Option<()> {
    /// Does nothing.
    const NO_OPERATION: u8 = 128;
    while !out.is_empty() {
        let (count, rest) = data.split_first()?;
        data = rest;
        if *count < NO_OPERATION {
            let length = (usize::from(*count) + 1).min(out.len());
            out[..length].copy_from_slice(data.get(..length)?);
            data = &data[length..];
            out = &mut out[length..];
        } else if *count > NO_OPERATION {
            let (value, rest) = data.split_first()?;
            let length = (257 - usize::from(*count)).min(out.len());
            out[..length].fill(*value);
            data = rest;
            out = &mut out[length..];
        }
    }
    Some(())
}

/// Decodes rows of black and white, where black is 1: ITU-T T.6, TIFF 6.0 §11. Rows after the end
/// of the block are white.
fn decode_group4(data: &[u8], width: usize, out: &mut [u8]) -> Result<(), BoxError> {
    let columns = u16::try_from(width)?;
    let bytes = data.iter().map(|byte| Ok::<_, Infallible>(*byte));
    let mut decoder = Group4Decoder::new(bytes, columns)?;
    for row in out.chunks_exact_mut(width.div_ceil(8)) {
        match decoder.advance()? {
            DecodeStatus::End => break,
            DecodeStatus::Incomplete => {}
        }
        // Where the color changes; the first is to black.
        for change in decoder.transition().chunks(2) {
            let start = usize::from(change[0]).min(width);
            let end = change
                .get(1)
                .map_or(width, |end| usize::from(*end).min(width));
            blacken(row, start, end);
        }
    }
    Ok(())
}

/// Sets the bits from `start` to before `end`, counted from the highest of the first byte.
fn blacken(row: &mut [u8], start: usize, end: usize) {
    if start >= end {
        return;
    }
    let (first, last) = (start / 8, (end - 1) / 8);
    let from_start = u8::MAX >> (start % 8);
    let to_end = u8::MAX << (7 - (end - 1) % 8);
    if first == last {
        row[first] |= from_start & to_end;
        return;
    }
    row[first] |= from_start;
    row[first + 1..last].fill(u8::MAX);
    row[last] |= to_end;
}

/// Turns units of several lumas and one pair of chromas into RGB: TIFF 6.0 §21, with the default
/// coefficients (ITU-R BT.601) and the full range. The chromas are repeated.
fn upsample(page: &Page, data: &[u8], rows: usize) -> Vec<u8> {
    let (horizontal, vertical) = page.subsampling;
    let width = page.chunk_width;
    let unit_bytes = horizontal * vertical + 2;
    let units_across = width.div_ceil(horizontal);
    let mut rgb = vec![0; width * rows * 3];
    for (y, row) in rgb.chunks_exact_mut(width * 3).enumerate() {
        for (x, pixel) in row.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let unit = (y / vertical) * units_across + x / horizontal;
            let unit = &data[unit * unit_bytes..][..unit_bytes];
            let luma = unit[(y % vertical) * horizontal + x % horizontal];
            *pixel = to_rgb(luma, unit[unit_bytes - 2], unit[unit_bytes - 1]);
        }
    }
    rgb
}

/// The coefficients of ITU-R BT.601 in units of 1/65536.
fn to_rgb(luma: u8, cb: u8, cr: u8) -> [u8; 3] {
    let luma = (i32::from(luma) << 16) + (1 << 15);
    let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
    let level = |value: i32| (value >> 16).clamp(0, 255) as u8;
    [
        level(luma + 91_881 * cr),
        level(luma - 22_554 * cb - 46_802 * cr),
        level(luma + 116_130 * cb),
    ]
}

/// A chunk cannot be decompressed.
#[derive(Debug, thiserror::Error)]
#[error("strip or tile {index} is damaged")]
struct ChunkDamage {
    index: usize,
    source: BoxError,
}

/// A zlib stream is damaged.
#[derive(Debug, thiserror::Error)]
#[error("the deflate stream is damaged: `{0:?}`")]
struct DamagedDeflate(DecompressionError);

/// Too little data.
#[derive(Debug, thiserror::Error)]
#[error("the data ends too early")]
struct TooShort;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn example_of_the_specification_is_unpacked() {
        // The example of TIFF 6.0 §9.
        let packed = [
            0xfe, 0xaa, 0x02, 0x80, 0x00, 0x2a, 0xfd, 0xaa, 0x03, 0x80, 0x00, 0x2a, 0x22, 0xf7,
            0xaa,
        ];
        let mut out = [0; 24];
        unpack_bits(&packed, &mut out).unwrap();
        assert_eq!(
            out,
            [
                0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0xaa, 0xaa, 0xaa, 0xaa, 0x80, 0x00, 0x2a, 0x22,
                0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa
            ]
        );
        assert_eq!(unpack_bits(&packed, &mut [0; 25]), None);
    }

    #[test]
    fn fax_code_is_decoded_by_its_tables() {
        // ITU-T T.6 §2.2 and T.4 table 2, eight columns. Row 1: horizontal 001, three white 1000,
        // two black 11, vertical 1 to the end. Row 2: the same, three times vertical. Row 3: all
        // black, horizontal with no white 00110101 and eight black 000101. The end: twice
        // 000000000001.
        let code = [
            "0011000111",
            "111",
            "00100110101000101",
            "000000000001000000000001",
        ]
        .concat();
        let data: Vec<u8> = code
            .as_bytes()
            .chunks(8)
            .map(|bits| {
                bits.iter().fold(0, |byte, bit| byte << 1 | (bit - b'0')) << (8 - bits.len())
            })
            .collect();
        let mut out = [0; 4];
        decode_group4(&data, 8, &mut out).unwrap();
        assert_eq!(out, [0b0001_1000, 0b0001_1000, 0xff, 0]);
        assert!(decode_group4(&data[..2], 8, &mut out).is_err());
    }

    #[test]
    fn runs_of_black_end_where_they_should() {
        for start in 0..40_usize {
            for end in start..=40 {
                let mut row = [0; 5];
                blacken(&mut row, start, end);
                for column in 0..40 {
                    let is_black = row[column / 8] & 128 >> (column % 8) != 0;
                    assert_eq!(is_black, (start..end).contains(&column), "{start}..{end}");
                }
            }
        }
    }

    #[test]
    fn extremes_of_luma_and_chroma_are_clamped() {
        // R = Y + 1.402 Cr', G = Y - 0.344136 Cb' - 0.714136 Cr', B = Y + 1.772 Cb'.
        let cases = [
            ((0, 128, 128), [0, 0, 0]),
            ((255, 128, 128), [255, 255, 255]),
            ((76, 85, 255), [254, 0, 0]),
            ((100, 0, 0), [0, 235, 0]),
            ((200, 255, 255), [255, 66, 255]),
        ];
        for ((luma, cb, cr), rgb) in cases {
            assert_eq!(to_rgb(luma, cb, cr), rgb);
        }
    }
}
