//! Which level of a picture serves a need, which part of it, and how far it is reduced further.

use iiif_image_api::{Dimensions, PixelRect};

use super::reads::MAX_GAP_BYTES;
use super::{bands, stored_channels};
use crate::decode::{Decoding, Edge, Need, level_steps};
use crate::shrink::{BoxShrink, MAX_FACTOR, Shrink};
use crate::source::{ColorModel, Header, Level};

/// How far Lanczos scales down what was averaged before, at least. The result has a PSNR above 40 dB
/// against Lanczos alone.
const LEFT_TO_SCALE: u32 = 2;

/// The most chunks whose bytes are added up; of more it is known that they are many.
const MAX_ADDED_UP: u64 = 64;

/// Chooses the smallest level that suffices, the part of it that is needed, and how many of its
/// pixels are averaged into one.
pub(in super::super) fn choose(header: &Header, need: Need) -> Decoding {
    let stored = header.dimensions;
    let suffices = |level: &Level| {
        let level = level.dimensions;
        need.is_met_by(stored, level) && covers(level, need, stored)
    };
    // The smallest is the last. The full size suffices always.
    let level = header.levels.iter().rposition(suffices).unwrap_or(0);
    let Some(facts) = header.levels.get(level) else {
        return Decoding::full(header);
    };
    let dimensions = facts.dimensions;
    let shrink = box_factor(need, stored, dimensions);
    let window = window(need.window, stored, dimensions, shrink);
    let mut decoding = Decoding {
        stored,
        level,
        level_dimensions: dimensions,
        window,
        shrink: Shrink::by(shrink),
        edge: Edge::Cut,
        scratch_bytes: 0,
        work_px: work_px(facts, window),
    };
    decoding.scratch_bytes = scratch_bytes(header, &decoding);
    decoding
}

/// Returns whether a level leaves out little of the window, on its right and its lower edge: one stored
/// pixel, or a quarter of a pixel that is needed. With more the picture would come out shifted.
fn covers(level: Dimensions, need: Need, stored: Dimensions) -> bool {
    let window = need.window;
    let ends = [window.x() + window.width(), window.y() + window.height()];
    let steps = level_steps(stored, level);
    let sides = [level.width(), level.height()];
    ends.into_iter()
        .zip(steps)
        .zip(sides)
        .all(|((end, step), side)| {
            // A level that is halved is at most as long as the image.
            let reached = u64::from(side) * u64::from(step.0) / u64::from(step.1);
            let left_out = u64::from(end).saturating_sub(reached) as u32;
            left_out <= 1 || need.shrink.allows(left_out.saturating_mul(4), 1)
        })
}

/// Returns what decoding holds besides the raster, at most, in bytes.
pub(super) fn scratch_bytes(header: &Header, decoding: &Decoding) -> u64 {
    let Some(level) = header.levels.get(decoding.level) else {
        return 0;
    };
    let (across, down) = touched(level, decoding.window);
    let threads = (header.threads() as u64).min(across.saturating_mul(down));
    let mut bytes = level
        .block_bytes
        .saturating_mul(threads)
        .saturating_add(level.index_bytes);
    bytes = bytes.saturating_add(fetched_bytes(header, level, decoding.window));
    let sample_bytes = u64::from(header.layout.bits / 8);
    let channels = stored_channels(header);
    let pixel_bytes = channels as u64 * sample_bytes;
    let shrink = decoding.shrink.factor();
    if shrink > 1 {
        let row_bytes = u64::from(decoding.window.width()) * pixel_bytes;
        let band = bands::band_height(level.block_height.into(), row_bytes);
        let rows = band.min(decoding.window.height().into()) + u64::from(shrink);
        let width = decoding.window.width();
        let sums = match header.layout.bits {
            16 => BoxShrink::<u16>::scratch_bytes(width, channels),
            _ => BoxShrink::<u8>::scratch_bytes(width, channels),
        };
        bytes = bytes
            .saturating_add(rows.saturating_mul(row_bytes))
            .saturating_add(sums.saturating_mul(header.threads() as u64));
    }
    if header.color_model == ColorModel::Cmyk {
        // The inks, beside the RGB that is made of them.
        let inks = decoding.dimensions().area().saturating_mul(pixel_bytes);
        bytes = bytes.saturating_add(inks);
    }
    bytes
}

/// Returns what is held of compressed data that is read together, at most: what the file says of its chunks
/// where that is known, and worth adding up.
fn fetched_bytes(header: &Header, level: &Level, window: PixelRect) -> u64 {
    let (across, down) = touched(level, window);
    let count = across.saturating_mul(down);
    let most = count
        .saturating_mul(level.fetched_chunk_bytes)
        .min(level.fetched_bytes);
    match level.index.get() {
        Some(index) if most > 0 && count <= MAX_ADDED_UP => {
            let (columns, rows) = bands::spans(window);
            let chunks = index
                .page
                .chunks_of(&columns, &rows, stored_channels(header));
            let bytes = chunks.into_iter().map(|chunk| {
                let bytes = index.chunks.read_bytes(&index.page, chunk);
                bytes.saturating_add(MAX_GAP_BYTES)
            });
            most.min(bytes.fold(0, u64::saturating_add))
        }
        _ => most,
    }
}

/// Returns how many pixels of a level may be averaged into one in each direction.
fn box_factor(need: Need, stored: Dimensions, level: Dimensions) -> u32 {
    let allows = |factor: &u32| {
        let factor = factor * LEFT_TO_SCALE;
        let side = |stored: u32, level: u32| {
            let stored = stored.checked_mul(factor);
            stored.is_some_and(|stored| need.shrink.allows(stored, level))
        };
        side(stored.width(), level.width()) && side(stored.height(), level.height())
    };
    (2..=MAX_FACTOR).take_while(allows).last().unwrap_or(1)
}

/// Returns the pixels of a level around those of the stored image, in whole blocks of `shrink`
/// counted from the corner of the level: so parts have the pixels that the whole has.
fn window(window: PixelRect, stored: Dimensions, level: Dimensions, shrink: u32) -> PixelRect {
    let [across, down] = level_steps(stored, level);
    let span = |start: u32, length: u32, step: (u32, u32), side: u32| {
        let [start, length, side] = [start, length, side].map(u64::from);
        let [shrink, pixels, of_level] = [shrink, step.0, step.1].map(u64::from);
        // A window may lie wholly in what the level leaves out.
        let first = (start * of_level / pixels).min(side - 1) / shrink * shrink;
        let end = ((start + length) * of_level)
            .div_ceil(pixels)
            .next_multiple_of(shrink);
        (first, end.clamp(first + 1, side) - first)
    };
    let (x, width) = span(window.x(), window.width(), across, level.width());
    let (y, height) = span(window.y(), window.height(), down, level.height());
    PixelRect::clipped((x, y), (width, height), level).unwrap_or(PixelRect::full(level))
}

/// Returns the pixels of all chunks that a window touches.
fn work_px(level: &Level, window: PixelRect) -> u64 {
    let (across, down) = touched(level, window);
    let width = across * u64::from(level.chunk.width());
    let height = down * u64::from(level.chunk.height());
    width.saturating_mul(height)
}

/// Returns how many chunks a window touches in each direction.
fn touched(level: &Level, window: PixelRect) -> (u64, u64) {
    let span = |start: u32, length: u32, chunk: u32| {
        // The end is inside the level.
        u64::from((start + length).div_ceil(chunk) - start / chunk)
    };
    let across = span(window.x(), window.width(), level.chunk.width());
    let down = span(window.y(), window.height(), level.chunk.height());
    (across, down)
}
