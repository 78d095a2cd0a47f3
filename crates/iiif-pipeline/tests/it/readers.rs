//! Source images that are not in memory.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use iiif_pipeline::{
    DecodeLimits, Error, ErrorKind, FileSource, ReadAt, SourceFormat, SourceImage,
};
use iiif_testkit::encode::{
    Jpeg2000Options, JpegOptions, PngOptions, TiffOptions, WebpOptions, bmp, gif, jpeg, jpeg2000,
    png, tiff, webp,
};
use iiif_testkit::pattern::photo;
use image::DynamicImage;

fn files() -> Vec<Vec<u8>> {
    let picture = DynamicImage::from(photo(61, 47));
    vec![
        jpeg(&picture, &JpegOptions::default()),
        jpeg2000(&picture, &Jpeg2000Options::default()),
        png(&picture, &PngOptions::default()),
        gif(&picture),
        tiff(&picture, &TiffOptions::default()),
        webp(&picture, &WebpOptions::default()),
        bmp(&picture),
    ]
}

fn open(reader: impl ReadAt + 'static) -> iiif_pipeline::Result<SourceImage> {
    SourceImage::open(reader, &DecodeLimits::default())
}

#[test]
fn images_in_files_are_those_in_memory() {
    for file in files() {
        let mut on_disk = tempfile::tempfile().unwrap();
        on_disk.write_all(&file).unwrap();
        let opened = open(FileSource::new(on_disk).unwrap()).unwrap();
        let probed = SourceImage::probe(file.clone(), &DecodeLimits::default()).unwrap();

        assert_eq!(opened.format(), probed.format());
        assert_eq!(opened.geometry(), probed.geometry());
        assert_eq!(opened.len_bytes(), file.len() as u64);
        assert_eq!(opened.compressed().unwrap(), file);
        assert_eq!(opened.decode().unwrap(), probed.decode().unwrap());
    }
}

#[test]
fn bytes_are_held_unless_the_format_is_read_in_parts() {
    for file in files() {
        let length = file.len() as u64;
        let image = open(Bytes::from(file)).unwrap();
        let held = if matches!(image.format(), SourceFormat::Tiff | SourceFormat::Png) {
            0
        } else {
            length
        };
        assert_eq!(image.held_bytes(), held, "{image:?}");
        assert_eq!(image.format().is_read_in_parts(), held == 0, "{image:?}");
    }
}

/// Fails once `left` bytes were read.
#[derive(Debug)]
pub(crate) struct Failing {
    pub(crate) bytes: Bytes,
    pub(crate) left: Arc<AtomicU64>,
}

impl ReadAt for Failing {
    fn len_bytes(&self) -> u64 {
        self.bytes.len_bytes()
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let take = |left: u64| left.checked_sub(length as u64);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
            .map_err(|_left| io::Error::other("the disk is gone"))?;
        self.bytes.read_at(offset, length)
    }
}

#[test]
fn reader_that_fails_is_an_error_of_reading_and_no_damage() {
    for file in files() {
        let left = Arc::new(AtomicU64::new(12));
        let failing = Failing {
            bytes: file.clone().into(),
            left: Arc::clone(&left),
        };
        let error = open(failing).unwrap_err();
        assert!(matches!(error, Error::Read { .. }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.to_string(), "cannot read the image");
    }
}

#[test]
fn reader_that_fails_later_is_an_error_of_reading_too() {
    let picture = DynamicImage::from(photo(61, 47));
    let interlaced = PngOptions {
        interlaced: true,
        ..PngOptions::default()
    };
    for file in [
        tiff(&picture, &TiffOptions::default()),
        png(&picture, &PngOptions::default()),
        png(&picture, &interlaced),
    ] {
        let left = Arc::new(AtomicU64::new(u64::MAX));
        let failing = Failing {
            bytes: file.into(),
            left: Arc::clone(&left),
        };
        let image = open(failing).unwrap();
        left.store(0, Ordering::Relaxed);
        let error = image.decode().unwrap_err();
        assert!(matches!(error, Error::Read { .. }), "{error:?}");
        let error = image.compressed().unwrap_err();
        assert!(matches!(error, Error::Read { .. }), "{error:?}");
    }
}

#[test]
fn readers_without_an_image_are_refused_with_what_was_found() {
    for (content, expected) in [("", "empty"), ("<html>", "starts with `<html>`")] {
        let error = open(Bytes::from(content)).unwrap_err();
        assert!(
            matches!(&error, Error::UnknownFormat { found } if found == expected),
            "{error:?}"
        );
    }
}
