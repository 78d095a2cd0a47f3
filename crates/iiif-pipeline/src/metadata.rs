//! EXIF: the orientation, and nothing else.

use exif::{Exif, In, Reader, Tag};
use iiif_image_api::Orientation;

/// The header of an EXIF block in a JPEG segment: EXIF 2.32 §4.5.5. PNG and WebP have the block
/// without it, and some writers put it there all the same.
const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// Returns the orientation that an EXIF block states.
///
/// A block that is damaged, or has no valid orientation, counts as upright: the picture matters
/// more than its notes. Tags that can still be read are used.
pub(crate) fn orientation(block: &[u8]) -> Orientation {
    let tiff = block.strip_prefix(EXIF_PREFIX).unwrap_or(block);
    read(tiff)
        .and_then(|exif| {
            exif.get_field(Tag::Orientation, In::PRIMARY)?
                .value
                .get_uint(0)
        })
        .and_then(Orientation::from_exif)
        .unwrap_or_default()
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
    use super::*;

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
            assert_eq!(super::orientation(&plain), orientation);
            let prefixed = [EXIF_PREFIX, &plain].concat();
            assert_eq!(super::orientation(&prefixed), orientation);
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
            assert_eq!(orientation(damaged), Orientation::TopLeft, "{damaged:?}");
        }
    }
}
