//! Tile arithmetic.

use std::num::NonZeroU32;

use iiif_image_api::{ApiVersion, Format, TileGrid};

use crate::dimensions;

fn grid((width, height): (u32, u32), (tile_width, tile_height): (u32, u32)) -> TileGrid {
    TileGrid::new(
        dimensions(width, height),
        dimensions(tile_width, tile_height),
    )
}

fn factor(value: u32) -> NonZeroU32 {
    NonZeroU32::new(value).expect("not zero")
}

#[test]
fn scale_factors_end_where_one_tile_holds_the_image() {
    type Sides = (u32, u32);
    let cases: [(Sides, Sides, &[u32]); 9] = [
        // 3.0 §5.4.
        ((6000, 4000), (512, 512), &[1, 2, 4, 8, 16]),
        ((512, 512), (512, 512), &[1]),
        ((513, 512), (512, 512), &[1, 2]),
        ((1, 1), (1, 1), &[1]),
        ((1, 1000), (256, 256), &[1, 2, 4]),
        ((1024, 1025), (512, 512), &[1, 2, 4]),
        ((1024, 1024), (512, 512), &[1, 2]),
        ((1000, 1000), (1000, 250), &[1, 2, 4]),
        ((u32::MAX, 1), (u32::MAX, 1), &[1]),
    ];
    for (image, tile, expected) in cases {
        let factors: Vec<u32> = grid(image, tile).scale_factors().map(Into::into).collect();
        assert_eq!(factors, expected, "{image:?} in tiles of {tile:?}");
    }
    let last = grid((u32::MAX, u32::MAX), (1, 1)).scale_factors().last();
    assert_eq!(last, Some(factor(1 << 31)));
}

#[test]
fn sizes_are_halvings_rounded_up() {
    let sizes: Vec<String> = grid((6001, 3999), (512, 512))
        .sizes()
        .map(|size| size.to_string())
        .collect();
    assert_eq!(
        sizes,
        ["6001x3999", "3001x2000", "1501x1000", "751x500", "376x250"]
    );
}

#[test]
fn tiles_at_the_edge_are_what_is_left() {
    // Image, tile edge, scale factor, column, row, region, size; by the formulas of the
    // implementation notes.
    let cases = [
        ((6000, 4000), 512, 1, 0, 0, "0,0,512,512", "512x512"),
        ((6000, 4000), 512, 1, 11, 7, "5632,3584,368,416", "368x416"),
        ((6000, 4000), 512, 8, 1, 0, "4096,0,1904,4000", "238x500"),
        ((6000, 4000), 512, 16, 0, 0, "0,0,6000,4000", "375x250"),
        ((1001, 701), 256, 2, 1, 1, "512,512,489,189", "245x95"),
        ((1025, 1), 256, 4, 1, 0, "1024,0,1,1", "1x1"),
        ((1000, 1000), 300, 3, 1, 1, "900,900,100,100", "34x34"),
    ];
    for ((width, height), edge, scale, column, row, region, size) in cases {
        let level = grid((width, height), (edge, edge)).level(factor(scale));
        let tile = level.tile(column, row).expect("inside");
        assert_eq!(tile.region.to_string(), region);
        assert_eq!(tile.size.to_string(), size);
    }
}

#[test]
fn there_are_no_tiles_outside() {
    let level = grid((6000, 4000), (512, 512)).level(factor(1));
    assert_eq!((level.columns(), level.rows(), level.count()), (12, 8, 96));
    assert_eq!(level.tiles().count(), 96);
    for (column, row) in [
        (12, 0),
        (0, 8),
        (u32::MAX, 0),
        (0, u32::MAX),
        (u32::MAX, u32::MAX),
    ] {
        assert_eq!(level.tile(column, row), None);
    }
    let huge = grid((u32::MAX, u32::MAX), (u32::MAX, u32::MAX)).level(factor(u32::MAX));
    assert_eq!(huge.tile(u32::MAX, u32::MAX), None);
    assert_eq!(
        huge.tile(0, 0).map(|tile| tile.size),
        Some(dimensions(1, 1))
    );
    assert_eq!(
        grid((u32::MAX, u32::MAX), (1, 1)).level(factor(1)).count(),
        18_446_744_065_119_617_025
    );
}

#[test]
fn tiles_are_asked_for_in_the_words_of_viewers() {
    // Image, scale factor, column, row, 2.1, 3.0; tiles of 256 pixels.
    let cases = [
        (
            (1000, 700),
            1,
            0,
            0,
            "0,0,256,256/256,",
            "0,0,256,256/256,256",
        ),
        (
            (1000, 700),
            1,
            3,
            2,
            "768,512,232,188/232,",
            "768,512,232,188/232,188",
        ),
        (
            (1000, 700),
            2,
            1,
            1,
            "512,512,488,188/244,",
            "512,512,488,188/244,94",
        ),
        ((1000, 700), 4, 0, 0, "full/250,", "full/250,175"),
        // A small image is its own tile.
        ((200, 100), 1, 0, 0, "full/full", "full/max"),
        // Strips as wide as the image.
        (
            (200, 1000),
            1,
            0,
            1,
            "0,256,200,256/full",
            "0,256,200,256/200,256",
        ),
        ((1, 1000), 2, 0, 1, "0,512,1,488/1,", "0,512,1,488/1,244"),
    ];
    for (image, scale, column, row, v2, v3) in cases {
        let tile = grid(image, (256, 256))
            .level(factor(scale))
            .tile(column, row)
            .expect("inside");
        let asked = |version| tile.request(version, Format::Jpg).to_string();
        assert_eq!(asked(ApiVersion::V2), format!("{v2}/0/default.jpg"));
        assert_eq!(asked(ApiVersion::V3), format!("{v3}/0/default.jpg"));
    }
}
