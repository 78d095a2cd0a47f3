//! `photos FOLDER`: draws the photographs that the comparison with other programs measures.
//!
//! `photos FOLDER SIDE` draws the two large tiled TIFFs of `SIDE` by `SIDE` pixels instead. Files
//! that are there already stay.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::Path;

use iiif_benches::huge_tiff::{HugeCompression, write_huge_tiff};
use iiif_benches::pictures::{LARGE, MEDIUM, Picture, pixels};

/// Name, dimensions and kind of each photograph.
const PHOTOS: [(&str, (u32, u32), Picture); 5] = [
    ("photo-15mp.jpg", LARGE, Picture::Baseline),
    ("progressive-15mp.jpg", LARGE, Picture::Progressive),
    ("photo-15mp.png", LARGE, Picture::Png),
    ("pyramid-15mp.tif", LARGE, Picture::Pyramid),
    ("photo-4mp.jpg", MEDIUM, Picture::Baseline),
];

/// Name and compression of each large TIFF.
const HUGE: [(&str, HugeCompression); 2] = [
    ("huge.tif", HugeCompression::None),
    ("huge-deflate.tif", HugeCompression::Deflate),
];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [folder] => draw_photos(Path::new(folder)),
        [folder, side] => {
            let side = side.parse().map_err(io::Error::other)?;
            draw_huge(Path::new(folder), side)
        }
        _ => Err(io::Error::other(
            "expected a folder, and perhaps a side in pixels",
        )),
    }
}

fn draw_photos(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, dimensions, picture) in PHOTOS {
        let path = folder.join(name);
        if !path.exists() {
            fs::write(path, picture.encode(&pixels(dimensions)))?;
        }
    }
    Ok(())
}

/// A file that could not be finished is not taken for a whole one: it gets its name at the end.
fn draw_huge(folder: &Path, side: u32) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, compression) in HUGE {
        let path = folder.join(name);
        if path.exists() {
            continue;
        }
        let unfinished = path.with_extension("part");
        let mut file = BufWriter::with_capacity(1 << 20, File::create(&unfinished)?);
        write_huge_tiff(&mut file, side, compression)?;
        file.into_inner()?.sync_all()?;
        fs::rename(unfinished, path)?;
    }
    Ok(())
}
