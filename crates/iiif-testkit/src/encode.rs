//! Files to read in tests: each function returns the bytes of one, for one picture.
//!
//! They write what readers must cope with and encoders rarely offer: progressive CMYK JPEGs,
//! interlaced PNGs of two bits, tiled planar TIFFs in either byte order. Options have public
//! fields and a default, so a test names only what it is about.

mod bmp;
mod exif;
mod gif;
pub(crate) mod ifd;
mod jp2;
mod jpeg;
mod jpeg2000;
mod palette;
pub(crate) mod png;
mod samples;
mod tiff;
mod webp;

pub use self::bmp::bmp;
pub use self::exif::{GPS_LATITUDE, GPS_LONGITUDE, GPS_MARKER};
pub use self::gif::gif;
pub use self::ifd::ByteOrder;
pub use self::jp2::jp2;
pub use self::jpeg::{COMMENT, JpegColor, JpegOptions, XMP_MARKER, jpeg};
pub use self::jpeg2000::{
    Jpeg2000Coding, Jpeg2000Container, Jpeg2000Options, PacketOrder, decoded_jpeg2000, jpeg2000,
};
pub use self::png::{PngColor, PngOptions, png};
pub use self::tiff::{
    Compression, Layout, Photometric, Planar, Predictor, Pyramid, TiffOptions, tiff, tiff_pyramid,
};
pub use self::webp::{WebpOptions, webp};
/// Chroma subsampling of JPEGs, from the encoder.
pub use jpeg_encoder::SamplingFactor;
