//! Channels and bits of a raster.

/// What the samples of the stored image mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColorModel {
    /// Gray levels.
    Gray,
    /// Red, green and blue, or what codes them (`YCbCr`, a palette).
    Rgb,
    /// Inks: cyan, magenta, yellow, black, or what codes them (YCCK). Decoded to RGB.
    Cmyk,
}

/// Channels and bits of a decoded raster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelLayout {
    /// 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha.
    pub channels: u8,
    /// Bits per channel: 8 or 16.
    pub bits: u8,
}

impl PixelLayout {
    /// Gray levels of 8 bits.
    pub const LUMA8: Self = Self::new(1, 8);
    /// RGB with 8 bits per channel.
    pub const RGB8: Self = Self::new(3, 8);

    pub(crate) const fn new(channels: u8, bits: u8) -> Self {
        Self { channels, bits }
    }

    /// Returns whether there is an alpha channel.
    #[must_use]
    pub fn has_alpha(self) -> bool {
        matches!(self.channels, 2 | 4)
    }

    /// Returns the bytes of one pixel.
    #[must_use]
    pub fn bytes_per_pixel(self) -> u64 {
        u64::from(self.channels) * u64::from(self.bits / 8)
    }
}

impl From<image::ColorType> for PixelLayout {
    fn from(color_type: image::ColorType) -> Self {
        let channels = color_type.channel_count();
        let bits = color_type.bits_per_pixel() / u16::from(channels);
        Self::new(channels, bits as u8)
    }
}
