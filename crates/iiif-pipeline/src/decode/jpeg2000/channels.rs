//! What the channels of a picture are made of.

use super::boxes::{Boxes, ChannelSource, ColorSpecification};
use super::main_header::Component;
use super::palette::Palette;
use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::{corrupt, unsupported};
use crate::source::{ColorModel, PixelLayout};

/// Where the color space of an ICC profile is: ICC.1:2022 §7.2.6.
const ICC_COLOR_SPACE: std::ops::Range<usize> = 16..20;

/// The kinds of colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colors {
    Gray,
    Rgb,
    /// `YCbCr`, of which RGB is made.
    Sycc,
    Cmyk,
}

/// What an alpha channel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alpha {
    Missing,
    Plain,
    /// Colors were multiplied by it.
    Premultiplied,
}

/// What the channels of the raster are made of: colors in their order, then alpha.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    pub(super) colors: Colors,
    pub(super) alpha: Alpha,
    pub(super) sources: Vec<ChannelSource>,
    pub(super) palette: Option<Palette>,
    /// Bits of a channel of the raster.
    pub(super) bits: u8,
}

impl Colors {
    fn count(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb | Self::Sycc => 3,
            Self::Cmyk => 4,
        }
    }
}

impl Channels {
    /// Finds out the channels, and which ICC profile they have.
    pub(super) fn new(boxes: Boxes, components: &[Component]) -> Result<(Self, Option<Vec<u8>>)> {
        let all = channel_sources(&boxes, components.len());
        let (mut colors, icc_profile) = colors(boxes.colors, all.len())?;
        if colors.count() > all.len() {
            colors = if all.len() < 3 {
                Colors::Gray
            } else {
                Colors::Rgb
            };
        }
        if colors == Colors::Rgb && is_chroma_coarser(components) {
            colors = Colors::Sycc;
        }
        let defined = |kinds: &[u16], color| {
            let mut definitions = boxes.definitions.iter();
            definitions
                .find(|it| kinds.contains(&it.kind) && it.color == color && it.channel < all.len())
                .map(|it| (it.channel, it.kind))
        };
        let mut sources: Vec<_> = (0..colors.count())
            .map(|color| defined(&[0], color as u16 + 1).map_or(color, |(channel, _)| channel))
            .map(|channel| all[channel])
            .collect();
        let mut alpha = Alpha::Missing;
        // Beside inks it is left out, as in other formats.
        if colors != Colors::Cmyk {
            let undefined = boxes.definitions.is_empty() && all.len() == colors.count() + 1;
            let last = undefined.then(|| (colors.count(), 1));
            if let Some((channel, kind)) = defined(&[1, 2], 0).or(last) {
                sources.push(all[channel]);
                alpha = if kind == 2 {
                    Alpha::Premultiplied
                } else {
                    Alpha::Plain
                };
            }
        }
        let bits = |source: &ChannelSource| match (source.column, &boxes.palette) {
            (Some(column), Some(palette)) => palette.bits(column),
            _ => components.get(source.component).map(Component::bits),
        };
        let bits: Option<Vec<u8>> = sources.iter().map(bits).collect();
        let bits = bits.ok_or_else(|| corrupt(FORMAT, Damage::NoComponent))?;
        let is_deep = bits.iter().any(|bits| *bits > 8);
        if colors == Colors::Sycc && bits[..3] != [bits[0]; 3] {
            return Err(unsupported(FORMAT, "luma and chroma of different depths"));
        }
        let channels = Self {
            colors,
            alpha,
            sources,
            palette: boxes.palette,
            bits: if is_deep { 16 } else { 8 },
        };
        Ok((channels, icc_profile))
    }

    /// Returns the layout of the raster, in which inks are RGB.
    pub(super) fn layout(&self) -> PixelLayout {
        let channels = match self.colors {
            Colors::Cmyk => 3,
            _ => self.sources.len() as u8,
        };
        PixelLayout::new(channels, self.bits)
    }

    pub(super) fn color_model(&self) -> ColorModel {
        match self.colors {
            Colors::Gray => ColorModel::Gray,
            Colors::Rgb | Colors::Sycc => ColorModel::Rgb,
            Colors::Cmyk => ColorModel::Cmyk,
        }
    }

    /// Returns whether samples are numbers of colors, of which no average can be made.
    pub(super) fn is_indexed(&self) -> bool {
        self.sources.iter().any(|source| source.column.is_some())
    }
}

fn channel_sources(boxes: &Boxes, components: usize) -> Vec<ChannelSource> {
    let palette = boxes.palette.as_ref();
    match palette {
        // Some writers leave out what is the rule.
        Some(palette) if boxes.mapping.is_empty() => (0..palette.columns())
            .map(|column| ChannelSource {
                component: 0,
                column: Some(column),
            })
            .collect(),
        Some(_) => boxes.mapping.clone(),
        None => (0..components)
            .map(|component| ChannelSource {
                component,
                column: None,
            })
            .collect(),
    }
}

/// Returns the colors by the first specification that is known, or by the number of channels.
fn colors(
    specifications: Vec<ColorSpecification>,
    channels: usize,
) -> Result<(Colors, Option<Vec<u8>>)> {
    let mut unknown = None;
    for specification in specifications {
        match specification {
            // §I.5.3.3, and ISO/IEC 15444-2 table M.25.
            ColorSpecification::Enumerated(12) => return Ok((Colors::Cmyk, None)),
            ColorSpecification::Enumerated(16) => return Ok((Colors::Rgb, None)),
            ColorSpecification::Enumerated(17) => return Ok((Colors::Gray, None)),
            ColorSpecification::Enumerated(18) => return Ok((Colors::Sycc, None)),
            ColorSpecification::Enumerated(number) => unknown = unknown.or(Some(number)),
            ColorSpecification::Icc(profile) => {
                let colors = match profile.get(ICC_COLOR_SPACE) {
                    Some(b"GRAY") => Colors::Gray,
                    Some(b"RGB ") => Colors::Rgb,
                    Some(b"CMYK") => Colors::Cmyk,
                    // As a profile that is damaged: ignored.
                    _ => continue,
                };
                return Ok((colors, Some(profile)));
            }
        }
    }
    match unknown {
        Some(number) => Err(unsupported(FORMAT, format!("color space {number}"))),
        None if channels < 3 => Ok((Colors::Gray, None)),
        None => Ok((Colors::Rgb, None)),
    }
}

/// Returns whether the second and third of the components are coarser than the first, which is done with
/// chroma alone.
fn is_chroma_coarser(components: &[Component]) -> bool {
    match components {
        [luma, blue, red, ..] => {
            blue.steps == red.steps
                && blue.steps != luma.steps
                && blue.steps[0] >= luma.steps[0]
                && blue.steps[1] >= luma.steps[1]
        }
        _ => false,
    }
}
