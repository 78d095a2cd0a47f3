use std::io::Cursor;

use iiif_testkit::header_lies::{self, ENORMOUS_SIDE_PX, ROWS};
use image::{ImageFormat, ImageReader};

#[test]
fn readers_believe_the_declared_dimensions() {
    for (name, file) in header_lies::all() {
        let expected = match name {
            "png of 16 million rows" => (1, ROWS),
            "jpeg 2000 of 4 million tiles" => (2000, 2000),
            _ => (ENORMOUS_SIDE_PX, ENORMOUS_SIDE_PX),
        };
        assert_eq!(declared(&file), expected, "{name}");
    }
}

#[test]
fn the_files_are_small() {
    assert_eq!(header_lies::png_of_16_million_rows().len(), 67);
    for (name, file) in header_lies::all() {
        assert!(file.len() < 600, "{name}: {} bytes", file.len());
    }
}

fn declared(file: &[u8]) -> (u32, u32) {
    if let [0xFF, 0x4F, 0xFF, 0x51, _, _, _, _, sizes @ ..] = file {
        // The reader at hand wants the tiles to be right: ISO/IEC 15444-1 section A.5.1.
        let side = |at: usize| {
            let bytes = sizes[at..at + 4].try_into().expect("four bytes");
            u32::from_be_bytes(bytes)
        };
        return (side(0), side(4));
    }
    let file = Cursor::new(file);
    let reader = ImageReader::new(file.clone())
        .with_guessed_format()
        .expect("readable memory");
    if reader.format() == Some(ImageFormat::Tiff) {
        let mut decoder = tiff::decoder::Decoder::new(file).expect("a readable header");
        return decoder.dimensions().expect("dimensions");
    }
    reader.into_dimensions().expect("a readable header")
}
