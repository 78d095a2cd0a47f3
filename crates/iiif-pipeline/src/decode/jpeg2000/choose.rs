//! Which resolution of a picture serves a need, and which part of it.

use iiif_image_api::{Dimensions, PixelRect};

use super::channels::Colors;
use super::tile_parts::TileParts;
use crate::decode::{Decoding, Edge, Need};
use crate::shrink::Shrink;
use crate::source::Header;

/// Chooses the smallest resolution that suffices and, of a picture in tiles, the part that is needed.
pub(in super::super) fn choose(header: &Header, need: Need) -> Decoding {
    let full = Decoding::full(header);
    let Some(picture) = &header.jpeg2000 else {
        return full;
    };
    let levels: Vec<Dimensions> = picture.levels().collect();
    let suffices = |level: &Dimensions| need.is_met_by(header.dimensions, *level);
    // The full size suffices always.
    let halvings = levels.iter().rposition(suffices).unwrap_or(0);
    let factor = 1 << halvings;
    let window = if picture.is_tiled() {
        aligned(need.window, factor, header.dimensions)
    } else {
        full.window
    };
    let mut decoding = Decoding {
        window,
        shrink: Shrink::by(factor),
        edge: Edge::Whole,
        ..full
    };
    decoding.scratch_bytes = scratch_bytes(header, &decoding);
    let pieces = picture.pieces(&decoding);
    let pixels = pieces.iter().map(|it| it.across.len() * it.down.len());
    decoding.work_px = pixels.sum::<usize>() as u64;
    decoding
}

/// Returns what decoding holds besides the raster, at most, in bytes.
pub(super) fn scratch_bytes(header: &Header, decoding: &Decoding) -> u64 {
    let Some(picture) = &header.jpeg2000 else {
        return 0;
    };
    let (piece_bytes, pieces) = picture.piece_bytes(decoding);
    let at_once = pieces.min(header.threads() as u64);
    let sample_bytes = u64::from(header.layout.bits / 8);
    let inks = match picture.channels.colors {
        // Beside the RGB that is made of them.
        Colors::Cmyk => decoding
            .dimensions()
            .area()
            .saturating_mul(4 * sample_bytes),
        _ => 0,
    };
    let codestream_bytes = picture.codestream.len() as u64;
    // Each piece has a copy of its part of the codestream.
    piece_bytes
        .saturating_mul(at_once)
        .saturating_add(codestream_bytes)
        .saturating_add(TileParts::index_bytes(
            codestream_bytes,
            picture.main.tiles(),
        ))
        .saturating_add(inks)
}

/// Returns the pixels around a window that are whole ones after a reduction.
fn aligned(window: PixelRect, factor: u32, stored: Dimensions) -> PixelRect {
    let span = |start: u32, length: u32| {
        let first = start / factor * factor;
        let end = u64::from(start + length).next_multiple_of(factor.into());
        (u64::from(first), end - u64::from(first))
    };
    let (x, width) = span(window.x(), window.width());
    let (y, height) = span(window.y(), window.height());
    PixelRect::clipped((x, y), (width, height), stored).unwrap_or(PixelRect::full(stored))
}
