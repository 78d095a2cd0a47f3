//! A source image: its bytes and what its header says.

mod data;
#[cfg(feature = "tiff")]
mod fetched;
mod file;
mod format;
mod header;
mod layout;
#[cfg(feature = "tiff")]
mod level;
mod read_at;
mod resolution;
#[cfg(feature = "png")]
mod stream;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use iiif_image_api::{Dimensions, SourceGeometry};
use image::DynamicImage;

pub(crate) use self::data::Data;
#[cfg(feature = "tiff")]
pub(crate) use self::fetched::Fetched;
pub use self::file::FileSource;
#[cfg(feature = "jpeg2000")]
pub(crate) use self::format::JP2_SIGNATURE;
pub use self::format::SourceFormat;
#[cfg(feature = "jpeg")]
pub(crate) use self::header::Reduction;
pub(crate) use self::header::{Header, raster_bytes};
pub use self::layout::{ColorModel, PixelLayout};
#[cfg(feature = "tiff")]
pub(crate) use self::level::Level;
pub use self::read_at::ReadAt;
pub use self::resolution::Resolution;
#[cfg(feature = "png")]
pub(crate) use self::stream::{STREAM_BYTES, Stream};
use crate::decode::{Decoding, Need, Raster};
use crate::{DecodeLimits, Result, decode};

/// A source image: its bytes, and the facts that its header declares.
///
/// [`probe`](Self::probe) takes bytes that are in memory, [`open`](Self::open) a reader that need
/// not be. Both are cheap: they decode no pixels and allocate nothing of the declared size.
/// [`decode`](Self::decode) does the work. All may be called from any thread; a clone shares the
/// bytes and the facts.
///
/// # Examples
///
/// ```
/// use iiif_pipeline::{DecodeLimits, Error, SourceImage};
///
/// let error = SourceImage::probe(&b"<html>"[..], &DecodeLimits::default()).err();
/// assert!(matches!(error, Some(Error::UnknownFormat { .. })));
/// ```
#[derive(Clone)]
pub struct SourceImage {
    data: Data,
    format: SourceFormat,
    header: Arc<Header>,
}

impl SourceImage {
    /// Finds out the format by the content and reads the header.
    ///
    /// # Errors
    ///
    /// - [`UnknownFormat`](crate::Error::UnknownFormat) if no format that is read begins like this.
    /// - [`OverLimit`](crate::Error::OverLimit) if the header declares more than `limits`.
    /// - [`Corrupt`](crate::Error::Corrupt) if the header is damaged, or declares more pixels than
    ///   the format can hold in this number of bytes.
    /// - [`UnsupportedSource`](crate::Error::UnsupportedSource) if the image is valid and uses
    ///   something that is not read here.
    pub fn probe(bytes: impl Into<Bytes>, limits: &DecodeLimits) -> Result<Self> {
        let bytes = bytes.into();
        let format = SourceFormat::sniff(&bytes)?;
        Self::new(Data::Memory(bytes), format, limits)
    }

    /// Finds out the format by the content and reads the header.
    ///
    /// What is decoded from parts ([`SourceFormat::is_read_in_parts`]) stays in `reader`; all of
    /// any other format is read into memory.
    ///
    /// # Errors
    ///
    /// Those of [`probe`](Self::probe), and [`Read`](crate::Error::Read).
    pub fn open(reader: impl ReadAt + 'static, limits: &DecodeLimits) -> Result<Self> {
        let format = SourceFormat::sniff_at(&reader)?;
        let mut data = Data::Parts(Arc::new(reader));
        if !format.is_read_in_parts() {
            data = Data::Memory(data.all()?);
        }
        Self::new(data, format, limits)
    }

    fn new(data: Data, format: SourceFormat, limits: &DecodeLimits) -> Result<Self> {
        let header = decode::read_header(format, &data, limits)?;
        Ok(Self {
            data,
            format,
            header: Arc::new(header),
        })
    }

    /// Returns the number of compressed bytes.
    #[must_use]
    pub fn len_bytes(&self) -> u64 {
        self.data.len_bytes()
    }

