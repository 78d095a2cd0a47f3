//! The main header of a codestream: ISO/IEC 15444-1 Annex A.

use std::ops::Range;

use super::axis::Axis;
use super::fields::Fields;
use super::segments::{
    BARE_MARKERS, CAP, COC, COD, POC, PPM, QCC, QCD, RGN, SIZ, SOC, SOT, Tally, segment,
};
use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::{corrupt, unsupported};

const HIGH_THROUGHPUT: &str = "high-throughput coding (HTJ2K)";

/// The most components: inks and alpha, and one to spare.
const MAX_COMPONENTS: u16 = 6;

/// The most bits of a sample.
const MAX_BITS: u8 = 16;

/// The most layers. The decoder takes no more.
const MAX_LAYERS: u16 = 32;

/// The most levels: §A.6.1.
const MAX_LEVELS: u8 = 32;

/// The most points of the reference grid in a direction. The format counts up to 2^32 - 1, where the
/// decoder would count beyond.
const MAX_GRID: u32 = 1 << 31;

/// The bytes of the segment of sizes and of its marker, without components: §A.5.1.
const SIZE_BYTES: usize = 40;

/// What the main header declares.
#[derive(Clone, Debug)]
pub(super) struct MainHeader {
    pub(super) across: Axis,
    pub(super) down: Axis,
    pub(super) components: Vec<Component>,
    pub(super) layers: u16,
    /// Whether the order of packets changes.
    pub(super) changes_order: bool,
    /// Marker segments that decoding takes, as parts of the codestream; the one of sizes is not among
    /// them.
    pub(super) segments: Vec<Range<usize>>,
    /// The bytes of packet headers apart from the tiles.
    pub(super) packet_header_bytes: usize,
    /// Where the first tile-part starts.
    pub(super) len: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Component {
    /// As it is stored: bits less one, and in the highest bit whether there is a sign.
    pub(super) depth: u8,
    /// Points of the reference grid from a sample to the next.
    pub(super) steps: [u8; 2],
    pub(super) coding: Coding,
}

/// How the samples of a component are coded: §A.6.1.
#[derive(Clone, Debug, Default)]
pub(super) struct Coding {
    /// How often the component was halved.
    pub(super) levels: u8,
    /// Width and height of code blocks, as exponents of 2.
    pub(super) block: [u8; 2],
    pub(super) style: u8,
    /// Width and height of precincts of each resolution, the smallest first, as exponents of 2.
    pub(super) precincts: Vec<[u8; 2]>,
}

impl Component {
    pub(super) fn bits(&self) -> u8 {
        (self.depth & 0x7f) + 1
    }
}

impl MainHeader {
    pub(super) fn read(codestream: &[u8]) -> Result<Self> {
        let damaged = || corrupt(FORMAT, Damage::MainHeader);
        let mut fields = Fields(codestream);
        if fields.u16() != Some(SOC) || fields.u16() != Some(SIZ) {
            return Err(damaged());
        }
        let mut header = Self::read_sizes(segment(&mut fields).ok_or_else(damaged)?)?;
        let mut has_quantization = false;
        let mut own_codings = Vec::new();
        let mut tally = Tally::new(header.components.iter().map(Component::bits));
        loop {
            let start = codestream.len() - fields.0.len();
            let marker = fields.u16().ok_or_else(damaged)?;
            match marker {
                SOT => break header.len = start,
                _ if BARE_MARKERS.contains(&marker) => continue,
                _ => {}
            }
            let content = segment(&mut fields).ok_or_else(damaged)?;
            let end = codestream.len() - fields.0.len();
            tally.add(marker, content)?;
            match marker {
                COD => header.read_default_coding(content)?,
                COC => own_codings.push(content),
                QCD => has_quantization = true,
                QCC | RGN | POC => {}
                // Of one tile-part after the other: they stay right as long as all are decoded.
                PPM if header.tiles() == 1 => header.packet_header_bytes += content.len(),
                PPM => return Err(unsupported(FORMAT, "packet headers apart from the tiles")),
                CAP => return Err(unsupported(FORMAT, HIGH_THROUGHPUT)),
                // PRF, TLM, PLM, CPF, CRG and COM: for others than decoders.
                0xff55..=0xff57 | 0xff59 | 0xff63 | 0xff64 => continue,
                _ => return Err(unsupported(FORMAT, format!("marker {marker:#x}"))),
            }
            header.segments.push(start..end);
        }
        // They hold wherever they stand.
        for content in own_codings {
            header.read_own_coding(content).ok_or_else(damaged)??;
        }
        if header.layers == 0 || !has_quantization {
            return Err(damaged());
        }
        header.changes_order = tally.changes_order();
        Ok(header)
    }

    pub(super) fn tiles(&self) -> u64 {
        u64::from(self.across.tiles()) * u64::from(self.down.tiles())
    }

    /// Returns the bytes of the segments that decoding takes, with that of sizes.
    pub(super) fn segment_bytes(&self) -> usize {
        let sizes = SIZE_BYTES + 3 * self.components.len();
        sizes + self.segments.iter().map(Range::len).sum::<usize>()
    }

