//! How derivatives are written.

use std::ops::RangeInclusive;

use crate::{Error, Result};

/// The lossy qualities that are accepted.
const ENCODER_QUALITIES: RangeInclusive<u8> = 1..=100;

/// How derivatives are written. Every format is written without metadata, in sRGB.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeOptions {
    /// Quality of JPEGs, 1 to 100. Default: 80.
    pub jpeg_quality: u8,
    /// Resolution of the colors of JPEGs. Default: [`ChromaSampling::Quarter`].
    pub jpeg_sampling: ChromaSampling,
    /// Order of the data of JPEGs. Default: [`JpegScans::Baseline`].
    pub jpeg_scans: JpegScans,
    /// Effort for PNGs. Default: [`PngCompression::Fast`].
    pub png_compression: PngCompression,
    /// Compression of TIFFs. Default: [`TifCompression::Lzw`].
    pub tif_compression: TifCompression,
    /// Compression of `WebP`. Default: [`WebpCompression::Lossless`].
    pub webp_compression: WebpCompression,
    /// Whether a plan that changes nothing, or asks one tile, returns the source's own compressed data.
    /// Default:
    /// [`Passthrough::Allowed`].
    pub passthrough: Passthrough,
}

/// Resolution of the colors of a JPEG, beside its brightness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChromaSampling {
    /// 4:4:4: full resolution.
    Full,
    /// 4:2:2: half the width.
    Horizontal,
    /// 4:2:0: half the width and half the height.
    #[default]
    Quarter,
}

/// Order of the data of a JPEG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JpegScans {
    /// From top to bottom.
    #[default]
    Baseline,
    /// From coarse to fine: smaller, and slower to write and to read.
    Progressive,
}

/// Effort for PNGs; all are lossless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PngCompression {
    /// Many times faster than the others, larger by about a tenth.
    #[default]
    Fast,
    /// The usual effort of PNG writers.
    Balanced,
    /// As small as it gets.
    Best,
}

/// Compression of TIFFs; all are lossless.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TifCompression {
    /// Samples as they are.
    None,
    /// LZW with horizontal differences, which every reader knows.
    #[default]
    Lzw,
    /// Deflate with horizontal differences: smaller than LZW.
    Deflate,
}

/// Compression of `WebP`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebpCompression {
    /// Every pixel as it is.
    #[default]
    Lossless,
    /// Smaller, by leaving out what is hard to see. Needs feature `webp-lossy`.
    Lossy {
        /// 1 to 100.
        quality: u8,
    },
}

/// Whether a plan that changes nothing, or asks exactly one JPEG tile of a TIFF, returns the source's own
/// compressed data, without metadata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passthrough {
    /// Where it is possible: no loss, and nothing to decode.
    #[default]
    Allowed,
    /// Every derivative is encoded anew.
    Never,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            jpeg_quality: 80,
            jpeg_sampling: ChromaSampling::default(),
            jpeg_scans: JpegScans::default(),
            png_compression: PngCompression::default(),
            tif_compression: TifCompression::default(),
            webp_compression: WebpCompression::default(),
            passthrough: Passthrough::default(),
        }
    }
}

impl EncodeOptions {
    /// Sets [`jpeg_quality`](Self::jpeg_quality).
    #[must_use]
    pub fn with_jpeg_quality(mut self, jpeg_quality: u8) -> Self {
        self.jpeg_quality = jpeg_quality;
        self
    }

    /// Sets [`jpeg_sampling`](Self::jpeg_sampling).
    #[must_use]
    pub fn with_jpeg_sampling(mut self, jpeg_sampling: ChromaSampling) -> Self {
        self.jpeg_sampling = jpeg_sampling;
        self
    }

    /// Sets [`jpeg_scans`](Self::jpeg_scans).
    #[must_use]
    pub fn with_jpeg_scans(mut self, jpeg_scans: JpegScans) -> Self {
        self.jpeg_scans = jpeg_scans;
        self
    }

    /// Sets [`png_compression`](Self::png_compression).
    #[must_use]
    pub fn with_png_compression(mut self, png_compression: PngCompression) -> Self {
        self.png_compression = png_compression;
        self
    }

    /// Sets [`tif_compression`](Self::tif_compression).
    #[must_use]
    pub fn with_tif_compression(mut self, tif_compression: TifCompression) -> Self {
        self.tif_compression = tif_compression;
        self
    }

    /// Sets [`webp_compression`](Self::webp_compression).
    #[must_use]
    pub fn with_webp_compression(mut self, webp_compression: WebpCompression) -> Self {
        self.webp_compression = webp_compression;
        self
    }

    /// Sets [`passthrough`](Self::passthrough).
    #[must_use]
    pub fn with_passthrough(mut self, passthrough: Passthrough) -> Self {
        self.passthrough = passthrough;
        self
    }

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidOption`] if a quality is not in 1 to 100, or lossy WebP is asked for and not
    /// built in.
    pub fn validate(&self) -> Result<()> {
        let quality = |option, quality: u8| {
            if ENCODER_QUALITIES.contains(&quality) {
                return Ok(());
            }
            Err(Error::InvalidOption {
                option,
                value: format!("`{quality}`"),
                expected: "1 to 100",
            })
        };
        quality("jpeg_quality", self.jpeg_quality)?;
        match self.webp_compression {
            WebpCompression::Lossy { .. } if !cfg!(feature = "webp-lossy") => {
                Err(Error::InvalidOption {
                    option: "webp_compression",
                    value: "lossy".to_owned(),
                    expected: "lossless: this program is built without feature `webp-lossy`",
                })
            }
            WebpCompression::Lossy { quality: value } => quality("webp_compression quality", value),
            WebpCompression::Lossless => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::EncodeOptions;

    #[test]
    fn the_defaults_are_valid() {
        assert!(EncodeOptions::default().validate().is_ok());
        assert_eq!(EncodeOptions::default().jpeg_quality, 80);
    }

    #[test]
    fn qualities_outside_1_to_100_are_refused_with_the_value() {
        for quality in [0, 101, 255] {
            let options = EncodeOptions::default().with_jpeg_quality(quality);
            let message = options.validate().expect_err("out of range").to_string();
            assert_eq!(
                message,
                format!("jpeg_quality is `{quality}`; expected 1 to 100")
            );
        }
        for quality in [1, 100] {
            let options = EncodeOptions::default().with_jpeg_quality(quality);
            assert!(options.validate().is_ok());
        }
    }
}
