//! `gif`, with `gif` and colors chosen by `color_quant`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use color_quant::NeuQuant;
use gif::{Encoder, Frame};
use image::DynamicImage;
use rayon::prelude::*;

use crate::error::BoxError;
use crate::render::raster;

/// 16 bits of the screen descriptor (`GIF89a` §18).
const MAX_SIDE_PX: u16 = u16::MAX;

/// The colors of a table, a transparent one included.
const MAX_COLORS: usize = 256;

/// The least opaque pixel that is not transparent.
const OPAQUE_FROM: u8 = 128;

/// Every how many pixels one is looked at to choose colors; up to [`ALL_UP_TO_PX`], all are.
const SAMPLE_EVERY: i32 = 10;
const ALL_UP_TO_PX: usize = 100_000;

/// Pixels per task: enough to outweigh the cost of a task.
const PIXELS_PER_TASK: usize = 1 << 14;

type Color = [u8; 3];

/// Writes one frame. Up to 256 colors (transparency is one) are exact; more are quantized, without
/// dithering, by a neural network that is trained in a fixed order.
pub(super) fn encode(image: &DynamicImage) -> Result<Vec<u8>, BoxError> {
    let (width, height) = super::sides_up_to(image, MAX_SIDE_PX)?;
    let rgba = raster::to_8_bits(image).to_rgba8();
    let pixels = raster::pixels::<u8, 4>(rgba.as_raw());
    let Indexed {
        palette,
        indexes,
        transparent,
    } = exact(pixels).unwrap_or_else(|| quantized(pixels));
    drop(rgba);
    // LZW makes no file longer, and growing would copy it.
    let mut bytes = Vec::with_capacity(indexes.len() / 2 * 3);
    let mut encoder = Encoder::new(&mut bytes, width, height, palette.as_flattened())?;
    encoder.write_frame(&Frame {
        width,
        height,
        transparent,
        buffer: Cow::Owned(indexes),
        ..Frame::default()
    })?;
    drop(encoder);
    Ok(bytes)
}

struct Indexed {
    palette: Vec<Color>,
    indexes: Vec<u8>,
    transparent: Option<u8>,
}

/// Returns the image in its own colors, sorted, if the table holds them.
fn exact(pixels: &[[u8; 4]]) -> Option<Indexed> {
    let mut table: BTreeMap<Option<Color>, u8> = BTreeMap::new();
    let mut last = None;
    for color in pixels.iter().copied().map(color) {
        // Neighbors are often equal.
        if last == Some(color) {
            continue;
        }
        last = Some(color);
        table.insert(color, 0);
        if table.len() > MAX_COLORS {
            return None;
        }
    }
    for (index, entry) in table.values_mut().enumerate() {
        *entry = index as u8;
    }
    Some(Indexed {
        palette: table
            .keys()
            .map(|color| color.unwrap_or_default())
            .collect(),
        indexes: pixels.iter().map(|pixel| table[&color(*pixel)]).collect(),
        transparent: table.get(&None).copied(),
    })
}

fn quantized(pixels: &[[u8; 4]]) -> Indexed {
    let is_transparent = |pixel: &[u8; 4]| color(*pixel).is_none();
    let mut opaque = Vec::with_capacity(size_of_val(pixels));
    for [r, g, b] in pixels.iter().copied().filter_map(color) {
        opaque.extend([r, g, b, u8::MAX]);
    }
    let transparent = (opaque.len() < size_of_val(pixels)).then_some((MAX_COLORS - 1) as u8);
    let colors = MAX_COLORS - usize::from(transparent.is_some());
    let every = if pixels.len() <= ALL_UP_TO_PX {
        1
    } else {
        SAMPLE_EVERY
    };
    let network = NeuQuant::new(every, colors, &opaque);
    drop(opaque);
    let index = |pixel: &[u8; 4]| match transparent {
        Some(index) if is_transparent(pixel) => index,
        _ => network.index_of(&[pixel[0], pixel[1], pixel[2], u8::MAX]) as u8,
    };
    let mut indexes = vec![0; pixels.len()];
    indexes
        .par_chunks_mut(PIXELS_PER_TASK)
        .zip(pixels.par_chunks(PIXELS_PER_TASK))
        .for_each(|(indexes, pixels)| {
            for (target, pixel) in indexes.iter_mut().zip(pixels) {
                *target = index(pixel);
            }
        });
    let mut palette: Vec<Color> = raster::pixels::<u8, 3>(&network.color_map_rgb()).to_vec();
    palette.extend(transparent.map(|_| Color::default()));
    Indexed {
        palette,
        indexes,
        transparent,
    }
}

/// Returns the color of a pixel, or nothing if it is transparent.
fn color([r, g, b, alpha]: [u8; 4]) -> Option<Color> {
    (alpha >= OPAQUE_FROM).then_some([r, g, b])
}
