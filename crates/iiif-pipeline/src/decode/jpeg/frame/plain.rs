//! What libjpeg makes of a file's metadata, and files without any.

use super::{Coding, Frame, marker, next_marker, segment};

/// The version of JFIF that libjpeg knows.
const JFIF_MAJOR: u8 = 1;

/// An Adobe segment up to its transform: Adobe Technical Note 5116 §18.
const ADOBE_SEGMENT: [u8; 15] = *b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0";

impl Frame<'_> {
    /// Returns whether libjpeg takes the samples for `coding`, and has nothing to warn of before the
    /// first scan.
    ///
    /// By the rules of `default_decompress_parms` in its `jdapimin.c`, JFIF means `YCbCr`, else
    /// Adobe's transform decides, else the names of the components. It warns of other versions of
    /// JFIF than 1, of unknown transforms, and of profiles whose parts do not fit together.
    pub(in super::super) fn is_plain(&self, coding: Coding) -> bool {
        if self.jfif_major.is_some_and(|major| major != JFIF_MAJOR) {
            return false;
        }
        let has_profile = self
            .icc_profile()
            .is_some_and(|profile| !profile.is_empty());
        if !self.icc_parts.is_empty() && !has_profile {
            return false;
        }
        let transform = self.adobe.map(|adobe| adobe.transform);
        let is_rgb = match (self.jfif_major, transform) {
            (Some(_), _) | (None, Some(1)) => false,
            (None, Some(0)) => true,
            (None, Some(_)) => return coding == Coding::Gray,
            (None, None) => self.is_named_rgb(),
        };
        match coding {
            Coding::Gray => true,
            Coding::YCbCr => !is_rgb,
            Coding::RgbByName | Coding::RgbByAdobe(_) => is_rgb,
            Coding::Cmyk | Coding::Ycck => false,
        }
    }
}

/// Returns the file `bytes` without any metadata but an Adobe segment that tells `coding`, one of
/// gray or three components.
pub(in super::super) fn without_metadata(bytes: &[u8], coding: Coding) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len() + ADOBE_SEGMENT.len() + 1);
    plain.extend([marker::PREFIX, marker::SOI]);
    if coding != Coding::Gray {
        plain.extend(ADOBE_SEGMENT);
        plain.push(u8::from(coding == Coding::YCbCr));
    }
    let mut position = 2;
    while let Some((marker, start)) = next_marker(bytes, position) {
        if super::is_standalone(marker) {
            position = start;
            continue;
        }
        if marker == marker::SOS {
            plain.extend([marker::PREFIX, marker]);
            plain.extend(&bytes[start..]);
            break;
        }
        let Some(segment) = segment(bytes, start) else {
            break;
        };
        position = start + 2 + segment.len();
        if !matches!(marker, marker::APP0..=marker::APP15 | marker::COM) {
            plain.extend([marker::PREFIX, marker]);
            plain.extend(&bytes[start..position]);
        }
    }
    plain
}
