//! Files to read in tests: each function returns the bytes of one, for one picture.
//!
//! They write what readers must cope with and encoders rarely offer: progressive CMYK JPEGs,
//! interlaced PNGs of two bits, tiled planar TIFFs in either byte order. Options have public
//! fields and a default, so a test names only what it is about.

mod exif;
mod ifd;
mod jpeg;
mod samples;

pub use self::exif::{GPS_LATITUDE, GPS_LONGITUDE, GPS_MARKER};
pub use self::ifd::ByteOrder;
pub use self::jpeg::{COMMENT, JpegColor, JpegOptions, XMP_MARKER, jpeg};
