//! The boxes of JP2 files.

/// Returns a JP2 file of a codestream and of boxes that describe it: ISO/IEC 15444-1 §I.5.3, without the
/// image header, which is added.
///
/// # Panics
///
/// If the codestream does not begin as one does.
#[must_use]
pub fn jp2(codestream: &[u8], boxes: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let sizes = &codestream[8..24];
    let number = |at: usize| {
        let bytes = [sizes[at], sizes[at + 1], sizes[at + 2], sizes[at + 3]];
        u32::from_be_bytes(bytes)
    };
    let (width, height) = (number(0) - number(8), number(4) - number(12));
    let components = [codestream[40], codestream[41]];
    let mut header = jp_box(
        *b"ihdr",
        &[
            &height.to_be_bytes()[..],
            &width.to_be_bytes(),
            &components,
            // Bits of the first component, the only compression, a color space that is known.
            &[codestream[42], 7, 0, 0],
        ]
        .concat(),
    );
    for (kind, content) in boxes {
        header.extend(jp_box(*kind, content));
    }
    [
        jp_box(*b"jP  ", b"\r\n\x87\n"),
        jp_box(*b"ftyp", b"jp2 \0\0\0\0jp2 "),
        jp_box(*b"jp2h", &header),
        jp_box(*b"jp2c", codestream),
    ]
    .concat()
}

fn jp_box(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = content.len() as u32 + 8;
    [&length.to_be_bytes()[..], &kind, content].concat()
}
