//! The boxes of a JP2 file: ISO/IEC 15444-1 Annex I.

use super::fields::Fields;
use super::palette::Palette;
use super::{Damage, FORMAT};
use crate::decode::corrupt;
use crate::source::JP2_SIGNATURE;
use crate::{Resolution, Result};

/// Centimeters of a meter.
const CM_PER_M: f64 = 100.0;

/// The most channels that are mapped or defined: as many as columns of a palette.
const MAX_CHANNELS: usize = 255;

/// How many color specifications are looked at.
const MAX_COLORS: usize = 16;

/// The boxes before the codestream, and where it is.
#[derive(Debug, Default)]
pub(super) struct Boxes {
    /// Where the codestream starts in the file, and what is there of it.
    pub(super) codestream: std::ops::Range<usize>,
    /// In the order of the file, those that are not known left out.
    pub(super) colors: Vec<ColorSpecification>,
    pub(super) palette: Option<Palette>,
    /// What the channels are made of; empty if they are the components.
    pub(super) mapping: Vec<ChannelSource>,
    pub(super) definitions: Vec<ChannelDefinition>,
    pub(super) resolution: Option<Resolution>,
}

/// A color specification box (§I.5.3.3).
#[derive(Debug)]
pub(super) enum ColorSpecification {
    /// The number of a color space.
    Enumerated(u32),
    Icc(Vec<u8>),
}

/// What a channel is made of (§I.5.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChannelSource {
    pub(super) component: usize,
    /// The column of the palette that the component is an index of.
    pub(super) column: Option<usize>,
}

/// What a channel means (§I.5.3.6).
#[derive(Clone, Copy, Debug)]
pub(super) struct ChannelDefinition {
    pub(super) channel: usize,
    /// 0 color, 1 opacity, 2 opacity by which colors were multiplied.
    pub(super) kind: u16,
    /// Which color it is or belongs to, from 1 on; 0 for all of the image.
    pub(super) color: u16,
}

struct JpBox<'a> {
    kind: &'a [u8],
    content: &'a [u8],
}

impl Boxes {
    /// Reads the boxes up to the first codestream; of a file that is a codestream, none.
    pub(super) fn read(file: &[u8]) -> Result<Self> {
        let mut boxes = Self::default();
        if !file.starts_with(JP2_SIGNATURE) {
            boxes.codestream = 0..file.len();
            return Ok(boxes);
        }
        let mut rest = Fields(file);
        while !rest.0.is_empty() {
            let next = next_box(&mut rest).ok_or_else(|| corrupt(FORMAT, Damage::Box))?;
            match next.kind {
                b"jp2h" => boxes
                    .read_header(next.content)
                    .ok_or_else(|| corrupt(FORMAT, Damage::Box))?,
                b"jp2c" => {
                    let end = file.len() - rest.0.len();
                    boxes.codestream = end - next.content.len()..end;
                    return Ok(boxes);
                }
                _ => {}
            }
        }
        Err(corrupt(FORMAT, Damage::NoCodestream))
    }

    fn read_header(&mut self, content: &[u8]) -> Option<()> {
        let mut rest = Fields(content);
        while !rest.0.is_empty() {
            let JpBox { kind, content } = next_box(&mut rest)?;
            let mut fields = Fields(content);
            match kind {
                b"colr" if self.colors.len() < MAX_COLORS => {
                    self.colors.extend(color_specification(fields));
                }
                b"pclr" => self.palette = Some(Palette::read(fields)?),
                b"cmap" => {
                    while !fields.0.is_empty() && self.mapping.len() < MAX_CHANNELS {
                        self.mapping.push(channel_source(&mut fields)?);
                    }
                }
                b"cdef" => {
                    let channels = fields.u16()?;
                    if usize::from(channels) + self.definitions.len() > MAX_CHANNELS {
                        return None;
                    }
                    for _ in 0..channels {
                        self.definitions.push(ChannelDefinition {
                            channel: fields.u16()?.into(),
                            kind: fields.u16()?,
                            color: fields.u16()?,
                        });
                    }
                }
                b"res " => self.resolution = resolution(fields),
                _ => {}
            }
        }
        Some(())
    }
}

/// Takes the next box (§I.4); one that reaches behind the end of the file ends there.
fn next_box<'a>(rest: &mut Fields<'a>) -> Option<JpBox<'a>> {
    let length = rest.u32()?;
    let kind = rest.bytes(4)?;
    let length = match length {
        0 => u64::MAX,
        1 => rest.u64()?.checked_sub(16)?,
        _ => u64::from(length).checked_sub(8)?,
    };
    let available = rest.0.len();
    let length = usize::try_from(length).unwrap_or(available).min(available);
    let content = rest.bytes(length)?;
    Some(JpBox { kind, content })
}

/// Returns what is specified, if it is done in a way that is known: method, two numbers that are of no
/// use, and the rest.
fn color_specification(mut fields: Fields<'_>) -> Option<ColorSpecification> {
    let method = fields.u8()?;
    fields.u16()?;
    match method {
        1 => fields.u32().map(ColorSpecification::Enumerated),
        // 3 is of JPX: a profile without the restrictions of JP2.
        2 | 3 => Some(ColorSpecification::Icc(fields.0.to_vec())),
        _ => None,
    }
}

fn channel_source(fields: &mut Fields<'_>) -> Option<ChannelSource> {
    let component = fields.u16()?.into();
    let kind = fields.u8()?;
    let column = usize::from(fields.u8()?);
    Some(ChannelSource {
        component,
        column: (kind == 1).then_some(column),
    })
}

/// Returns the resolution at which something was captured, or that for display, in this order (§I.5.3.7).
fn resolution(mut rest: Fields<'_>) -> Option<Resolution> {
    let mut display = None;
    while let Some(JpBox { kind, content }) = next_box(&mut rest) {
        match kind {
            b"resc" => return pixels_per_meter(Fields(content)),
            b"resd" => display = pixels_per_meter(Fields(content)),
            _ => {}
        }
    }
    display
}

fn pixels_per_meter(mut fields: Fields<'_>) -> Option<Resolution> {
    let mut fraction = || Some(f64::from(fields.u16()?) / f64::from(fields.u16()?));
    let (down, across) = (fraction()?, fraction()?);
    let mut power = || Some(10_f64.powi(fields.u8()?.cast_signed().into()));
    let (down, across) = (down * power()?, across * power()?);
    Resolution::per_cm(across / CM_PER_M, down / CM_PER_M)
}
