//! JPEG files (ITU-T T.81), in every color model and with all the metadata that cameras add.

use image::DynamicImage;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::exif::exif;
use super::samples;

/// Text in every XMP packet, to be searched for in the bytes of a derivative.
pub const XMP_MARKER: &str = "iiif-testkit XMP creator";

/// The comment of files that have one.
pub const COMMENT: &str = "iiif-testkit comment";

/// The color model of a JPEG's samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JpegColor {
    /// Three components, YCbCr of an RGB picture, as nearly all JPEGs.
    #[default]
    Rgb,
    /// One component.
    Gray,
    /// Four components, inverted as Adobe writes them, with an APP14 marker of transform 0.
    Cmyk,
    /// CMYK whose first three components are YCbCr, with an APP14 marker of transform 2.
    Ycck,
}

/// How a JPEG is written.
#[derive(Clone, Debug)]
pub struct JpegOptions {
    /// 1 (worst) to 100. Default: 90.
    pub quality: u8,
    /// Several scans, each refining the picture. Default: one scan.
    pub progressive: bool,
    /// Chroma subsampling: `F_1_1` is 4:4:4, `F_2_1` 4:2:2, `F_2_2` 4:2:0. Default: `F_1_1`.
    pub sampling: SamplingFactor,
    /// Default: [`JpegColor::Rgb`].
    pub color: JpegColor,
    /// EXIF orientation, 1 to 8; other values are written as they are. Default: none.
    pub exif_orientation: Option<u8>,
    /// An EXIF GPS block with the coordinates of [`GPS_LATITUDE`](super::GPS_LATITUDE) and
    /// [`GPS_LONGITUDE`](super::GPS_LONGITUDE). Default: no.
    pub gps: bool,
    /// An ICC profile, in as many APP2 segments as it needs. Default: none.
    pub icc: Option<Vec<u8>>,
    /// An XMP packet with [`XMP_MARKER`] and the GPS latitude. Default: no.
    pub xmp: bool,
    /// A comment segment. Default: none.
    pub comment: Option<&'static str>,
}

impl Default for JpegOptions {
    fn default() -> Self {
        Self {
            quality: 90,
            progressive: false,
            sampling: SamplingFactor::F_1_1,
            color: JpegColor::Rgb,
            exif_orientation: None,
            gps: false,
            icc: None,
            xmp: false,
            comment: None,
        }
    }
}

/// Returns a JPEG file of the picture. Alpha is ignored.
///
/// # Panics
///
/// If a side is zero or over 65,535 pixels, or a metadata segment over 64 KiB.
#[must_use]
pub fn jpeg(picture: &DynamicImage, options: &JpegOptions) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, options.quality);
    encoder.set_progressive(options.progressive);
    encoder.set_sampling_factor(options.sampling);
    if options.exif_orientation.is_some() || options.gps {
        let block = exif(options.exif_orientation, options.gps);
        encoder
            .add_exif_metadata(&block)
            .expect("the block is some hundred bytes");
    }
    if options.xmp {
        encoder
            .add_app_segment(1, xmp_segment())
            .expect("the packet is some hundred bytes");
    }
    if let Some(icc) = &options.icc {
        encoder
            .add_icc_profile(icc)
            .expect("a profile that fits 255 segments");
    }
    let (color, samples) = match options.color {
        JpegColor::Rgb => (ColorType::Rgb, picture.to_rgb8().into_raw()),
        JpegColor::Gray => (ColorType::Luma, picture.to_luma8().into_raw()),
        JpegColor::Cmyk => (ColorType::Cmyk, samples::cmyk(&picture.to_rgb8())),
        JpegColor::Ycck => (ColorType::CmykAsYcck, samples::cmyk(&picture.to_rgb8())),
    };
    let side = |pixels: u32| u16::try_from(pixels).expect("a side that JPEG can express");
    encoder
        .encode(
            &samples,
            side(picture.width()),
            side(picture.height()),
            color,
        )
        .expect("writing to memory succeeds");
    if let Some(comment) = options.comment {
        insert_comment(&mut file, comment);
    }
    file
}

/// An APP1 segment of XMP (XMP specification part 3, section 1.1.3).
fn xmp_segment() -> Vec<u8> {
    let packet = format!(
        "http://ns.adobe.com/xap/1.0/\0<?xpacket begin='\u{feff}' id='W5M0MpCehiHzreSzNTczkc9d'?>\
         <x:xmpmeta xmlns:x='adobe:ns:meta/'>\
         <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
         <rdf:Description rdf:about='' xmlns:xmp='http://ns.adobe.com/xap/1.0/' \
         xmlns:exif='http://ns.adobe.com/exif/1.0/' \
         xmp:CreatorTool='{XMP_MARKER}' exif:GPSLatitude='37,37.13N'/>\
         </rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    );
    packet.into_bytes()
}

/// Inserts a COM segment before the first segment that is not application data.
fn insert_comment(file: &mut Vec<u8>, comment: &str) {
    const APPLICATION: std::ops::RangeInclusive<u8> = 0xE0..=0xEF;
    let mut position = 2; // after SOI
    while APPLICATION.contains(&file[position + 1]) {
        let length = u16::from_be_bytes([file[position + 2], file[position + 3]]);
        position += 2 + usize::from(length);
    }
    let length = u16::try_from(comment.len() + 2).expect("a comment below 64 KiB");
    let segment = [&[0xFF, 0xFE][..], &length.to_be_bytes(), comment.as_bytes()].concat();
    file.splice(position..position, segment);
}
