//! Codestreams made by hand, which no encoder writes.

use super::segments::{COC, COD, EOC, PPM, PPT, QCC, QCD, RGN, SIZ, SOC, SOD, SOT};
use super::*;

const COMMENT: u16 = 0xff64;

/// Gray of 8 bits, without levels, in one layer.
const CODING: [u8; 10] = [0, 0, 0, 1, 0, 0, 4, 4, 0, 1];
const QUANTIZATION: [u8; 2] = [2 << 5, 8 << 3];

fn segment(marker: u16, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16 + 2;
    [&marker.to_be_bytes()[..], &length.to_be_bytes(), content].concat()
}

fn sizes(side: u32, tile: u32) -> Vec<u8> {
    let numbers = [side, side, 0, 0, tile, tile, 0, 0].map(u32::to_be_bytes);
    segment(
        SIZ,
        &[&[0, 0], numbers.as_flattened(), &[0, 1, 7, 1, 1]].concat(),
    )
}

/// A part of a tile, the packet in which is empty.
fn part(tile: u16, header: &[u8]) -> Vec<u8> {
    let length = 15 + header.len() as u32;
    let start = [&tile.to_be_bytes()[..], &length.to_be_bytes(), &[0, 0]].concat();
    [&segment(SOT, &start), header, &SOD.to_be_bytes(), &[0]].concat()
}

fn main_header(sizes: &[u8], more: &[u8]) -> Vec<u8> {
    let coding = segment(COD, &CODING);
    let quantization = segment(QCD, &QUANTIZATION);
    [&SOC.to_be_bytes(), sizes, &coding, &quantization, more].concat()
}

/// One tile of 64 pixels a side.
fn small(more: &[u8], parts: &[u8]) -> Vec<u8> {
    let header = main_header(&sizes(64, 64), more);
    [&header, parts, &EOC.to_be_bytes()].concat()
}

fn read(codestream: Vec<u8>) -> Result<(Bytes, Header)> {
    let bytes = Bytes::from(codestream);
    let header = read_header(&bytes, &DecodeLimits::default())?;
    Ok((bytes, header))
}

fn decoded(codestream: Vec<u8>) -> Result<DynamicImage> {
    let (bytes, header) = read(codestream)?;
    decode(&bytes, &header, &Decoding::full(&header))
}

