//! How derivatives are encoded: the block `encoding`, which go-iiif does not have.

use serde_json::{Value, json};

use crate::Error;
use crate::names::named;
use crate::reader::Field;

/// How derivatives are encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodingConfig {
    /// `jpeg_quality`: from 1 to 100. Default: 80.
    pub jpeg_quality: u8,
    /// `jpeg_chroma_subsampling`. Default: 4:2:0.
    pub jpeg_chroma_subsampling: ChromaSubsampling,
    /// `jpeg_progressive`: smaller files that take longer to encode and decode. Default: `false`.
    pub jpeg_progressive: bool,
    /// `png_compression`. Default: `fast`.
    pub png_compression: PngCompression,
    /// `webp_lossless`: every pixel as it is, in files several times as large. Default: `false`.
    pub webp_lossless: bool,
    /// `webp_quality` of lossy WebP, from 1 to 100. Default: 80.
    pub webp_quality: u8,
    /// `tif_compression`. Default: `lzw`.
    pub tif_compression: TifCompression,
    /// `passthrough`: whether a derivative that changes nothing keeps the compressed data of its
    /// source. Default: `true`.
    pub passthrough: bool,
}

named! {
    /// How much of the color resolution a JPEG keeps.
    pub enum ChromaSubsampling {
        /// All of it.
        Yuv444 = "4:4:4",
        /// Half, across.
        Yuv422 = "4:2:2",
        /// A quarter: half across and half down.
        Yuv420 = "4:2:0",
    }
}

named! {
    /// How hard PNG tries to be small; all three are lossless.
    pub enum PngCompression {
        /// Quick to encode.
        Fast = "fast",
        /// Smaller, slower.
        Balanced = "balanced",
        /// Smallest, slowest.
        Best = "best",
    }
}

named! {
    /// How TIFF is compressed; all three are lossless.
    pub enum TifCompression {
        /// Not at all.
        None = "none",
        /// As TIFF 6.0 §13 does; every reader knows it.
        Lzw = "lzw",
        /// As zip does; smaller.
        Deflate = "deflate",
    }
}

impl Default for EncodingConfig {
    fn default() -> Self {
        Self {
            jpeg_quality: 80,
            jpeg_chroma_subsampling: ChromaSubsampling::Yuv420,
            jpeg_progressive: false,
            png_compression: PngCompression::Fast,
            webp_lossless: false,
            webp_quality: 80,
            tif_compression: TifCompression::Lzw,
            passthrough: true,
        }
    }
}

impl EncodingConfig {
    pub(crate) fn read(field: Field<'_>) -> Result<Self, Error> {
        let mut encoding = Self::default();
        let mut object = field.object()?;
        if let Some(quality) = object.get("jpeg_quality") {
            encoding.jpeg_quality = quality.integer(1..=100)? as u8;
        }
        if let Some(subsampling) = object.get("jpeg_chroma_subsampling") {
            encoding.jpeg_chroma_subsampling = subsampling.word()?;
        }
        if let Some(progressive) = object.get("jpeg_progressive") {
            encoding.jpeg_progressive = progressive.boolean()?;
        }
        if let Some(compression) = object.get("png_compression") {
            encoding.png_compression = compression.word()?;
        }
        if let Some(quality) = object.get("webp_quality") {
            encoding.webp_quality = quality.integer(1..=100)? as u8;
        }
        if let Some(lossless) = object.get("webp_lossless") {
            encoding.webp_lossless = lossless.boolean()?;
        }
        if let Some(compression) = object.get("tif_compression") {
            encoding.tif_compression = compression.word()?;
        }
        if let Some(passthrough) = object.get("passthrough") {
            encoding.passthrough = passthrough.boolean()?;
        }
        object.close();
        Ok(encoding)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "jpeg_quality": self.jpeg_quality,
            "jpeg_chroma_subsampling": self.jpeg_chroma_subsampling.as_str(),
            "jpeg_progressive": self.jpeg_progressive,
            "png_compression": self.png_compression.as_str(),
            "webp_lossless": self.webp_lossless,
            "webp_quality": self.webp_quality,
            "tif_compression": self.tif_compression.as_str(),
            "passthrough": self.passthrough,
        })
    }
}
