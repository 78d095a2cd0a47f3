//! What makes an image faster: to be stored as viewers ask for it.

use std::fmt;

use iiif_image_api::Orientation;
use iiif_pipeline::SourceImage;

use super::TileWay;

/// Images of fewer pixels are decoded faster than anybody waits.
const LARGE_FROM_PX: u64 = 4 << 20;

/// The longer side of the smallest size that a pyramid should have, at most, in pixels.
const SMALLEST_LEVEL_PX: u32 = 2048;

/// What makes an image faster: a TIFF of tiles in several sizes, written by libvips (the program `vips`).
///
/// `Display` is the command line, with `IN` and `OUT.tif` for the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Remedy {
    before: Before,
    compression: Compression,
}

/// What has to be done to pixels, so that their tiles are passed through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Before {
    Nothing,
    /// They are turned upright.
    Turning,
    /// They are turned upright, and their colors converted to sRGB.
    Conversion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Compression {
    Jpeg,
    /// Without loss: JPEG has neither an alpha channel nor 16 bits.
    Deflate,
}

impl Remedy {
    /// Returns what makes an image faster whose tiles are made in some way; nothing if it is small, or as fast as
    /// it gets.
    pub(super) fn of(image: &SourceImage, way: TileWay) -> Option<Self> {
        let smallest = image.levels().last().unwrap_or(image.dimensions());
        let is_pyramid = smallest.width().max(smallest.height()) <= SMALLEST_LEVEL_PX;
        let is_fast = matches!(way, TileWay::PassedThrough | TileWay::Part) && is_pyramid;
        if is_fast || image.dimensions().area() < LARGE_FROM_PX {
            return None;
        }
        let layout = image.pixel_layout();
        if layout.has_alpha() || layout.bits > 8 {
            // These are decoded in any case, which turns and converts them.
            return Some(Self {
                before: Before::Nothing,
                compression: Compression::Deflate,
            });
        }
        let before = match (image.icc_profile(), image.geometry().orientation) {
            (Some(_), _) => Before::Conversion,
            (None, Orientation::TopLeft) => Before::Nothing,
            (None, _) => Before::Turning,
        };
        let compression = Compression::Jpeg;
        Some(Self {
            before,
            compression,
        })
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compression = match self.compression {
            Compression::Jpeg => ["compression=jpeg", "Q=80"],
            Compression::Deflate => ["compression=deflate", "predictor=horizontal"],
        };
        let options = ["tile", "pyramid", "tile-width=512", "tile-height=512"];
        let options = [&options[..], &compression].concat().join(",");
        let out = format!("'OUT.tif[{options}]'");
        match self.before {
            Before::Nothing => write!(f, "vips copy IN {out}"),
            Before::Turning => write!(f, "vips autorot IN {out}"),
            // Larger than any image, so that nothing is scaled.
            Before::Conversion => write!(
                f,
                "vips thumbnail IN {out} 10000000 --size down --export-profile srgb"
            ),
        }
    }
}
