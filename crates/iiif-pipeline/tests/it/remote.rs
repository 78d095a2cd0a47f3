//! TIFFs far away, where each read takes its time.

use std::sync::atomic::Ordering;

use iiif_image_api::{RenderPlan, ResolveOptions};
use iiif_pipeline::{EncodeOptions, SourceImage};
use iiif_testkit::encode::{Compression, Layout, Photometric, Planar, TiffOptions, tiff};
use iiif_testkit::pattern::photo;
use image::DynamicImage;

use crate::decode::probe;
use crate::logged::{Log, open_remote};
use crate::pyramid::derive;

const TILES: Layout = Layout::Tiles {
    width: 64,
    height: 64,
};

/// Derives what `request` asks for and compares it with that of the same file in memory.
fn reads(source: &SourceImage, log: &Log, in_memory: &SourceImage, request: &str) -> usize {
    log.reads();
    let made = derive(source, request).expect("a derivative");
    let reads = log.reads();
    let expected = derive(in_memory, request).expect("a derivative");
    assert_eq!(made, expected, "{request}");
    assert_eq!(log.held.load(Ordering::Relaxed), 0, "{request}");
    assert!(reads.iter().all(|(_, length)| *length <= 1 << 20));
    reads.len()
}

#[test]
fn sizes_of_a_small_pyramid_take_one_read_each_once_it_is_open() {
    let options = TiffOptions {
        layout: TILES,
        photometric: Photometric::YCbCr,
        compression: Compression::JpegWithTables,
        overviews: 3,
        ..TiffOptions::default()
    };
    let file = tiff(&photo(1000, 700).into(), &options);
    assert!(file.len() < 1 << 20);
    let (source, log) = open_remote(file.clone());
    let in_memory = probe(file);
    // Wherever the directories are, none is read twice.
    let mut opening = log.reads();
    let count = opening.len();
    opening.sort_unstable();
    opening.dedup();
    assert_eq!(
        (opening.len(), log.held.load(Ordering::Relaxed)),
        (count, 0)
    );
    for request in [
        "full/max/0/default.png",
        "full/500,/0/default.png",
        "full/!100,100/0/default.png",
        "10,20,400,300/max/0/default.png",
        "64,64,64,64/max/0/default.png",
        "0,0,1,1/max/0/default.png",
    ] {
        assert_eq!(reads(&source, &log, &in_memory, request), 1, "{request}");
    }
}

#[test]
fn parts_take_as_many_reads_as_there_are_gaps() {
    // A row of tiles is 192 KiB, one tile 12 KiB.
    let picture = DynamicImage::from(photo(1024, 768));
    for planar in [Planar::Chunky, Planar::Planar] {
        let options = TiffOptions {
            layout: TILES,
            planar,
            ..TiffOptions::default()
        };
        let file = tiff(&picture, &options);
        let (source, log) = open_remote(file.clone());
        let in_memory = probe(file);
        let reads = |request: &str| reads(&source, &log, &in_memory, request);
        let planes = if planar == Planar::Planar { 3 } else { 1 };
        // Three rows of four tiles; all of three rows. Planes have rows of 64 KiB: what is between
        // their tiles is read.
        let (apart, whole) = match planes {
            1 => (3, 1),
            _ => (3, 3),
        };
        assert_eq!(reads("128,64,256,192/max/0/default.png"), apart);
        assert_eq!(reads("0,64,1024,192/max/0/default.png"), whole);
        // 2.25 MiB.
        assert_eq!(reads("full/max/0/default.png"), 3);
        assert_eq!(reads("full/128,/0/default.png"), 3);
    }
}

/// Writers on several threads put tiles where they come.
#[test]
fn order_of_tiles_in_the_file_does_not_matter() {
    const TILE_OFFSETS: u16 = 324;
    const COUNT: u32 = 12 * 9;
    let picture = DynamicImage::from(photo(768, 576));
    let options = TiffOptions {
        layout: TILES,
        ..TiffOptions::default()
    };
    let mut file = tiff(&picture, &options);
    let at = values_at(&file, TILE_OFFSETS, COUNT);
    let offsets: Vec<usize> = (0..COUNT as usize)
        .map(|tile| long(&file, at + 4 * tile))
        .collect();
    let pixels = file.clone();
    for tile in 0..offsets.len() {
        // 7 and the number of tiles have no common divisor.
        let place = offsets[tile * 7 % offsets.len()];
        file[place..][..12 << 10].copy_from_slice(&pixels[offsets[tile]..][..12 << 10]);
        file[at + 4 * tile..][..4].copy_from_slice(&(place as u32).to_le_bytes());
    }
    let (source, log) = open_remote(file.clone());
    let request = "full/max/0/default.png";
    assert_eq!(reads(&source, &log, &probe(file), request), 2);
    assert_eq!(derive(&source, request).unwrap(), picture);
}

