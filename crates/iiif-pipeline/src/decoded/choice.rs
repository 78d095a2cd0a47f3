//! Which decode of a source serves a plan.

use std::hash::{Hash, Hasher};

use iiif_image_api::{Crop, Dimensions, PixelRect, RenderPlan};

use crate::decode::{self, Decoding, Need};
use crate::render::{self, REDUCTION_EDGE_PX, RenderSource, halved, scale};
use crate::shrink::Shrink;
use crate::source::Header;
use crate::{PixelLayout, SourceFormat, encode};

/// More than any decoder reduces.
const FURTHEST: Shrink = Shrink::by(1 << 16);

/// Which decode of a source serves a plan: which of the sizes in the file, which part of it, how far
/// reduced; and what it takes. By [`SourceImage::decode_choice`](crate::SourceImage::decode_choice).
///
/// Two choices of one source are equal, and have the same hash, if they are the same pixels: together
/// with what identifies the source they are the key of a cache.
#[derive(Clone, Copy, Debug)]
pub struct DecodeChoice {
    decoding: Decoding,
    /// Of the raster.
    layout: PixelLayout,
    /// Whether it is of all of the image.
    is_whole: bool,
    /// How many halved copies are kept beside the raster, as soon as a plan has use for them.
    copies: u32,
}

impl DecodeChoice {
    pub(crate) fn of_plan(
        format: SourceFormat,
        header: &Header,
        plan: &RenderPlan,
        whole_limit_bytes: u64,
    ) -> Self {
        let whole = Self::new(format, header, plan, true);
        let part = Self::new(format, header, plan, false);
        // What cannot be decoded in parts is whole in any case.
        let is_larger = whole.raster_bytes() > part.raster_bytes();
        let is_refused = whole.kept_bytes() > whole_limit_bytes && is_larger;
        if is_refused || is_read_in_parts(header, &whole.decoding) {
            part
        } else {
            whole
        }
    }

    fn new(format: SourceFormat, header: &Header, plan: &RenderPlan, is_whole: bool) -> Self {
        let decoding = if is_whole {
            whole(format, header, plan)
        } else {
            decode::choose(format, header, decode::need(format, plan))
        };
        Self {
            decoding,
            layout: header.layout,
            is_whole,
            copies: if is_whole {
                copies(format, header, &decoding)
            } else {
                0
            },
        }
    }

    /// Returns whether other plans will probably share the decode, so that it is worth keeping: it is of
    /// the whole image, not of the part that one plan needs.
    #[must_use]
    pub fn is_reusable(&self) -> bool {
        self.is_whole
    }

    /// Returns the bytes that the decoded pixels hold as long as they are kept: the raster and, where
    /// plans share them, the halved copies that are made later. An upper bound.
    #[must_use]
    pub fn kept_bytes(&self) -> u64 {
        let dimensions = self.decoding.dimensions();
        let copies = halved::memory_bytes(dimensions, self.copies, self.layout);
        let reduction = if self.copies > 0 {
            self.reduction_bytes()
        } else {
            0
        };
        self.raster_bytes()
            .saturating_add(copies)
            .saturating_add(reduction)
    }

    /// Returns the most bytes that decoding holds at one time, on as many threads as the
    /// [limits](crate::DecodeLimits::threads) say, the raster included; compressed bytes that the source
    /// [holds](crate::SourceImage::held_bytes) are not.
    ///
    /// An estimate from above.
    #[must_use]
    pub fn decoding_bytes(&self) -> u64 {
        self.raster_bytes()
            .saturating_add(self.decoding.scratch_bytes)
    }

