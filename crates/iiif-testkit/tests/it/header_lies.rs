use std::io::Cursor;

use iiif_testkit::header_lies::{self, ENORMOUS_SIDE_PX, ROWS};
use image::{ImageFormat, ImageReader};

#[test]
fn readers_believe_the_declared_dimensions() {
    for (name, file) in header_lies::all() {
        let expected = if name == "png of 16 million rows" {
            (1, ROWS)
        } else {
            (ENORMOUS_SIDE_PX, ENORMOUS_SIDE_PX)
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
