//! JPEG 2000 files, by the Rust port of `OpenJPEG`.

use std::io::Write as _;

use image::{DynamicImage, Rgb, RgbImage};
use openjp2::openjpeg::{
    CODEC_FORMAT, OPJ_CLRSPC_GRAY, OPJ_CLRSPC_SRGB, OPJ_CLRSPC_SYCC, OPJ_CODEC_J2K, OPJ_CODEC_JP2,
    OPJ_CPRL, OPJ_LRCP, OPJ_PCRL, OPJ_PROG_ORDER, OPJ_RLCP,
};
use openjp2::{
    Codec, Stream, opj_cparameters, opj_dparameters, opj_image, opj_image_comp, opj_image_comptparm,
};
use tempfile::NamedTempFile;

use super::jp2::jp2;

/// How much the stream of the encoder writes at a time.
const STREAM_BYTES: usize = 1 << 16;

/// Ratios of lossy files: of the layers, the coarsest first.
const RATIOS: [f32; 2] = [20.0, 5.0];

/// What is around the codestream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jpeg2000Container {
    /// Boxes of a JP2 file.
    #[default]
    Jp2,
    /// Nothing.
    Codestream,
}

/// How pixels are transformed and quantized.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Jpeg2000Coding {
    /// The 5-3 wavelet, and every pixel as it is.
    #[default]
    Lossless,
    /// The 9-7 wavelet, in two layers, a fifth as large as the pixels.
    Lossy,
}

/// In which order packets are written: by layer, resolution, component or position. The encoder knows no
/// RPCL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the names are those of ISO/IEC 15444-1 table A.16"
)]
pub enum PacketOrder {
    #[default]
    Lrcp,
    Rlcp,
    Pcrl,
    Cprl,
}

/// What a JPEG 2000 file holds beside the picture, and how.
#[derive(Clone, Debug)]
pub struct Jpeg2000Options {
    /// What is around the codestream. Default: boxes of a JP2 file.
    pub container: Jpeg2000Container,
    /// How pixels are coded. Default: lossless.
    pub coding: Jpeg2000Coding,
    /// The order of packets. Default: by layer first.
    pub order: PacketOrder,
    /// How often the picture is halved; each side, and that of tiles, must have so many powers of 2.
    /// Default: 5.
    pub levels: u8,
    /// Width and height of tiles in pixels. Default: one tile.
    pub tile: Option<(u32, u32)>,
    /// Where picture and tiles start on the reference grid. Default: at the origin.
    pub origin: (u32, u32),
    /// Bits of a sample, 1 to 16; lower ones are cut off. Default: those of the picture.
    pub bits: Option<u8>,
    /// Whether RGB is stored as `YCbCr` with chroma of half the size. Default: no.
    pub sycc: bool,
    /// Width and height of precincts in pixels. Default: all of the picture.
    pub precinct: Option<(u32, u32)>,
    /// Width and height of code blocks in pixels: powers of 2 from 4 on, 4096 pixels at most. Default: 64.
    pub block: (u32, u32),
    /// An ICC profile, which a codestream alone leaves out. Default: none.
    pub icc: Option<Vec<u8>>,
}

impl Default for Jpeg2000Options {
    fn default() -> Self {
        Self {
            container: Jpeg2000Container::default(),
            coding: Jpeg2000Coding::default(),
            order: PacketOrder::default(),
            levels: 5,
            tile: None,
            origin: (0, 0),
            bits: None,
            sycc: false,
            precinct: None,
            block: (64, 64),
            icc: None,
        }
    }
}

/// Returns a JPEG 2000 file of gray or RGB, with alpha if the picture has it, of 8 or 16 bits.
///
/// # Panics
///
/// If the encoder refuses an option.
#[must_use]
pub fn jpeg2000(picture: &DynamicImage, options: &Jpeg2000Options) -> Vec<u8> {
    let icc = options.icc.as_ref();
    let Some(icc) = icc.filter(|_| options.container == Jpeg2000Container::Jp2) else {
        return encoded(picture, options, options.container);
    };
    // The encoder loses profiles.
    let codestream = encoded(picture, options, Jpeg2000Container::Codestream);
    let mut boxes = vec![(*b"colr", [&[2, 0, 0][..], icc].concat())];
    if picture.color().has_alpha() {
        let alpha = u16::from(picture.color().channel_count()) - 1;
        let colors = (0..alpha).flat_map(|channel| [channel, 0, channel + 1]);
        let numbers = std::iter::once(alpha + 1)
            .chain(colors)
            .chain([alpha, 1, 0]);
        boxes.push((*b"cdef", numbers.flat_map(u16::to_be_bytes).collect()));
    }
    jp2(&codestream, &boxes)
}