/// Returns an error with its cause.
fn text<T>(result: Result<T>) -> String {
    let Err(error) = result else {
        return String::new();
    };
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

#[test]
fn segments_that_may_be_there_once_are_refused_again() {
    let own_coding = [&[0, 0], &CODING[5..]].concat();
    let own_quantization = [&[0], &QUANTIZATION[..]].concat();
    let gray = decoded(small(&[], &part(0, &[]))).unwrap();
    for (marker, content) in [
        (COD, &CODING[..]),
        (QCD, &QUANTIZATION),
        (COC, &own_coding),
        (QCC, &own_quantization),
        (RGN, &[0, 0, 0]),
    ] {
        let once = segment(marker, content);
        let again = [&once[..], &once].concat();
        if ![COD, QCD].contains(&marker) {
            assert_eq!(decoded(small(&once, &part(0, &[]))).unwrap(), gray);
        }
        let refused = text(read(small(&again, &part(0, &[]))));
        assert!(refused.contains("there again"), "{marker:x}: {refused}");
        if ![COD, COC].contains(&marker) {
            assert_eq!(decoded(small(&[], &part(0, &once))).unwrap(), gray);
            // In any of the parts of a tile.
            let parts = [part(0, &once), part(0, &once)].concat();
            let refused = text(decoded(small(&[], &parts)));
            assert!(refused.contains("there again"), "{marker:x}: {refused}");
        }
    }
    let other = text(read(small(&segment(RGN, &[1, 0, 0]), &part(0, &[]))));
    assert!(other.contains("of a component"), "{other}");
}

#[test]
fn quantization_is_as_long_as_that_of_all_levels_at_most() {
    for (steps, is_read) in [(97, true), (98, false)] {
        let own = [&[0, 2 << 5][..], &vec![8 << 3; steps]].concat();
        let result = read(small(&segment(QCC, &own), &part(0, &[])));
        assert_eq!(result.is_ok(), is_read, "{steps}");
    }
}

#[test]
fn bit_planes_that_no_encoder_writes_are_refused() {
    for (guard, exponent, is_read) in [(2, 19, true), (2, 20, false), (7, 31, false)] {
        let own = [0, guard << 5, exponent << 3];
        let refused = text(read(small(&segment(QCC, &own), &part(0, &[]))));
        assert_eq!(refused.is_empty(), is_read, "{refused}");
        let planes = format!("{} bit planes of 8-bit samples", guard + exponent - 1);
        assert!(is_read || refused.contains(&planes), "{refused}");
    }
}

#[test]
fn pieces_are_copied_with_what_decoding_takes_of_the_main_header() {
    let codestream = small(&segment(COMMENT, &vec![b' '; 60_000]), &part(0, &[]));
    let main = MainHeader::read(&codestream).unwrap();
    let parts = TileParts::find(&codestream, &main).unwrap();
    let file = parts.file(&(0..1), &(0..1)).unwrap();
    assert!(file.capacity() < 200, "{}", file.capacity());
    assert_eq!(file.len(), file.capacity());
}

#[test]
fn tile_of_more_parts_than_there_can_be_is_refused() {
    let parts = |count: usize| part(0, &[]).repeat(count);
    for (count, is_found) in [(255, true), (256, false)] {
        let codestream = small(&[], &parts(count));
        let main = MainHeader::read(&codestream).unwrap();
        let found = TileParts::find(&codestream, &main);
        assert_eq!(found.is_ok(), is_found, "{count}");
    }
}

#[test]
fn parts_of_tiles_are_found_in_any_order() {
    let header = main_header(&sizes(128, 64), &[]);
    let parts = [3, 0, 2, 0, 1, 3].map(|tile| part(tile, &[])).concat();
    let codestream = [&header, &parts[..], &EOC.to_be_bytes()].concat();
    let main = MainHeader::read(&codestream).unwrap();
    let found = TileParts::find(&codestream, &main).unwrap();
    let length = |columns, rows| found.file(&columns, &rows).unwrap().len();
    let without = length(1..2, 0..1) - 15;
    for (columns, rows, count) in [(0..1, 0..1, 2), (0..2, 0..2, 6), (0..2, 1..2, 3)] {
        assert_eq!(length(columns, rows), without + count * 15);
    }
}

#[test]
fn packet_headers_apart_from_the_tiles_are_counted() {
    let packed = |count: usize| segment(PPM, &[0; 1001]).repeat(count);
    let scratch = |count| read(small(&packed(count), &part(0, &[]))).map(|it| it.1.scratch_bytes);
    let without = scratch(0).unwrap();
    assert!(scratch(200).unwrap() > without + 200 * 1000 * 20);
    let refused = text(scratch(257));
    assert!(refused.contains("in many segments"), "{refused}");

    let of_tile = |count: usize| segment(PPT, &[0]).repeat(count);
    let refused = text(decoded(small(&[], &part(0, &of_tile(257)))));
    assert!(refused.contains("in many segments"), "{refused}");
}

#[test]
fn last_part_ends_with_the_codestream_whatever_fills_up_the_file() {
    let comment = segment(COMMENT, &EOC.to_be_bytes());
    let mut last = part(0, &comment);
    last[6..10].fill(0);
    let whole = decoded(small(&[], &last)).unwrap();
    let padded = [small(&[], &last), vec![0; 99]].concat();
    assert_eq!(decoded(padded.clone()).unwrap(), whole);
    // With nothing that says where it ends it may be cut off.
    let endless = &padded[..padded.len() - 101];
    let refused = text(decoded(endless.to_vec()));
    assert!(refused.contains("cut off"), "{refused}");
}

#[test]
fn grids_that_reach_to_the_last_numbers_are_refused() {
    let mut far = sizes(64, 64);
    // Where the image ends, where it starts, and where tiles do.
    for (at, number) in [(6, u32::MAX), (14, u32::MAX - 64), (30, u32::MAX - 64)] {
        far[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    let codestream = [main_header(&far, &[]), part(0, &[]), vec![0xff, 0xd9]].concat();
    let refused = text(read(codestream));
    assert!(refused.contains("2^31"), "{refused}");
}