/// Tiles whose byte counts reach far behind their data.
#[test]
fn what_is_held_is_counted_however_long_tiles_are_said_to_be() {
    const TILE_OFFSETS: u16 = 324;
    const TILE_BYTE_COUNTS: u16 = 325;
    const COUNT: u32 = 20 * 20;
    const STRIDE: usize = 100 << 10;
    let picture = DynamicImage::from(photo(1280, 1280));
    let options = TiffOptions {
        layout: TILES,
        compression: Compression::Deflate,
        ..TiffOptions::default()
    };
    let mut file = tiff(&picture, &options);
    let offsets = values_at(&file, TILE_OFFSETS, COUNT);
    let counts = values_at(&file, TILE_BYTE_COUNTS, COUNT);
    for tile in 0..COUNT as usize {
        let (start, length) = (
            long(&file, offsets + 4 * tile),
            long(&file, counts + 4 * tile),
        );
        let copy = file[start..start + length].to_vec();
        let moved = file.len();
        file.extend(copy);
        file.resize(moved + STRIDE, 0);
        file[offsets + 4 * tile..][..4].copy_from_slice(&(moved as u32).to_le_bytes());
        file[counts + 4 * tile..][..4].copy_from_slice(&(STRIDE as u32).to_le_bytes());
    }
    let (source, log) = open_remote(file);
    log.most_held.store(0, Ordering::Relaxed);
    let request = "full/max/0/default.png".parse().unwrap();
    let plan = RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default());
    let choice = source.decode_choice(&plan.unwrap(), 0);
    source.decode_chosen(&choice).unwrap();
    let most_held = log.most_held.load(Ordering::Relaxed) as u64;
    let counted = choice.decoding_bytes() - 1280 * 1280 * 3;
    assert!(most_held <= counted, "{most_held} of {counted}");
    // 35 MiB, of which as much is held as several reads take.
    assert!(most_held <= 5 << 20, "{most_held}");
    assert!(counted <= 8 << 20, "{counted}");
    assert_eq!(derive(&source, "full/max/0/default.png").unwrap(), picture);
}

/// Returns where the numbers of a field of the first page are.
fn values_at(file: &[u8], tag: u16, count: u32) -> usize {
    const LONG: u16 = 4;
    let entry = [
        &tag.to_le_bytes()[..],
        &LONG.to_le_bytes(),
        &count.to_le_bytes(),
    ]
    .concat();
    let at = file.windows(entry.len()).position(|bytes| bytes == entry);
    long(file, at.expect("the field") + entry.len())
}

fn long(file: &[u8], at: usize) -> usize {
    u32::from_le_bytes(*file[at..].first_chunk().expect("an entry")) as usize
}

fn plan(source: &SourceImage, request: &str) -> RenderPlan {
    let request = request.parse().expect("a request");
    RenderPlan::resolve(&request, source.geometry(), &ResolveOptions::default()).expect("a plan")
}

/// Fetches what `request` needs, and decodes it without a read to what the same file in memory gives.
fn assert_fetched(source: &SourceImage, log: &Log, in_memory: &SourceImage, request: &str) {
    let plan = plan(source, request);
    let choice = source.decode_choice(&plan, 0);
    log.reads();
    let fetched = source.fetch_chosen(&choice).expect("fetched");
    assert!(!log.reads().is_empty(), "{request}");
    // Where the tiles are is known now, and with it of how many bytes they are.
    let counted = source.decode_choice(&plan, 0);
    assert!(counted.decoding_bytes() <= choice.decoding_bytes());
    let derive = |image: &SourceImage| {
        let decoded = image.decode_chosen(&choice).expect("pixels");
        decoded
            .derive(&plan, &EncodeOptions::default())
            .expect("a file")
    };
    let made = derive(&fetched);
    assert_eq!(log.reads(), [], "{request}");
    assert_eq!(made.bytes, derive(in_memory).bytes, "{request}");
}

#[test]
fn what_was_fetched_is_decoded_without_a_read() {
    let options = TiffOptions {
        layout: TILES,
        planar: Planar::Planar,
        overviews: 2,
        ..TiffOptions::default()
    };
    let file = tiff(&photo(1024, 768).into(), &options);
    let (source, log) = open_remote(file.clone());
    let in_memory = probe(file);
    for request in [
        "full/max/0/default.png",
        "full/100,/0/default.png",
        "130,70,500,300/250,/0/default.png",
        "64,64,64,64/max/0/default.png",
    ] {
        assert_fetched(&source, &log, &in_memory, request);
    }
}

#[test]
fn what_was_fetched_of_several_bands_is_decoded_without_a_read() {
    let options = TiffOptions {
        layout: Layout::Tiles {
            width: 256,
            height: 256,
        },
        photometric: Photometric::YCbCr,
        compression: Compression::JpegWithTables,
        ..TiffOptions::default()
    };
    // A band has 16 MiB of pixels, a read 1 MiB.
    let file = tiff(&photo(4000, 3000).into(), &options);
    assert!(file.len() > 3 << 19, "{}", file.len());
    let (source, log) = open_remote(file.clone());
    assert_fetched(&source, &log, &probe(file), "full/max/0/default.jpg");
}

#[test]
fn what_is_too_much_to_be_held_is_not_fetched() {
    let options = TiffOptions {
        layout: TILES,
        ..TiffOptions::default()
    };
    let (source, log) = open_remote(tiff(&photo(1500, 1100).into(), &options));
    let choice = source.decode_choice(&plan(&source, "full/max/0/default.png"), 0);
    let fetched = source.fetch_chosen(&choice).unwrap();
    assert_eq!(log.held.load(Ordering::Relaxed), 0);
    fetched.decode_chosen(&choice).unwrap();
    assert!(!log.reads().is_empty());
}