    /// §A.5.1.
    fn read_sizes(content: &[u8]) -> Result<Self> {
        let damaged = || corrupt(FORMAT, Damage::Sizes);
        let mut fields = Fields(content);
        let mut sizes = || -> Option<([u32; 8], u16)> {
            fields.u16()?;
            let mut numbers = [0; 8];
            for number in &mut numbers {
                *number = fields.u32()?;
            }
            Some((numbers, fields.u16()?))
        };
        let (numbers, count) = sizes().ok_or_else(damaged)?;
        let [x1, y1, x0, y0, tile_width, tile_height, tile_x, tile_y] = numbers;
        if x1.max(y1) > MAX_GRID {
            return Err(unsupported(FORMAT, "a reference grid beyond 2^31 points"));
        }
        let components = read_components(fields, count)?;
        let steps = components.iter().map(|it| it.steps);
        let [(step_x, unit_x), (step_y, unit_y)] = steps_and_units(steps).ok_or_else(damaged)?;
        let axis = |start, end, tile_start, tile| Axis {
            start,
            end,
            tile_start,
            tile,
            step: 1,
            unit: 1,
        };
        let header = Self {
            across: Axis {
                step: step_x,
                unit: unit_x,
                ..axis(x0, x1, tile_x, tile_width)
            },
            down: Axis {
                step: step_y,
                unit: unit_y,
                ..axis(y0, y1, tile_y, tile_height)
            },
            components,
            layers: 0,
            changes_order: false,
            segments: Vec::new(),
            packet_header_bytes: 0,
            len: 0,
        };
        let is_valid = header.across.is_valid() && header.down.is_valid();
        is_valid.then_some(header).ok_or_else(damaged)
    }

    fn read_default_coding(&mut self, content: &[u8]) -> Result<()> {
        let damaged = || corrupt(FORMAT, Damage::MainHeader);
        let mut fields = Fields(content);
        let styles = fields.u8().ok_or_else(damaged)?;
        let _order = fields.u8();
        self.layers = fields.u16().ok_or_else(damaged)?;
        if self.layers > MAX_LAYERS {
            return Err(unsupported(FORMAT, format!("{} layers", self.layers)));
        }
        let _color_transform = fields.u8();
        let coding = Coding::read(styles, fields).ok_or_else(damaged)??;
        for component in &mut self.components {
            component.coding = coding.clone();
        }
        Ok(())
    }

    /// §A.6.2. The number of a component has one byte, as there are few.
    fn read_own_coding(&mut self, content: &[u8]) -> Option<Result<()>> {
        let mut fields = Fields(content);
        let component = self.components.get_mut(usize::from(fields.u8()?))?;
        let styles = fields.u8()?;
        let coding = Coding::read(styles, fields)?;
        Some(coding.map(|coding| component.coding = coding))
    }
}

impl Coding {
    /// Reads what the segments of all and of single components have in common; none if it is damaged.
    fn read(styles: u8, mut fields: Fields<'_>) -> Option<Result<Self>> {
        let levels = fields.u8().filter(|levels| *levels <= MAX_LEVELS)?;
        let block = [fields.u8()?.checked_add(2)?, fields.u8()?.checked_add(2)?];
        // §A.6.1, table A.18.
        if block.iter().any(|exponent| *exponent > 10) || block[0] + block[1] > 12 {
            return None;
        }
        let style = fields.u8()?;
        if style & 0x40 != 0 {
            return Some(Err(unsupported(FORMAT, HIGH_THROUGHPUT)));
        }
        let _transform = fields.u8()?;
        let mut precincts = Vec::new();
        for resolution in 0..=levels {
            let exponents = if styles & 1 == 0 { 0xff } else { fields.u8()? };
            let exponents = [exponents & 15, exponents >> 4];
            // Above the smallest resolution a precinct is of sub-bands of half the size.
            if resolution > 0 && exponents.contains(&0) {
                return None;
            }
            precincts.push(exponents);
        }
        // The decoder goes on where the numbers end, not where the segment does.
        if !fields.0.is_empty() {
            return None;
        }
        Some(Ok(Self {
            levels,
            block,
            style,
            precincts,
        }))
    }
}

fn read_components(mut fields: Fields<'_>, count: u16) -> Result<Vec<Component>> {
    if count > MAX_COMPONENTS {
        return Err(unsupported(FORMAT, format!("{count} components")));
    }
    let mut components = Vec::new();
    for _ in 0..count {
        let mut bytes = || fields.u8().ok_or_else(|| corrupt(FORMAT, Damage::Sizes));
        components.push(Component {
            depth: bytes()?,
            steps: [bytes()?, bytes()?],
            coding: Coding::default(),
        });
    }
    if let Some(component) = components.iter().find(|it| it.bits() > MAX_BITS) {
        let bits = component.bits();
        return Err(unsupported(FORMAT, format!("{bits}-bit samples")));
    }
    Ok(components)
}

/// Returns, across and down, how many points of the grid are a pixel, and after how many pixels samples of
/// all components begin together. Where all are as coarse, their samples are the pixels.
fn steps_and_units(steps: impl Iterator<Item = [u8; 2]> + Clone) -> Option<[(u32, u64); 2]> {
    let first = steps.clone().next()?;
    if steps.clone().flatten().any(|step| step == 0) {
        return None;
    }
    if steps.clone().all(|step| step == first) {
        return Some(first.map(|step| (step.into(), 1)));
    }
    let units = steps.fold([1; 2], |[across, down], [x, y]| {
        let unit = least_common_multiple;
        [unit(across, x.into()), unit(down, y.into())]
    });
    Some(units.map(|unit| (1, unit)))
}

fn least_common_multiple(a: u64, b: u64) -> u64 {
    let (mut divisor, mut rest) = (a, b);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    a / divisor * b
}
