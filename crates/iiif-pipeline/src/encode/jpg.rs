//! `jpg`, with `jpeg-encoder`.

use image::DynamicImage;
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use crate::error::BoxError;
use crate::render::{flatten, raster};
use crate::{ChromaSampling, EncodeOptions, JpegScans};

/// 16 bits of the frame header (ITU-T T.81 §B.2.2).
const MAX_SIDE_PX: u16 = u16::MAX;

/// Writes gray as one component, colors as three.
pub(super) fn encode(image: &DynamicImage, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    let (width, height) = super::sides_up_to(image, MAX_SIDE_PX)?;
    let flat = flatten::over_white(image);
    let flat = raster::to_8_bits(&flat);
    let color_type = match raster::channels(&flat) {
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
    encoder.encode(flat.as_bytes(), width, height, color_type)?;
    Ok(bytes)
}