/// Returns what the same library decodes, without regard to colors: an RGB picture of 8 bits, so often
/// halved.
///
/// # Panics
///
/// If it is damaged, or no such picture.
#[must_use]
pub fn decoded_jpeg2000(file: &[u8], halvings: u32) -> RgbImage {
    let mut written = NamedTempFile::new().expect("a file for the time being");
    written.write_all(file).expect("a file that can be written");
    let stream = Stream::new_file(written.path(), STREAM_BYTES, true);
    let mut stream = stream.expect("a file that was just written");
    let container = if file.starts_with(&[0xff, 0x4f]) {
        Jpeg2000Container::Codestream
    } else {
        Jpeg2000Container::Jp2
    };
    let mut codec = Codec::new_decoder(format(container)).expect("a format that it knows");
    let mut parameters = opj_dparameters {
        cp_reduce: halvings,
        ..opj_dparameters::default()
    };
    assert_eq!(codec.setup_decoder(&mut parameters), 1);
    let mut image = codec.read_header(&mut stream).expect("a header");
    assert_eq!(codec.decode(&mut stream, &mut image), 1);
    let components = image.comps().expect("components");
    let planes: Vec<&[i32]> = components.iter().filter_map(opj_image_comp::data).collect();
    RgbImage::from_fn(components[0].w, components[0].h, |x, y| {
        let at = (y * components[0].w + x) as usize;
        Rgb([0, 1, 2].map(|channel| planes[channel][at] as u8))
    })
}

fn encoded(
    picture: &DynamicImage,
    options: &Jpeg2000Options,
    container: Jpeg2000Container,
) -> Vec<u8> {
    let mut image = image(picture, options);
    let mut parameters = opj_cparameters::default();
    set_parameters(&mut parameters, picture, options);
    // The encoder writes to files alone.
    let file = NamedTempFile::new().expect("a file for the time being");
    let stream = Stream::new_file(file.path(), STREAM_BYTES, false);
    let mut stream = stream.expect("a file that was just made");
    let mut codec = Codec::new_encoder(format(container)).expect("a format that it knows");
    assert_eq!(codec.setup_encoder(&mut parameters, &mut image), 1);
    assert_eq!(codec.start_compress(&mut image, &mut stream), 1);
    assert_eq!(codec.encode(&mut stream), 1);
    assert_eq!(codec.end_compress(&mut stream), 1);
    stream.flush().expect("a file that can be written");
    std::fs::read(file.path()).expect("a file that was just written")
}

fn format(container: Jpeg2000Container) -> CODEC_FORMAT {
    match container {
        Jpeg2000Container::Jp2 => OPJ_CODEC_JP2,
        Jpeg2000Container::Codestream => OPJ_CODEC_J2K,
    }
}

fn order(order: PacketOrder) -> OPJ_PROG_ORDER {
    match order {
        PacketOrder::Lrcp => OPJ_LRCP,
        PacketOrder::Rlcp => OPJ_RLCP,
        PacketOrder::Pcrl => OPJ_PCRL,
        PacketOrder::Cprl => OPJ_CPRL,
    }
}

