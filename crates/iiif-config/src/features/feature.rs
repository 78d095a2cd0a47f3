//! The names of the features.

use iiif_image_api::Parameter;

use crate::names::{alternatives, named};

named! {
    /// A form of a request, by the name that the Image API gives it (3.0 §5.7) or go-iiif does.
    ///
    /// Names are unique within a block; `full` is a region and a size.
    pub enum Feature {
        /// Region `full`.
        RegionFull = "full",
        /// Region `x,y,w,h`, and the smart crop `-1,-1,w,h`.
        RegionByPx = "regionByPx",
        /// Region `pct:x,y,w,h`.
        RegionByPct = "regionByPct",
        /// Region `square`.
        RegionSquare = "regionSquare",
        /// Size `full`.
        SizeFull = "full",
        /// Size `max`.
        SizeMax = "max",
        /// Size `w,`.
        SizeByW = "sizeByW",
        /// Size `,h`.
        SizeByH = "sizeByH",
        /// Size `pct:n`.
        SizeByPct = "sizeByPct",
        /// Size `!w,h`.
        SizeByConfinedWh = "sizeByConfinedWh",
        /// Size `w,h`; the same form as [`SizeByWh`](Self::SizeByWh), and either is enough.
        SizeByDistortedWh = "sizeByDistortedWh",
        /// Size `w,h`.
        SizeByWh = "sizeByWh",
        /// `^` in front of a size (3.0 §4.2).
        SizeUpscaling = "sizeUpscaling",
        /// Rotation `0`.
        RotationNone = "none",
        /// Rotation `90`, `180` and `270`.
        RotationBy90s = "rotationBy90s",
        /// Every other angle.
        RotationArbitrary = "rotationArbitrary",
        /// `!` in front of an angle.
        Mirroring = "mirroring",
        /// Rotation `-1`: the EXIF orientation is not applied.
        NoAutoRotate = "noAutoRotate",
        /// Quality `default`.
        Default = "default",
        /// Quality `color`.
        Color = "color",
        /// Quality `gray`.
        Gray = "gray",
        /// Quality `bitonal`.
        Bitonal = "bitonal",
        /// Quality `dither`.
        Dither = "dither",
        /// Quality `crisp` and `crisp:radius,amount,median`.
        Crisp = "crisp",
        /// Format `jpg`.
        Jpg = "jpg",
        /// Format `tif`.
        Tif = "tif",
        /// Format `png`.
        Png = "png",
        /// Format `gif`.
        Gif = "gif",
        /// Format `jp2`, which is not available.
        Jp2 = "jp2",
        /// Format `pdf`, which is not available.
        Pdf = "pdf",
        /// Format `webp`.
        Webp = "webp",
    }
}

impl Feature {
    /// Returns the parameter whose form it is; also the name of its block in `features`.
    #[must_use]
    pub fn parameter(self) -> Parameter {
        match self {
            Self::RegionFull | Self::RegionByPx | Self::RegionByPct | Self::RegionSquare => {
                Parameter::Region
            }
            Self::SizeFull
            | Self::SizeMax
            | Self::SizeByW
            | Self::SizeByH
            | Self::SizeByPct
            | Self::SizeByConfinedWh
            | Self::SizeByDistortedWh
            | Self::SizeByWh
            | Self::SizeUpscaling => Parameter::Size,
            Self::RotationNone
            | Self::RotationBy90s
            | Self::RotationArbitrary
            | Self::Mirroring
            | Self::NoAutoRotate => Parameter::Rotation,
            Self::Default
            | Self::Color
            | Self::Gray
            | Self::Bitonal
            | Self::Dither
            | Self::Crisp => Parameter::Quality,
            Self::Jpg | Self::Tif | Self::Png | Self::Gif | Self::Jp2 | Self::Pdf | Self::Webp => {
                Parameter::Format
            }
        }
    }

    /// Returns whether this project can do it at all.
    #[must_use]
    pub fn is_available(self) -> bool {
        !matches!(self, Self::Jp2 | Self::Pdf)
    }

    /// Returns the features of a parameter.
    pub(crate) fn of(parameter: Parameter) -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(move |feature| feature.parameter() == parameter)
    }

    pub(crate) fn available_names(parameter: Parameter) -> String {
        alternatives(
            Self::of(parameter)
                .filter(|feature| feature.is_available())
                .map(Self::as_str),
        )
    }
}
