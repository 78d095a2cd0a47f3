//! PNG chunks (PNG 3rd edition §11).

use bytes::Bytes;
use iiif_image_api::Orientation;
use img_parts::png::{Png, PngChunk};

use super::Stripped;

/// The chunks that matter for the pixels and their colors. Animations lose all but their first
/// picture.
const KEPT: [&[u8; 4]; 11] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB",
    b"cICP",
];

/// Returns the file without metadata, or nothing if it is cut off or a checksum is wrong.
pub(super) fn strip(bytes: &Bytes, orientation: Orientation) -> Option<Stripped> {
    let mut png = Png::from_bytes(bytes.clone()).ok()?;
    png.chunks_mut()
        .retain(|chunk| KEPT.contains(&&chunk.kind()));
    let chunks = png.chunks_mut();
    let data = chunks.iter().position(|chunk| &chunk.kind() == b"IDAT")?;
    let is_whole = chunks.last().is_some_and(|chunk| &chunk.kind() == b"IEND");
    if !is_whole {
        return None;
    }
    if let Some(exif) = super::orientation_exif(orientation) {
        chunks.insert(data, PngChunk::new(*b"eXIf", exif.to_vec().into()));
    }
    Some(Stripped {
        head: Vec::new(),
        rest: png.encoder().bytes(),
    })
}
