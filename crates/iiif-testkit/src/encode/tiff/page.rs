//! One page: its pixels in pieces, then the directory that finds them.

use image::DynamicImage;
use jpeg_encoder::rgb_to_ycbcr;

use super::chunk::{self, Extent};
use super::compress::{self, shared_tables};
use super::{Compression, Layout, Photometric, Planar, Predictor, TiffOptions};
use crate::encode::ifd::{Entry, IfdWriter, Value};
use crate::encode::palette::Palette;
use crate::encode::samples::{Channels, Samples, cmyk};

/// Tags and their values are those of TIFF 6.0, sections 4 to 22; `ICC_PROFILE` is of ICC.1.
const NEW_SUBFILE_TYPE: u16 = 254;
const IMAGE_WIDTH: u16 = 256;
const IMAGE_LENGTH: u16 = 257;
const BITS_PER_SAMPLE: u16 = 258;
const COMPRESSION: u16 = 259;
const PHOTOMETRIC_INTERPRETATION: u16 = 262;
const STRIP_OFFSETS: u16 = 273;
const ORIENTATION: u16 = 274;
const SAMPLES_PER_PIXEL: u16 = 277;
const ROWS_PER_STRIP: u16 = 278;
const STRIP_BYTE_COUNTS: u16 = 279;
const X_RESOLUTION: u16 = 282;
const Y_RESOLUTION: u16 = 283;
const PLANAR_CONFIGURATION: u16 = 284;
const RESOLUTION_UNIT: u16 = 296;
const PREDICTOR: u16 = 317;
const COLOR_MAP: u16 = 320;
const TILE_WIDTH: u16 = 322;
const TILE_LENGTH: u16 = 323;
const TILE_OFFSETS: u16 = 324;
const TILE_BYTE_COUNTS: u16 = 325;
const SUB_IFDS: u16 = 330;
const EXTRA_SAMPLES: u16 = 338;
const JPEG_TABLES: u16 = 347;
const YCBCR_SUBSAMPLING: u16 = 530;
const REFERENCE_BLACK_WHITE: u16 = 532;
const ICC_PROFILE: u16 = 34675;

/// Unassociated alpha, a value of `EXTRA_SAMPLES`.
const UNASSOCIATED: u16 = 2;

/// Whether a page is the picture or a smaller form of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Full,
    Reduced,
}

/// Appends the pieces of a page; returns the entries of its directory.
pub(super) fn append(
    writer: &mut IfdWriter,
    picture: &DynamicImage,
    options: &TiffOptions,
    kind: Kind,
) -> Vec<Entry> {
    let samples = samples(picture, options);
    let planes = match options.planar {
        Planar::Chunky => vec![samples.clone()],
        Planar::Planar => samples.planes(),
    };
    let extents = Extent::all(options.layout, samples.width, samples.height);
    let pieces: Vec<Vec<u8>> = planes
        .iter()
        .flat_map(|plane| extents.iter().map(|extent| chunk::cut(plane, *extent)))
        .map(|piece| compress::compress(piece, options))
        .collect();

    let mut entries = described(&samples, options, kind);
    let streams: Vec<Vec<u8>> = if options.compression == Compression::JpegWithTables {
        let (tables, streams) = shared_tables(&pieces);
        entries.push((JPEG_TABLES, Value::Undefined(tables)));
        streams
    } else {
        pieces
    };
    let lengths = streams.iter().map(|stream| stream.len() as u64).collect();
    let offsets = streams.iter().map(|stream| writer.append(stream)).collect();
    entries.extend(located(options.layout, offsets, lengths));
    entries
}

/// Returns the entry of further directories: TIFF technical note 1.
pub(super) fn sub_directories(offsets: Vec<u64>) -> Entry {
    (SUB_IFDS, Value::Offsets(offsets))
}

