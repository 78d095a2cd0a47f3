//! `png`: headers and checksums with `png`. Rows are filtered and compressed here: `png` holds an image
//! several times, or writes row by row and is slower.

mod filters;

use std::io::{self, Write};

use fdeflate::Compressor;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use image::DynamicImage;
use png::{BitDepth, ColorType, Encoder, SrgbRenderingIntent, Writer, chunk};

use self::filters::Filters;
use crate::error::BoxError;
use crate::render::raster::{self, Samples};
use crate::{EncodeOptions, PngCompression};

/// Pixels per byte of one bit each.
const PIXELS_PER_BYTE: usize = 8;

/// Compressed bytes per chunk, or some more.
const CHUNK_BYTES: usize = 1 << 16;

/// How rows become a zlib stream.
#[derive(Clone, Copy)]
enum Deflate {
    /// Runs of zeros, and a code made for filtered bytes.
    Fast,
    Level(Compression),
}

/// Keeps depth and channels; an image of nothing but black and white takes one bit per pixel.
///
/// Besides the file, which is hardly longer than the samples, some rows are held.
pub(super) fn encode(image: &DynamicImage, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    let picture = Picture::new(image).ok_or("the samples are neither 8 nor 16 bits wide")?;
    let deflate = match options.png_compression {
        // The fast compressor leaves bits as they are.
        PngCompression::Fast if picture.depth != BitDepth::One => Deflate::Fast,
        PngCompression::Fast | PngCompression::Balanced => Deflate::Level(Compression::default()),
        PngCompression::Best => Deflate::Level(Compression::best()),
    };
    // Filters do not help below 8 bits (PNG 3rd edition §12.7).
    let filters = picture.depth != BitDepth::One;
    let mut file = Bounded {
        bytes: Vec::with_capacity(picture.stored_bytes()),
        is_full: false,
    };
    picture.write(&mut file, deflate, filters)?;
    let mut bytes = file.bytes;
    if file.is_full {
        bytes.clear();
        picture.write(&mut bytes, Deflate::Level(Compression::none()), false)?;
    }
    Ok(bytes)
}

#[derive(Clone, Copy)]
struct Picture<'a> {
    image: &'a DynamicImage,
    samples: Samples<'a>,
    depth: BitDepth,
    channels: usize,
}

impl<'a> Picture<'a> {
    fn new(image: &'a DynamicImage) -> Option<Self> {
        let samples = raster::samples(image)?;
        let channels = raster::channels(image);
        let depth = match samples {
            Samples::Bits8(samples) if channels == 1 && is_bitonal(samples) => BitDepth::One,
            Samples::Bits8(_) => BitDepth::Eight,
            Samples::Bits16(_) => BitDepth::Sixteen,
        };
        Some(Self {
            image,
            samples,
            depth,
            channels,
        })
    }

    fn row_bytes(&self) -> usize {
        let pixel_bits = self.channels * self.depth as usize;
        (self.image.width() as usize * pixel_bits).div_ceil(8)
    }

    /// Returns at least the bytes of a file that is not compressed.
    fn stored_bytes(&self) -> usize {
        let rows_bytes = self.image.height() as usize * (1 + self.row_bytes());
        // Chunks and blocks of Deflate have headers, of which there is one for 20 KiB or more.
        rows_bytes + rows_bytes / 1024 + 1024
    }

    fn write(&self, file: impl Write, deflate: Deflate, filters: bool) -> Result<(), BoxError> {
        let mut encoder = Encoder::new(file, self.image.width(), self.image.height());
        encoder.set_depth(self.depth);
        encoder.set_color(match self.channels {
            1 => ColorType::Grayscale,
            2 => ColorType::GrayscaleAlpha,
            3 => ColorType::Rgb,
            _ => ColorType::Rgba,
        });
        encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
        let chunks = Chunks {
            writer: encoder.write_header()?,
            data: Vec::with_capacity(CHUNK_BYTES),
        };
        let mut chunks = match deflate {
            Deflate::Fast => {
                let mut compressor = Compressor::new(chunks)?;
                self.rows(filters, |row| compressor.write_data(row))?;
                compressor.finish()?
            }
            Deflate::Level(level) => {
                let mut compressor = ZlibEncoder::new(chunks, level);
                self.rows(filters, |row| compressor.write_all(row))?;
                compressor.finish()?
            }
        };
        chunks.flush()?;
        Ok(chunks.writer.finish()?)
    }

    /// Hands out each row after the type of its filter.
    fn rows(
        &self,
        filters: bool,
        mut write: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let pixel_bytes = (self.channels * self.depth as usize).div_ceil(8);
        let mut filter = Filters::new(pixel_bytes, self.row_bytes());
        let row_samples = self.image.width() as usize * self.channels;
        for y in 0..self.image.height() as usize {
            let part = y * row_samples..(y + 1) * row_samples;
            let bytes = filter.next_row();
            match self.samples {
                Samples::Bits8(samples) if self.depth == BitDepth::One => {
                    pack(&samples[part], bytes);
                }
                Samples::Bits8(samples) => bytes.copy_from_slice(&samples[part]),
                // Samples are big endian (PNG 3rd edition §7.1).
                Samples::Bits16(samples) => {
                    let bytes = bytes.as_chunks_mut().0;
                    for (bytes, sample) in bytes.iter_mut().zip(&samples[part]) {
                        *bytes = sample.to_be_bytes();
                    }
                }
            }
            write(if filters {
                filter.filtered()
            } else {
                filter.unfiltered()
            })?;
        }
        Ok(())
    }
}

/// The beginning of a file that is too long, or all of it. It takes the rest too, since the fast compressor panics
/// where it cannot write.
struct Bounded {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Bounded {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.is_full |= part.len() > self.bytes.capacity() - self.bytes.len();
        if !self.is_full {
            self.bytes.extend_from_slice(part);
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A zlib stream, in chunks of a file.
struct Chunks<W: Write> {
    writer: Writer<W>,
    data: Vec<u8>,
}

impl<W: Write> Write for Chunks<W> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.data.extend_from_slice(part);
        if self.data.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.write_chunk(chunk::IDAT, &self.data)?;
        self.data.clear();
        Ok(())
    }
}

fn is_bitonal(samples: &[u8]) -> bool {
    samples.iter().all(|level| matches!(level, 0 | 255))
}

/// Makes of a row one bit per pixel, leftmost in the highest bit (PNG 3rd edition §7.2).
fn pack(row: &[u8], bytes: &mut [u8]) {
    for (byte, pixels) in bytes.iter_mut().zip(row.chunks(PIXELS_PER_BYTE)) {
        let bits = |byte, (i, level): (usize, &u8)| byte | ((level & 1) << (7 - i));
        *byte = pixels.iter().enumerate().fold(0, bits);
    }
}
