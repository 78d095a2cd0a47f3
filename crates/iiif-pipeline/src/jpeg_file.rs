//! The structure of JPEG files, as reading, writing and passing them through see it.

pub(crate) mod scans;

/// Starts a JFIF segment, which has twelve bytes at least: JFIF 1.02, page 5.
pub(crate) const JFIF: &[u8] = b"JFIF\0";

/// Starts an EXIF segment: EXIF 2.32 §4.7.2.
pub(crate) const EXIF: &[u8] = b"Exif\0\0";

/// Starts a part of an ICC profile: ICC.1:2022 annex B.4. Number of the part and count follow.
pub(crate) const ICC: &[u8] = b"ICC_PROFILE\0";

/// Starts an Adobe segment: Adobe Technical Note 5116 §18. The version, two words of flags and the
/// transform follow.
pub(crate) const ADOBE: &[u8] = b"Adobe";

/// Markers: ITU-T T.81 table B.1.
#[allow(dead_code, reason = "which of them are needed depends on the features")]
pub(crate) mod marker {
    /// Stands before every marker.
    pub(crate) const PREFIX: u8 = 0xff;
    /// Makes a byte of the scan's data of a prefix (ITU-T T.81 §B.1.1.5).
    pub(crate) const STUFFING: u8 = 0;
    /// Has no segment.
    pub(crate) const TEM: u8 = 0x01;
    pub(crate) const SOF0_BASELINE: u8 = 0xc0;
    pub(crate) const SOF2_PROGRESSIVE: u8 = 0xc2;
    pub(crate) const SOF3_LOSSLESS: u8 = 0xc3;
    pub(crate) const DHT: u8 = 0xc4;
    pub(crate) const SOF5_HIERARCHICAL: u8 = 0xc5;
    pub(crate) const SOF7_HIERARCHICAL: u8 = 0xc7;
    pub(crate) const JPG: u8 = 0xc8;
    pub(crate) const DAC: u8 = 0xcc;
    pub(crate) const SOF15: u8 = 0xcf;
    pub(crate) const RST0: u8 = 0xd0;
    pub(crate) const RST7: u8 = 0xd7;
    pub(crate) const SOI: u8 = 0xd8;
    pub(crate) const EOI: u8 = 0xd9;
    pub(crate) const SOS: u8 = 0xda;
    pub(crate) const DQT: u8 = 0xdb;
    pub(crate) const DRI: u8 = 0xdd;
    pub(crate) const APP0: u8 = 0xe0;
    pub(crate) const APP1: u8 = 0xe1;
    pub(crate) const APP2: u8 = 0xe2;
    pub(crate) const APP14: u8 = 0xee;
    pub(crate) const APP15: u8 = 0xef;
    pub(crate) const COM: u8 = 0xfe;
}

/// Returns whether a marker starts a frame header: C0 to CF without DHT, JPG and DAC (T.81 table B.1).
pub(crate) fn is_frame(code: u8) -> bool {
    (marker::SOF0_BASELINE..=marker::SOF15).contains(&code)
        && ![marker::DHT, marker::JPG, marker::DAC].contains(&code)
}