fn samples(picture: &DynamicImage, options: &TiffOptions) -> Samples {
    let wide = |bytes: Vec<u8>| bytes.into_iter().map(u16::from).collect();
    let mut samples = match options.photometric {
        Photometric::MinIsWhite | Photometric::MinIsBlack => {
            Samples::new(picture, Channels::Gray, options.bits)
        }
        Photometric::Rgb => Samples::new(picture, Channels::Rgb, options.bits),
        Photometric::Palette => Samples::new(picture, Channels::Index, options.bits),
        Photometric::Cmyk => {
            Samples::from_values(picture, 4, options.bits, wide(cmyk(&picture.to_rgb8())))
        }
        Photometric::YCbCr => {
            let rgb = picture.to_rgb8();
            let values = rgb.pixels().flat_map(|pixel| {
                let (y, cb, cr) = rgb_to_ycbcr(pixel.0[0], pixel.0[1], pixel.0[2]);
                [y, cb, cr]
            });
            Samples::from_values(picture, 3, options.bits, wide(values.collect()))
        }
    };
    if options.photometric == Photometric::MinIsWhite {
        let white = u16::MAX >> (16 - options.bits);
        samples
            .values
            .iter_mut()
            .for_each(|value| *value = white - *value);
    }
    if options.alpha {
        let alphas = Samples::new(picture, Channels::GrayAlpha, options.bits);
        let colors = samples.values.chunks(samples.per_pixel);
        let pixels = colors.zip(alphas.values.chunks(2));
        samples.values = pixels
            .flat_map(|(color, alpha)| [color, &alpha[1..]].concat())
            .collect();
        samples.per_pixel += 1;
    }
    samples
}

/// The entries that say what the samples mean.
fn described(samples: &Samples, options: &TiffOptions, kind: Kind) -> Vec<Entry> {
    let short = |value: u16| Value::Shorts(vec![value]);
    let photometric = match options.photometric {
        Photometric::MinIsWhite => 0,
        Photometric::MinIsBlack => 1,
        Photometric::Rgb => 2,
        Photometric::Palette => 3,
        Photometric::Cmyk => 5,
        Photometric::YCbCr => 6,
    };
    let planar = if options.planar == Planar::Planar {
        2
    } else {
        1
    };
    let mut entries = vec![
        (
            NEW_SUBFILE_TYPE,
            Value::Long(u32::from(kind == Kind::Reduced)),
        ),
        (IMAGE_WIDTH, Value::Long(samples.width as u32)),
        (IMAGE_LENGTH, Value::Long(samples.height as u32)),
        (
            BITS_PER_SAMPLE,
            Value::Shorts(vec![u16::from(samples.bits); samples.per_pixel]),
        ),
        (COMPRESSION, short(options.compression.code())),
        (PHOTOMETRIC_INTERPRETATION, short(photometric)),
        (SAMPLES_PER_PIXEL, short(samples.per_pixel as u16)),
        (X_RESOLUTION, Value::Rationals(vec![(72, 1)])),
        (Y_RESOLUTION, Value::Rationals(vec![(72, 1)])),
        (PLANAR_CONFIGURATION, short(planar)),
        (RESOLUTION_UNIT, short(2)), // inch
    ];
    if let Some(orientation) = options.orientation {
        entries.push((ORIENTATION, short(u16::from(orientation))));
    }
    if options.predictor == Predictor::Horizontal {
        entries.push((PREDICTOR, short(2)));
    }
    if options.alpha {
        entries.push((EXTRA_SAMPLES, short(UNASSOCIATED)));
    }
    if let Some(icc) = &options.icc {
        entries.push((ICC_PROFILE, Value::Undefined(icc.clone())));
    }
    match options.photometric {
        Photometric::Palette => entries.push((COLOR_MAP, color_map(options.bits))),
        Photometric::YCbCr => {
            let factor = if options.compression.is_jpeg() { 2 } else { 1 };
            entries.push((YCBCR_SUBSAMPLING, Value::Shorts(vec![factor, factor])));
            let full_range = [0, 255, 128, 255, 128, 255].map(|level| (level, 1));
            entries.push((REFERENCE_BLACK_WHITE, Value::Rationals(full_range.to_vec())));
        }
        _ => {}
    }
    entries
}

/// All reds, then all greens, then all blues, at 16 bits.
fn color_map(bits: u8) -> Value {
    let colors = Palette::of_bits(bits).colors;
    let channels = [0, 1, 2].into_iter().flat_map(|channel| {
        let values = colors
            .iter()
            .map(move |color| u16::from(color[channel]) * 257);
        values.collect::<Vec<_>>()
    });
    Value::Shorts(channels.collect())
}

/// The entries that say where the pieces are.
fn located(layout: Layout, offsets: Vec<u64>, lengths: Vec<u64>) -> Vec<Entry> {
    let (offsets, lengths) = (Value::Offsets(offsets), Value::Offsets(lengths));
    match layout {
        Layout::Strips { rows } => vec![
            (ROWS_PER_STRIP, Value::Long(rows)),
            (STRIP_OFFSETS, offsets),
            (STRIP_BYTE_COUNTS, lengths),
        ],
        Layout::Tiles { width, height } => vec![
            (TILE_WIDTH, Value::Long(width)),
            (TILE_LENGTH, Value::Long(height)),
            (TILE_OFFSETS, offsets),
            (TILE_BYTE_COUNTS, lengths),
        ],
    }
}