    /// Returns how many of the compressed bytes are held in memory: all or none.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        self.data.held_bytes()
    }

    /// Returns whether the compressed bytes are read from somebody else, each read of which takes its time:
    /// those of a reader that says [so](ReadAt::is_remote).
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.data.is_remote()
    }

    /// Returns the most bytes that the header takes in memory, here and in each decode: the ICC profile, and
    /// of a TIFF where its strips and tiles are, which is read with the first of them and kept. What a
    /// [reader](Self::open) holds is not counted, nor are some kilobytes of other facts.
    #[must_use]
    pub fn header_bytes(&self) -> u64 {
        self.header.held_bytes()
    }

    /// Returns the compressed bytes; reads all of them if they are not held.
    ///
    /// # Errors
    ///
    /// [`Read`](crate::Error::Read).
    pub fn compressed(&self) -> Result<Bytes> {
        self.data.all()
    }

    /// Returns the format, found out by the content.
    #[must_use]
    pub fn format(&self) -> SourceFormat {
        self.format
    }

    /// Returns the stored dimensions and how the raster is turned to stand upright.
    #[must_use]
    pub fn geometry(&self) -> SourceGeometry {
        SourceGeometry {
            stored: self.header.dimensions,
            orientation: self.header.orientation,
        }
    }

    /// Returns the dimensions of the image when it stands upright, as viewers show it.
    #[must_use]
    pub fn dimensions(&self) -> Dimensions {
        self.header.orientation.upright(self.header.dimensions)
    }

    /// Returns the layout of the raster that [`decode`](Self::decode) makes.
    ///
    /// It is known from the header. One exception: a GIF whose pixels all turn out opaque is
    /// decoded without the alpha channel that is announced here.
    #[must_use]
    pub fn pixel_layout(&self) -> PixelLayout {
        self.header.layout
    }

    /// Returns the dimensions of the sizes in which the file holds the image, upright, the largest first:
    /// the full one, the smaller levels of a TIFF pyramid, the smaller resolutions of a JPEG 2000.
    pub fn levels(&self) -> impl Iterator<Item = Dimensions> + '_ {
        let levels = self.header.level_dimensions().into_iter();
        levels.map(|stored| self.header.orientation.upright(stored))
    }

    /// Returns the dimensions of the tiles in which the full image is stored, upright; nothing if it is
    /// not stored in tiles.
    ///
    /// What is asked in such tiles is read the fastest. They begin at the top left of the stored image,
    /// which is another corner where the [orientation](Self::geometry) turns it.
    #[must_use]
    pub fn tile_dimensions(&self) -> Option<Dimensions> {
        let tile = self.header.tile_dimensions()?;
        Some(self.header.orientation.upright(tile))
    }

    /// Returns how large the pixels are, as the header states it: JFIF, EXIF, pHYs of PNG, tags of TIFF,
    /// boxes of JP2.
    #[must_use]
    pub fn resolution(&self) -> Option<Resolution> {
        let stored = self.header.resolution?;
        Some(if self.header.orientation.swaps_sides() {
            stored.transposed()
        } else {
            stored
        })
    }

    /// Returns the color model in which the pixels are stored.
    #[must_use]
    pub fn color_model(&self) -> ColorModel {
        self.header.color_model
    }

    /// Returns the embedded ICC profile, unchecked.
    #[must_use]
    pub fn icc_profile(&self) -> Option<&[u8]> {
        self.header.icc_profile.as_deref()
    }

    /// Returns the most bytes that [`decode`](Self::decode) holds at one time, the raster and the
    /// decoder's own buffers together; compressed bytes that [are held](Self::held_bytes) are not
    /// counted.
    ///
    /// An estimate from the header, exact for the raster. Meant for a budget of memory.
    #[must_use]
    pub fn decoded_bytes(&self) -> u64 {
        self.header
            .raster_bytes()
            .saturating_add(self.header.scratch_bytes)
    }

    /// Decodes all pixels, in the stored orientation and in sRGB.
    ///
    /// The result is gray or RGB, with or without alpha (never premultiplied), with 8 or 16 bits
    /// per channel: `Luma8`, `LumaA8`, `Rgb8`, `Rgba8`, `Luma16`, `LumaA16`, `Rgb16` or `Rgba16`.
    /// Colors with an ICC profile are converted; a profile that is damaged or describes other
    /// channels is ignored. Of an animation the first frame is decoded, of a file with several
    /// pages the first page.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](crate::Error::Corrupt) if the data is damaged or cut off,
    /// [`UnsupportedSource`](crate::Error::UnsupportedSource), and [`Read`](crate::Error::Read).
    pub fn decode(&self) -> Result<DynamicImage> {
        let everything = Decoding::full(&self.header);
        Ok(self.decode_as(&everything)?.image)
    }

    #[cfg(feature = "tiff")]
    pub(crate) fn data(&self) -> &Data {
        &self.data
    }

    /// Returns the image of other data, which are the same bytes.
    #[cfg(feature = "tiff")]
    pub(crate) fn with_data(&self, data: Data) -> Self {
        Self {
            data,
            ..self.clone()
        }
    }

    pub(crate) fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// Chooses the cheapest decoding that serves `need`.
    pub(crate) fn choose(&self, need: Need) -> Decoding {
        decode::choose(self.format, &self.header, need)
    }

    pub(crate) fn decode_as(&self, decoding: &Decoding) -> Result<Raster> {
        decode::decode(self.format, &self.data, &self.header, decoding)
    }

    /// Returns the bytes of a raster and the most that its decoding holds besides.
    pub(crate) fn bytes_of(&self, decoding: &Decoding) -> (u64, u64) {
        (decoding.raster_bytes(&self.header), decoding.scratch_bytes)
    }
}

impl fmt::Debug for SourceImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceImage")
            .field("format", &self.format)
            .field("bytes", &self.len_bytes())
            .field("geometry", &self.geometry())
            .field("layout", &self.header.layout)
            .finish_non_exhaustive()
    }
}
