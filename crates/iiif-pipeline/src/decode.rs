//! From compressed bytes to pixels, one module per format.
//!
//! Every module has the same two functions: `read_header`, which checks the limits before anything
//! of the declared size is allocated, and `decode`. What is decoded, and how finely, is chosen
//! before ([`choose`]), so that memory can be counted from the header alone.

#[cfg(feature = "bmp")]
mod bmp;
mod decoding;
#[cfg(feature = "gif")]
mod gif;
#[cfg(feature = "jpeg")]
mod jpeg;
#[cfg(feature = "jpeg2000")]
mod jpeg2000;
mod need;
mod placement;
#[cfg(any(
    feature = "bmp",
    feature = "gif",
    feature = "jpeg",
    feature = "jpeg2000",
    feature = "png",
    feature = "tiff",
))]
mod plausible;
#[cfg(feature = "png")]
mod png;
#[cfg(feature = "tiff")]
mod tiff;
#[cfg(feature = "webp")]
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use iiif_image_api::RenderPlan;
#[cfg(any(feature = "bmp", feature = "gif", feature = "png", feature = "webp"))]
use image::ImageError;

#[cfg(any(feature = "jpeg2000", feature = "tiff"))]
use self::decoding::Edge;
#[cfg(feature = "tiff")]
use self::decoding::level_steps;
pub(crate) use self::decoding::{Decoding, Raster};
#[cfg(feature = "jpeg2000")]
pub(crate) use self::jpeg2000::Picture;
pub(crate) use self::need::Need;
pub(crate) use self::placement::{Part, Placement};
#[cfg(feature = "tiff")]
pub(crate) use self::tiff::{JpegTile, PageIndex, TileColors, fetch as fetch_tiff, scale_factor};
use crate::error::BoxError;
use crate::source::{Data, Header};
use crate::{DecodeLimits, Error, Result, SourceFormat};

/// Reads the header and checks it against the limits.
pub(crate) fn read_header(
    format: SourceFormat,
    data: &Data,
    limits: &DecodeLimits,
) -> Result<Header> {
    contain(format, || match format {
        #[cfg(feature = "jpeg")]
        SourceFormat::Jpeg => jpeg::read_header(&data.all()?, limits),
        #[cfg(feature = "jpeg2000")]
        SourceFormat::Jpeg2000 => jpeg2000::read_header(&data.all()?, limits),
        #[cfg(feature = "png")]
        SourceFormat::Png => png::read_header(data, limits),
        #[cfg(feature = "gif")]
        SourceFormat::Gif => gif::read_header(&data.all()?, limits),
        #[cfg(feature = "tiff")]
        SourceFormat::Tiff => tiff::read_header(data, limits),
        #[cfg(feature = "webp")]
        SourceFormat::WebP => webp::read_header(&data.all()?, limits),
        #[cfg(feature = "bmp")]
        SourceFormat::Bmp => bmp::read_header(&data.all()?, limits),
        #[cfg(not(all(
            feature = "bmp",
            feature = "gif",
            feature = "jpeg",
            feature = "jpeg2000",
            feature = "png",
            feature = "tiff",
            feature = "webp",
        )))]
        other => Err(unsupported(other, "a codec that this build leaves out")),
    })
}

/// Returns what a plan needs of an image of a format.
pub(crate) fn need(format: SourceFormat, plan: &RenderPlan) -> Need {
    match format {
        #[cfg(feature = "jpeg2000")]
        SourceFormat::Jpeg2000 => Need::of_plan_in_halves(plan),
        _ => Need::of_plan(plan),
    }
}

/// Chooses the cheapest decoding that serves `need`. What a format cannot reduce, or read in part,
/// is decoded whole.
pub(crate) fn choose(format: SourceFormat, header: &Header, need: Need) -> Decoding {
    let _ = need;
    match format {
        #[cfg(feature = "jpeg")]
        SourceFormat::Jpeg => jpeg::choose(header, need),
        #[cfg(feature = "jpeg2000")]
        SourceFormat::Jpeg2000 => jpeg2000::choose(header, need),
        #[cfg(feature = "png")]
        SourceFormat::Png => png::choose(header, need),
        #[cfg(feature = "tiff")]
        SourceFormat::Tiff => tiff::choose(header, need),
        _ => Decoding::full(header),
    }
}

/// Decodes to sRGB what was chosen.
pub(crate) fn decode(
    format: SourceFormat,
    data: &Data,
    header: &Header,
    decoding: &Decoding,
) -> Result<Raster> {
    let image = contain(format, || match format {
        #[cfg(feature = "jpeg")]
        SourceFormat::Jpeg => jpeg::decode(&data.all()?, header, decoding),
        #[cfg(feature = "jpeg2000")]
        SourceFormat::Jpeg2000 => jpeg2000::decode(&data.all()?, header, decoding),
        #[cfg(feature = "png")]
        SourceFormat::Png => png::decode(data, header, decoding),
        #[cfg(feature = "gif")]
        SourceFormat::Gif => gif::decode(&data.all()?, header),
        #[cfg(feature = "tiff")]
        SourceFormat::Tiff => tiff::decode(data, header, decoding),
        #[cfg(feature = "webp")]
        SourceFormat::WebP => webp::decode(&data.all()?, header),
        #[cfg(feature = "bmp")]
        SourceFormat::Bmp => bmp::decode(&data.all()?, header),
        #[cfg(not(all(
            feature = "bmp",
            feature = "gif",
            feature = "jpeg",
            feature = "jpeg2000",
            feature = "png",
            feature = "tiff",
            feature = "webp",
        )))]
        other => Err(unsupported(other, "a codec that this build leaves out")),
    })?;
    Ok(Raster {
        image,
        placement: decoding.placement(),
    })
}

pub(crate) fn corrupt(format: SourceFormat, source: impl Into<BoxError>) -> Error {
    Error::Corrupt {
        format,
        source: source.into(),
    }
}

pub(crate) fn unsupported(format: SourceFormat, feature: impl Into<String>) -> Error {
    Error::UnsupportedSource {
        format,
        feature: feature.into(),
    }
}

/// Sorts an error of the `image` crate's decoders.
#[cfg(any(feature = "bmp", feature = "gif", feature = "png", feature = "webp"))]
fn from_image_error(format: SourceFormat, error: ImageError) -> Error {
    match error {
        ImageError::Unsupported(error) => unsupported(format, error.to_string()),
        error => corrupt(format, error),
    }
}

/// Runs `work` of a codec; a panic inside it becomes [`Error::Corrupt`].
///
/// The codecs are third-party code that reads what strangers send. They are not meant to panic, and
/// one that does must cost one image, not the process. Nothing that `work` touched is used
/// afterwards, so no half-changed state can be seen.
fn contain<T>(format: SourceFormat, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(corrupt(format, DecoderPanicked)))
}

/// The decoder panicked.
#[derive(Debug, thiserror::Error)]
#[error("the decoder gave up in the middle")]
struct DecoderPanicked;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panic_in_a_decoder_is_a_corrupt_image() {
        let outcome = contain::<()>(SourceFormat::Png, || {
            // Unwinds without the message of the panic hook.
            std::panic::resume_unwind(Box::new("index out of bounds"))
        });
        assert!(matches!(
            outcome,
            Err(Error::Corrupt {
                format: SourceFormat::Png,
                ..
            })
        ));
    }
}
