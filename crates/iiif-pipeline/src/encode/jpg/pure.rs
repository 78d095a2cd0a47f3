//! The pure-Rust back end, `jpeg-encoder`.

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::Rows;
use crate::error::BoxError;
use crate::{ChromaSampling, EncodeOptions, JpegScans};

/// Writes a whole file.
pub(super) fn encode(rows: Rows<'_>, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    let color_type = match rows.channels {
        1 => ColorType::Luma,
        _ => ColorType::Rgb,
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, options.jpeg_quality);
    encoder.set_sampling_factor(match options.jpeg_sampling {
        ChromaSampling::Full => SamplingFactor::R_4_4_4,
        ChromaSampling::Horizontal => SamplingFactor::R_4_2_2,
        ChromaSampling::Quarter => SamplingFactor::R_4_2_0,
    });
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.set_progressive(options.jpeg_scans == JpegScans::Progressive);
    encoder.encode(rows.samples, rows.width, rows.height, color_type)?;
    Ok(bytes)
}
