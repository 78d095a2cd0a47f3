//! Marker segments, and what is held of them at most: ISO/IEC 15444-1 Annex A.

use super::fields::Fields;
use super::{Damage, FORMAT};
use crate::Result;
use crate::decode::{corrupt, unsupported};

pub(super) const SOC: u16 = 0xff4f;
pub(super) const SIZ: u16 = 0xff51;
pub(super) const COD: u16 = 0xff52;
pub(super) const COC: u16 = 0xff53;
pub(super) const QCD: u16 = 0xff5c;
pub(super) const QCC: u16 = 0xff5d;
pub(super) const RGN: u16 = 0xff5e;
pub(super) const POC: u16 = 0xff5f;
pub(super) const PPM: u16 = 0xff60;
pub(super) const PPT: u16 = 0xff61;
pub(super) const SOT: u16 = 0xff90;
pub(super) const SOD: u16 = 0xff93;
pub(super) const EOC: u16 = 0xffd9;
pub(super) const CAP: u16 = 0xff50;

/// Markers without a segment: §A.2.
pub(super) const BARE_MARKERS: std::ops::RangeInclusive<u16> = 0xff30..=0xff3f;

/// The most sub-bands: three of each of 32 levels, and the smallest (§A.6.4).
const MAX_BANDS: usize = 97;

/// The most changes of the order of packets: each is one more pass over all of them.
const MAX_ORDER_CHANGES: usize = 32;

/// The most segments of packet headers: their numbers have 8 bits (§A.7.4, §A.7.5).
const MAX_PACKET_HEADERS: usize = 256;

/// How many bit planes a sub-band has at most beside those of the samples. Without quantization they are 3
/// and the guard bits (§E.1); the finest steps of quantization that encoders are told to take are 12.
const MAX_SPARE_PLANES: u8 = 12;

/// The segments of the main header, or of those of a tile, that the decoder works with.
#[derive(Debug)]
pub(super) struct Tally {
    components: u8,
    /// The most bits of a sample.
    bits: u8,
    /// Those that may be there once, with the component that they are of.
    once: Vec<(u16, Option<u8>)>,
    order_changes: usize,
    packet_headers: usize,
}

impl Tally {
    /// `bits` are those of the samples of each component.
    pub(super) fn new(bits: impl ExactSizeIterator<Item = u8>) -> Self {
        Self {
            components: bits.len() as u8,
            bits: bits.max().unwrap_or(0),
            once: Vec::new(),
            order_changes: 0,
            packet_headers: 0,
        }
    }

    /// Takes one more segment.
    ///
    /// # Errors
    ///
    /// If it may not be there again, or leads the decoder to more work or memory than was counted.
    pub(super) fn add(&mut self, marker: u16, content: &[u8]) -> Result<()> {
        match marker {
            COD => self.add_once(marker, None),
            QCD => {
                self.check_quantization(content)?;
                self.add_once(marker, None)
            }
            QCC => {
                self.check_quantization(content.get(1..).unwrap_or_default())?;
                self.add_of_component(marker, content)
            }
            RGN if content.len() != 3 => Err(corrupt(FORMAT, Damage::SegmentLength)),
            COC | RGN => self.add_of_component(marker, content),
            POC => {
                // An empty one is work as well.
                self.order_changes += content.len().div_ceil(7).max(1);
                let is_ok = self.order_changes <= MAX_ORDER_CHANGES;
                let refused = || unsupported(FORMAT, "packets in many orders");
                is_ok.then_some(()).ok_or_else(refused)
            }
            PPM | PPT => {
                self.packet_headers += 1;
                let is_ok = self.packet_headers <= MAX_PACKET_HEADERS;
                let refused = || unsupported(FORMAT, "packet headers in many segments");
                is_ok.then_some(()).ok_or_else(refused)
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the order of packets changes.
    pub(super) fn changes_order(&self) -> bool {
        self.order_changes > 0
    }

    fn add_of_component(&mut self, marker: u16, content: &[u8]) -> Result<()> {
        // The number has one byte, as there are few.
        let component = content.first().copied();
        if component.is_none_or(|component| component >= self.components) {
            return Err(corrupt(FORMAT, Damage::NoComponent));
        }
        self.add_once(marker, component)
    }

    /// §A.6.1 to §A.6.5.
    fn add_once(&mut self, marker: u16, component: Option<u8>) -> Result<()> {
        if self.once.contains(&(marker, component)) {
            return Err(corrupt(FORMAT, Damage::Repeated));
        }
        self.once.push((marker, component));
        Ok(())
    }

    /// Checks the style of quantization and what is behind it (§A.6.4). The decoder goes by the style, and
    /// would take what is too much for other segments.
    fn check_quantization(&self, content: &[u8]) -> Result<()> {
        let wrong = || corrupt(FORMAT, Damage::SegmentLength);
        let (style, steps) = content.split_first().ok_or_else(wrong)?;
        let (guard_bits, style) = (style >> 5, style & 0x1f);
        let step_bytes = if style == 0 { 1 } else { 2 };
        let is_right = match style {
            1 => steps.len() == step_bytes,
            _ => steps.len().is_multiple_of(step_bytes) && steps.len() <= MAX_BANDS * step_bytes,
        };
        if !is_right {
            return Err(wrong());
        }
        // The exponent is in the highest 5 bits, and there are 3 of guard bits: (E-2).
        let exponents = steps.iter().step_by(step_bytes).map(|step| step >> 3);
        let planes = (exponents.max().unwrap_or(0) + guard_bits).saturating_sub(1);
        if planes > self.bits + MAX_SPARE_PLANES {
            let bits = self.bits;
            let what = format!("{planes} bit planes of {bits}-bit samples");
            return Err(unsupported(FORMAT, what));
        }
        Ok(())
    }
}

/// The marker segments of the header of a tile-part, up to its data.
pub(super) struct Segments<'a>(pub(super) Fields<'a>);

impl<'a> Iterator for Segments<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.0.u16()? {
                SOD => return None,
                marker if BARE_MARKERS.contains(&marker) => {}
                marker => return Some((marker, segment(&mut self.0)?)),
            }
        }
    }
}

/// Takes the content of a marker segment, behind its marker.
pub(super) fn segment<'a>(fields: &mut Fields<'a>) -> Option<&'a [u8]> {
    let length = fields.u16()?.checked_sub(2)?;
    fields.bytes(length.into())
}