    /// Returns the most bytes that rendering and encoding a plan holds at one time, the derivative
    /// included, beside those that are [kept](Self::kept_bytes).
    ///
    /// An estimate from above, as if the pixels hardly compressed.
    #[must_use]
    pub fn rendering_bytes(&self, plan: &RenderPlan) -> u64 {
        let dimensions = self.decoding.dimensions();
        let source = RenderSource {
            placement: self.decoding.placement(),
            dimensions,
            layout: self.layout,
            copies: 0,
        };
        let finding = if matches!(plan.crop(), Crop::Smart(_)) {
            let times = render::times_of_reduction(dimensions);
            let copy = (0..times).fold(dimensions, |copy, _| halved::half(copy));
            let reduction = Dimensions::new(REDUCTION_EDGE_PX, REDUCTION_EDGE_PX);
            let scaling = scale::memory_bytes(copy, reduction.unwrap_or(copy), self.layout);
            halved::memory_bytes(dimensions, times, self.layout).saturating_add(scaling)
        } else {
            0
        };
        let pixel_bytes = self.layout.bytes_per_pixel();
        let encoding = encode::memory_bytes(plan.format(), plan.output().area(), pixel_bytes);
        source
            .memory_bytes(plan)
            .saturating_add(finding)
            .saturating_add(encoding)
    }

    pub(super) fn decoding(&self) -> &Decoding {
        &self.decoding
    }

    pub(super) fn copies(&self) -> u32 {
        self.copies
    }

    /// Returns whether this is the choice for a plan, at some limit.
    pub(super) fn serves(&self, format: SourceFormat, header: &Header, plan: &RenderPlan) -> bool {
        Self::new(format, header, plan, self.is_whole) == *self
    }

    fn raster_bytes(&self) -> u64 {
        let pixels = self.decoding.dimensions().area();
        pixels.saturating_mul(self.layout.bytes_per_pixel())
    }

    /// Returns the bytes of the reduction that smart crops look at, at most.
    fn reduction_bytes(&self) -> u64 {
        let edge = u64::from(REDUCTION_EDGE_PX);
        edge * edge * u64::from(self.layout.channels)
    }

    /// Returns what makes the pixels. What decoding takes depends on the thread pool, and is no part
    /// of it.
    fn key(&self) -> (Dimensions, usize, PixelRect, (u32, u32), bool) {
        let Decoding {
            stored,
            level,
            window,
            shrink,
            ..
        } = self.decoding;
        (stored, level, window, shrink.lowest_terms(), self.is_whole)
    }
}

impl PartialEq for DecodeChoice {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for DecodeChoice {}

impl Hash for DecodeChoice {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// Chooses the decode of all of the image that serves a plan, and others as well: reduced by a power of
/// two where the decoder can.
fn whole(format: SourceFormat, header: &Header, plan: &RenderPlan) -> Decoding {
    let exact = Need::of_plan(plan).of_whole(plan);
    let halved = Need::of_halved_whole(plan);
    let furthest = Need {
        // Decoders know how much more than it needs a plan is scaled from, and the exact need may
        // just be enough for half the size.
        shrink: exact.shrink.max(halved.shrink),
        ..exact
    };
    let decoding = decode::choose(format, header, furthest);
    if decoding.shrink.is_power_of_two() {
        return decoding;
    }
    decode::choose(format, header, halved)
}

/// Returns whether the part of an image that a plan needs costs hardly more than its share of the
/// whole.
fn is_read_in_parts(header: &Header, whole: &Decoding) -> bool {
    let _ = (header, whole);
    #[cfg(feature = "jpeg2000")]
    if header.jpeg2000.as_ref().is_some_and(|it| it.is_tiled()) {
        return true;
    }
    #[cfg(feature = "tiff")]
    if let Some(level) = header.levels.get(whole.level) {
        // All of the image has to be read for tiles that are reduced, of strips as of anything else.
        return level.is_tiled || (!level.is_compressed && whole.shrink == Shrink::NONE);
    }
    false
}

/// Returns how many halved copies of a decode are worth keeping: none, unless every plan is made of it
/// because the decoder cannot reduce.
fn copies(format: SourceFormat, header: &Header, decoding: &Decoding) -> u32 {
    let furthest = Need {
        window: PixelRect::full(header.dimensions),
        shrink: FURTHEST,
    };
    if decode::choose(format, header, furthest) == Decoding::full(header) {
        render::most_copies(decoding.dimensions())
    } else {
        0
    }
}
