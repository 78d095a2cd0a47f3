//! EXIF: the orientation and the resolution, and nothing else.

use exif::{Exif, In, Reader, Tag, Value};
use iiif_image_api::Orientation;

use crate::source::{Header, Resolution};

/// The header of an EXIF block in a JPEG segment: EXIF 2.32 §4.5.5. PNG and WebP have the block
/// without it, and some writers put it there all the same.
const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// Takes over what an EXIF block states; the resolution only where nothing else did.
///
/// A block that is damaged, or has no valid orientation, counts as upright: the picture matters
/// more than its notes. Tags that can still be read are used.
pub(crate) fn read_exif(block: &[u8], header: &mut Header) {
    let tiff = block.strip_prefix(EXIF_PREFIX).unwrap_or(block);
    let Some(exif) = read(tiff) else { return };
    header.orientation = orientation(&exif).unwrap_or_default();
    header.resolution = header.resolution.or_else(|| resolution(&exif));
}

fn orientation(exif: &Exif) -> Option<Orientation> {
    let field = exif.get_field(Tag::Orientation, In::PRIMARY)?;
    Orientation::from_exif(field.value.get_uint(0)?)
}

fn resolution(exif: &Exif) -> Option<Resolution> {
    let number = |tag| match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Rational(values) => Some(values.first()?.to_f64()),
        _ => None,
    };
    let unit = exif.get_field(Tag::ResolutionUnit, In::PRIMARY);
    let unit = unit.and_then(|unit| unit.value.get_uint(0));
    Resolution::in_tiff_unit(
        unit.map(u64::from),
        number(Tag::XResolution)?,
        number(Tag::YResolution)?,
    )
}

fn read(tiff: &[u8]) -> Option<Exif> {
    Reader::new()
        .continue_on_error(true)
        .read_raw(tiff.to_vec())
        .or_else(|error| error.distill_partial_result(|_| {}))
        .ok()
}

#[cfg(test)]
mod tests {
    use iiif_image_api::Dimensions;

    use super::*;
    use crate::PixelLayout;

    fn header(block: &[u8]) -> Header {
        let pixel = Dimensions::new(1, 1).expect("not empty");
        let mut header = Header::new(pixel, PixelLayout::RGB8);
        read_exif(block, &mut header);
        header
    }

    /// A TIFF header and one IFD with the orientation as SHORT: TIFF 6.0 §2.
    fn block(value: u8) -> Vec<u8> {
        let mut block = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
        block.extend([value, 0, 0, 0, 0, 0, 0]);
        block
    }

    #[test]
    fn every_orientation_is_read_with_and_without_the_prefix() {
        for orientation in Orientation::ALL {
            let plain = block(orientation.to_exif());
            assert_eq!(header(&plain).orientation, orientation);
            let prefixed = [EXIF_PREFIX, &plain].concat();
            assert_eq!(header(&prefixed).orientation, orientation);
        }
    }

    #[test]
    fn damaged_blocks_count_as_upright() {
        let beyond = block(9);
        let cut = &block(6)[..14];
        for damaged in [
            &b""[..],
            b"garbage",
            b"Exif\0\0",
            b"II*\0\xff\xff\xff\xff",
            &beyond,
            cut,
        ] {
            assert_eq!(
                header(damaged).orientation,
                Orientation::TopLeft,
                "{damaged:?}"
            );
        }
    }
}
