//! Why a source image could not be read or a derivative not be made.

use iiif_image_api::{Dimensions, Format};
use image::DynamicImage;

use crate::SourceFormat;

/// A cause from a codec.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The result of the pipeline's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a source image could not be read or a derivative not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes begin like no format that is read here.
    #[error(
        "not an image that is read here: {found}; accepted: {}",
        SourceFormat::accepted()
    )]
    UnknownFormat {
        /// What was found: "empty", or the first bytes.
        found: String,
    },
    /// The compressed bytes cannot be read.
    #[error("cannot read the image")]
    Read {
        /// The reader's reason.
        source: std::io::Error,
    },
    /// The image declares more than [`DecodeLimits`](crate::DecodeLimits) allow.
    #[error("{format} image of {actual} {unit}; the limit `{limit}` is {maximum} {unit}")]
    OverLimit {
        /// The format found.
        format: SourceFormat,
        /// The limit's name: `max_pixels`.
        limit: &'static str,
        /// What is counted: "pixels", "bytes".
        unit: &'static str,
        /// What the header declares.
        actual: u64,
        /// The limit.
        maximum: u64,
    },
    /// The image is damaged, cut off or lies about itself.
    #[error("cannot decode the {format} image")]
    Corrupt {
        /// The format found.
        format: SourceFormat,
        /// The decoder's reason.
        source: BoxError,
    },
    /// The image is valid, and uses something that is not read here.
    #[error("{format} image with {feature}, which is not read here")]
    UnsupportedSource {
        /// The format found.
        format: SourceFormat,
        /// What is not read: "12-bit samples".
        feature: String,
    },
    /// The plan was made for an image of other dimensions.
    #[error("the plan is for a stored image of {expected} pixels; this one is {width}x{height}")]
    PlanMismatch {
        /// What the plan was made for.
        expected: Dimensions,
        /// The width of the raster.
        width: u32,
        /// The height of the raster.
        height: u32,
    },
    /// The plan needs another decode than the one that was kept.
    #[error("the plan needs another part of the source, or a finer one, than was decoded for it")]
    OtherDecode,
    /// Rendering would take more memory than it may.
    #[error("rendering takes {actual} bytes; the limit is {maximum}")]
    PlanTooLarge {
        /// The bytes that rendering would take at its peak.
        actual: u64,
        /// The limit.
        maximum: u64,
    },
    /// The work does not fit into the memory limit of a [`Batch`](crate::Batch).
    #[error(
        "needs {} MiB of memory; the memory limit is {}",
        needed_bytes.div_ceil(1 << 20),
        shown_limit(*limit_bytes)
    )]
    OverMemoryLimit {
        /// The bytes that the work takes at its peak.
        needed_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The analyses do not fit into the memory limit of a [`Batch`](crate::Batch). What else fits was
    /// made.
    #[error(
        "the analyses are left out: they need {} MiB of memory; the memory limit is {}",
        needed_bytes.div_ceil(1 << 20),
        shown_limit(*limit_bytes)
    )]
    AnalysesOverMemoryLimit {
        /// The bytes that the work takes at its peak.
        needed_bytes: u64,
        /// The limit.
        limit_bytes: u64,
    },
    /// The raster or the plan is of a kind that is not rendered here.
    #[error("cannot render {feature}")]
    UnsupportedRaster {
        /// What is not rendered: "pixels of type `Rgb32F`".
        feature: String,
    },
    /// The image could not be scaled.
    #[error("cannot scale the image")]
    Scale {
        /// The resizer's reason.
        source: BoxError,
    },
    /// There is no encoder for the format.
    #[error("format `{format}` is not written here; accepted: `jpg`, `png`, `gif`, `tif`, `webp`")]
    UnsupportedFormat {
        /// The format that was asked for.
        format: Format,
    },
    /// The encoder failed, or the derivative is larger than the format allows.
    #[error("cannot encode as `{format}`")]
    Encode {
        /// The format that was asked for.
        format: Format,
        /// The encoder's reason.
        source: BoxError,
    },
    /// An option was outside its range.
    #[error("{option} is {value}; expected {expected}")]
    InvalidOption {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is accepted.
        expected: &'static str,
    },
}

/// What a caller can do about an error. Stable across releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The source is damaged or no image.
    Corrupt,
    /// The source or the request is valid and not supported here.
    Unsupported,
    /// A limit refuses it.
    TooLarge,
    /// The source cannot be read; later it may work.
    Unavailable,
    /// An option is outside its range.
    InvalidConfig,
    /// An encoder failed.
    Internal,
}

impl Error {
    pub(crate) fn over_memory_limit(needed_bytes: u64, limit_bytes: u64) -> Self {
        Self::OverMemoryLimit {
            needed_bytes,
            limit_bytes,
        }
    }

    pub(crate) fn unsupported_raster(image: &DynamicImage) -> Self {
        Self::UnsupportedRaster {
            feature: format!("pixels of type `{:?}`", image.color()),
        }
    }

    /// Returns what the caller can do about it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownFormat { .. }
            | Self::UnsupportedSource { .. }
            | Self::UnsupportedRaster { .. }
            | Self::UnsupportedFormat { .. } => ErrorKind::Unsupported,
            Self::OverLimit { .. }
            | Self::PlanTooLarge { .. }
            | Self::OverMemoryLimit { .. }
            | Self::AnalysesOverMemoryLimit { .. } => ErrorKind::TooLarge,
            Self::Corrupt { .. } => ErrorKind::Corrupt,
            Self::Read { .. } => ErrorKind::Unavailable,
            Self::InvalidOption { .. } => ErrorKind::InvalidConfig,
            Self::PlanMismatch { .. }
            | Self::OtherDecode
            | Self::Scale { .. }
            | Self::Encode { .. } => ErrorKind::Internal,
        }
    }
}

/// Returns a memory limit in whole MiB, or in bytes where it is below one.
fn shown_limit(bytes: u64) -> String {
    match bytes >> 20 {
        0 => format!("{bytes} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    }
}
