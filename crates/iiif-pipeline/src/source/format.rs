//! The formats that are read, found out by the first bytes.

use std::fmt;

use crate::{Error, ReadAt, Result};

/// The file formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceFormat {
    /// JPEG
    Jpeg,
    /// JPEG 2000: JP2 files, and codestreams as they are
    Jpeg2000,
    /// PNG
    Png,
    /// GIF
    Gif,
    /// TIFF, `BigTIFF` included
    Tiff,
    /// WebP
    WebP,
    /// BMP
    Bmp,
}

/// The longest signatures: those of WebP and JP2.
const SIGNATURE_BYTES: u64 = 12;

/// The box that every JP2 file begins with.
pub(crate) const JP2_SIGNATURE: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";

/// How many of the first bytes an error shows.
const SHOWN_BYTES: usize = 8;

impl SourceFormat {
    /// Finds out the format by the signature at the start of `bytes`.
    ///
    /// Sources of the signatures: ITU-T T.81 §B.1.1.3 (SOI and the start of the next marker), PNG
    /// §5.2, the GIF specification (version 89a) §17, TIFF 6.0 §2 and the `BigTIFF` design (version 43), RFC 9649 §2.4,
    /// ISO/IEC 15444-1 §I.5.1 and §A.4.1 (with the marker that follows), and the `BITMAPFILEHEADER` of the
    /// Windows API.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFormat`] with what was found.
    pub fn sniff(bytes: &[u8]) -> Result<Self> {
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Ok(Self::Jpeg),
            [0xff, 0x4f, 0xff, 0x51, ..] => Ok(Self::Jpeg2000),
            _ if bytes.starts_with(JP2_SIGNATURE) => Ok(Self::Jpeg2000),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Self::Png),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Self::Gif),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Ok(Self::Tiff),
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => Ok(Self::WebP),
            [b'B', b'M', ..] => Ok(Self::Bmp),
            _ => Err(Error::UnknownFormat {
                found: describe(bytes),
            }),
        }
    }

    /// Finds out the format by the first bytes that `reader` has.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownFormat`] with what was found, and [`Error::Read`].
    pub fn sniff_at(reader: &dyn ReadAt) -> Result<Self> {
        let length = reader.len_bytes().min(SIGNATURE_BYTES);
        let start = reader
            .read_at(0, length as usize)
            .map_err(|source| Error::Read { source })?;
        Self::sniff(&start)
    }

    /// Returns whether [`SourceImage::open`](crate::SourceImage::open) leaves images of this format
    /// where they are and reads parts of them, rather than all of it at once.
    #[must_use]
    pub fn is_read_in_parts(self) -> bool {
        matches!(self, Self::Tiff | Self::Png)
    }

    pub(crate) fn accepted() -> &'static str {
        "JPEG, JPEG 2000, PNG, GIF, TIFF, WebP, BMP"
    }
}

impl fmt::Display for SourceFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Jpeg2000 => "JPEG 2000",
            Self::Png => "PNG",
            Self::Gif => "GIF",
            Self::Tiff => "TIFF",
            Self::WebP => "WebP",
            Self::Bmp => "BMP",
        })
    }
}

fn describe(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "empty".to_owned();
    }
    let start = bytes.get(..SHOWN_BYTES).unwrap_or(bytes);
    format!("starts with `{}`", start.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn format_is_found_by_its_signature() {
        let cases: [(&[u8], SourceFormat); 11] = [
            (b"\xff\xd8\xff\xe0", SourceFormat::Jpeg),
            (b"\xff\x4f\xff\x51\0\x2f", SourceFormat::Jpeg2000),
            (b"\0\0\0\x0cjP  \r\n\x87\n\0", SourceFormat::Jpeg2000),
            (b"\x89PNG\r\n\x1a\n", SourceFormat::Png),
            (b"GIF87a", SourceFormat::Gif),
            (b"GIF89a", SourceFormat::Gif),
            (b"II*\0", SourceFormat::Tiff),
            (b"MM\0*", SourceFormat::Tiff),
            (b"II+\0\x08\0", SourceFormat::Tiff),
            (b"RIFF\x10\0\0\0WEBPVP8 ", SourceFormat::WebP),
            (b"BM\x46\0", SourceFormat::Bmp),
        ];
        for (bytes, format) in cases {
            assert_eq!(SourceFormat::sniff(bytes).unwrap(), format, "{bytes:?}");
        }
    }

    #[test]
    fn unknown_bytes_are_shown_and_the_formats_listed() {
        let cases: [(&[u8], &str); 3] = [
            (b"", "not an image that is read here: empty;"),
            (b"<html><body>", "starts with `<html><b`;"),
            (b"\xff\xd8", "starts with `\\xff\\xd8`;"),
        ];
        for (bytes, expected) in cases {
            let message = SourceFormat::sniff(bytes).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.ends_with("JPEG, JPEG 2000, PNG, GIF, TIFF, WebP, BMP"));
        }
    }
}
