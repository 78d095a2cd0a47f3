//! EXIF blocks: an orientation, and a place on the map that must not leak.

use super::ifd::{ByteOrder, Entry, IfdWriter, OffsetSize, Value};

/// Text in every GPS block, to be searched for in the bytes of a derivative.
pub const GPS_MARKER: &str = "iiif-testkit GPS datum";

/// North latitude in every GPS block: degrees, minutes, seconds. San Francisco airport.
pub const GPS_LATITUDE: [u32; 3] = [37, 37, 8];

/// West longitude in every GPS block: degrees, minutes, seconds. San Francisco airport.
pub const GPS_LONGITUDE: [u32; 3] = [122, 22, 29];

/// Returns the TIFF structure of an EXIF block, without the `Exif` prefix that JPEG puts before it.
///
/// Big-endian, as most cameras write it. Tags: EXIF 2.32, tables 4 and 15.
pub(super) fn exif(orientation: Option<u8>, gps: bool) -> Vec<u8> {
    const ORIENTATION: u16 = 0x0112;
    const SOFTWARE: u16 = 0x0131;
    const GPS_INFO: u16 = 0x8825;

    let mut writer = IfdWriter::new(ByteOrder::Big, OffsetSize::Classic);
    let mut entries = vec![(SOFTWARE, Value::Ascii("iiif-testkit"))];
    if let Some(orientation) = orientation {
        entries.push((ORIENTATION, Value::Shorts(vec![u16::from(orientation)])));
    }
    if gps {
        let position = writer.append_directory(gps_entries());
        entries.push((GPS_INFO, Value::Long(position as u32)));
    }
    writer.chain_directory(entries);
    writer.finish()
}

fn gps_entries() -> Vec<Entry> {
    let whole = |parts: [u32; 3]| Value::Rationals(parts.map(|part| (part, 1)).to_vec());
    vec![
        (0x0000, Value::Bytes(vec![2, 3, 0, 0])), // GPSVersionID
        (0x0001, Value::Ascii("N")),
        (0x0002, whole(GPS_LATITUDE)),
        (0x0003, Value::Ascii("W")),
        (0x0004, whole(GPS_LONGITUDE)),
        (0x0012, Value::Ascii(GPS_MARKER)), // GPSMapDatum
    ]
}
