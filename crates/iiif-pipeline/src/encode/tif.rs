//! `tif`, with `tiff`.

use std::io::Cursor;

use image::DynamicImage;
use tiff::encoder::colortype::{ColorType, Gray8, Gray16, RGB8, RGB16};
use tiff::encoder::{Compression, DeflateLevel, Predictor, TiffEncoder, TiffValue};
use tiff::tags::{ExtraSamples, PhotometricInterpretation, SampleFormat};

use crate::error::BoxError;
use crate::render::raster::{self, Samples};
use crate::{EncodeOptions, TifCompression};

/// Keeps depth and channels. Alpha is unassociated (TIFF 6.0 §18).
pub(super) fn encode(image: &DynamicImage, options: &EncodeOptions) -> Result<Vec<u8>, BoxError> {
    match (raster::samples(image), raster::channels(image)) {
        (Some(Samples::Bits8(samples)), 1) => write::<Gray8>(image, samples, options),
        (Some(Samples::Bits8(samples)), 2) => write::<GrayAlpha8>(image, samples, options),
        (Some(Samples::Bits8(samples)), 3) => write::<RGB8>(image, samples, options),
        (Some(Samples::Bits8(samples)), _) => write::<RgbAlpha8>(image, samples, options),
        (Some(Samples::Bits16(samples)), 1) => write::<Gray16>(image, samples, options),
        (Some(Samples::Bits16(samples)), 2) => write::<GrayAlpha16>(image, samples, options),
        (Some(Samples::Bits16(samples)), 3) => write::<RGB16>(image, samples, options),
        (Some(Samples::Bits16(samples)), _) => write::<RgbAlpha16>(image, samples, options),
        (None, _) => Err("the samples are neither 8 nor 16 bits wide".into()),
    }
}

fn write<C: ColorType>(
    image: &DynamicImage,
    samples: &[C::Inner],
    options: &EncodeOptions,
) -> Result<Vec<u8>, BoxError>
where
    [C::Inner]: TiffValue,
{
    let (compression, predictor) = match options.tif_compression {
        TifCompression::None => (Compression::Uncompressed, Predictor::None),
        TifCompression::Lzw => (Compression::Lzw, Predictor::Horizontal),
        TifCompression::Deflate => (
            Compression::Deflate(DeflateLevel::Balanced),
            Predictor::Horizontal,
        ),
    };
    // LZW makes no file longer, and growing would copy it.
    let mut bytes = Vec::with_capacity(size_of_val(samples) / 2 * 3);
    let mut encoder = TiffEncoder::new(Cursor::new(&mut bytes))?
        .with_compression(compression)
        .with_predictor(predictor);
    let mut file = encoder.new_image::<C>(image.width(), image.height())?;
    if raster::has_alpha(image) {
        file.extra_samples(&[ExtraSamples::UnassociatedAlpha])?;
    }
    file.write_data(samples)?;
    Ok(bytes)
}

/// Colors that alpha follows as an extra sample. The types of `tiff` either have no extra sample or
/// take differences as if there were none.
macro_rules! with_alpha {
    ($name:ident, $sample:ty, $photometric:ident, $colors:literal) => {
        struct $name;

        impl ColorType for $name {
            type Inner = $sample;
            const TIFF_VALUE: PhotometricInterpretation = PhotometricInterpretation::$photometric;
            const BITS_PER_SAMPLE: &'static [u16] = &[<$sample>::BITS as u16; $colors];
            const SAMPLE_FORMAT: &'static [SampleFormat] = &[SampleFormat::Uint; $colors];

            fn horizontal_predict(row: &[$sample], result: &mut Vec<$sample>) {
                let (first, rest) = row.split_at(($colors + 1).min(row.len()));
                result.extend_from_slice(first);
                result.extend(
                    rest.iter()
                        .zip(row)
                        .map(|(sample, left)| sample.wrapping_sub(*left)),
                );
            }
        }
    };
}

with_alpha!(GrayAlpha8, u8, BlackIsZero, 1);
with_alpha!(GrayAlpha16, u16, BlackIsZero, 1);
with_alpha!(RgbAlpha8, u8, RGB, 3);
with_alpha!(RgbAlpha16, u16, RGB, 3);