fn set_parameters(
    parameters: &mut opj_cparameters,
    picture: &DynamicImage,
    options: &Jpeg2000Options,
) {
    parameters.prog_order = order(options.order);
    parameters.numresolution = i32::from(options.levels) + 1;
    (parameters.cblockw_init, parameters.cblockh_init) =
        (options.block.0 as i32, options.block.1 as i32);
    parameters.cp_disto_alloc = 1;
    parameters.tcp_numlayers = 1;
    if options.coding == Jpeg2000Coding::Lossy {
        parameters.irreversible = 1;
        parameters.tcp_numlayers = RATIOS.len() as i32;
        parameters.tcp_rates[..RATIOS.len()].copy_from_slice(&RATIOS);
    }
    let is_color = picture.color().has_color() && !options.sycc;
    parameters.tcp_mct = is_color.into();
    let (x, y) = (options.origin.0 as i32, options.origin.1 as i32);
    (parameters.image_offset_x0, parameters.image_offset_y0) = (x, y);
    if let Some((width, height)) = options.tile {
        parameters.tile_size_on = 1;
        (parameters.cp_tx0, parameters.cp_ty0) = (x, y);
        (parameters.cp_tdx, parameters.cp_tdy) = (width as i32, height as i32);
    }
    if let Some((width, height)) = options.precinct {
        parameters.csty |= 1;
        parameters.res_spec = 1;
        (parameters.prcw_init[0], parameters.prch_init[0]) = (width as i32, height as i32);
    }
}

fn image(picture: &DynamicImage, options: &Jpeg2000Options) -> opj_image {
    let color = picture.color();
    let channels = usize::from(color.channel_count());
    let depth = (color.bits_per_pixel() / u16::from(color.channel_count())) as u8;
    let bits = options.bits.unwrap_or(depth);
    let mut planes = planes(picture, depth - bits);
    if options.sycc {
        to_sycc(&mut planes, bits);
    }
    let (width, height) = (picture.width(), picture.height());
    let step = |channel: usize| {
        if options.sycc && (channel == 1 || channel == 2) {
            2
        } else {
            1
        }
    };
    let component = |channel: usize| opj_image_comptparm {
        dx: step(channel),
        dy: step(channel),
        w: width.div_ceil(step(channel)),
        h: height.div_ceil(step(channel)),
        x0: options.origin.0,
        y0: options.origin.1,
        prec: bits.into(),
        bpp: bits.into(),
        sgnd: 0,
    };
    let components: Vec<_> = (0..channels).map(component).collect();
    let space = match (channels, options.sycc) {
        (1 | 2, _) => OPJ_CLRSPC_GRAY,
        (_, true) => OPJ_CLRSPC_SYCC,
        _ => OPJ_CLRSPC_SRGB,
    };
    let mut image = opj_image::create(&components, space).expect("memory for the picture");
    (image.x0, image.y0) = options.origin;
    (image.x1, image.y1) = (options.origin.0 + width, options.origin.1 + height);
    let targets = image.comps_mut().expect("components were made");
    for (channel, target) in targets.iter_mut().enumerate() {
        let step = step(channel) as usize;
        let rows = planes[channel].chunks_exact(width as usize).step_by(step);
        let samples: Vec<i32> = rows
            .flat_map(|row| row.iter().step_by(step).copied())
            .collect();
        assert!(target.set_data(&samples));
        let is_alpha = color.has_alpha() && channel + 1 == channels;
        target.alpha = is_alpha.into();
    }
    *image
}

/// Returns the samples of each channel, without their lowest bits.
fn planes(picture: &DynamicImage, cut_bits: u8) -> Vec<Vec<i32>> {
    let channels = usize::from(picture.color().channel_count());
    let samples: Vec<i32> = match picture.as_flat_samples_u16() {
        Some(samples) => samples.samples.iter().map(|it| i32::from(*it)).collect(),
        None => picture.as_bytes().iter().map(|it| i32::from(*it)).collect(),
    };
    let plane = |channel: usize| {
        let samples = samples.iter().skip(channel).step_by(channels);
        samples.map(|sample| sample >> cut_bits).collect()
    };
    (0..channels).map(plane).collect()
}

/// Makes `YCbCr` of RGB, with the coefficients of ITU-R BT.601.
fn to_sycc(planes: &mut [Vec<i32>], bits: u8) {
    let max = f64::from((1 << bits) - 1);
    let middle = f64::from(1 << (bits - 1));
    let [red, green, blue, ..] = planes else {
        return;
    };
    for ((red, green), blue) in red.iter_mut().zip(green).zip(blue) {
        let (r, g, b) = (f64::from(*red), f64::from(*green), f64::from(*blue));
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        let level = |value: f64| value.round().clamp(0.0, max) as i32;
        *red = level(luma);
        *green = level((b - luma) / 1.772 + middle);
        *blue = level((r - luma) / 1.402 + middle);
    }
}
