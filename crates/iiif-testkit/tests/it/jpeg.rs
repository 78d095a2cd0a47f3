use iiif_testkit::compare::psnr;
use iiif_testkit::encode::{
    COMMENT, GPS_LATITUDE, GPS_MARKER, JpegColor, JpegOptions, XMP_MARKER, jpeg,
};
use iiif_testkit::pattern::photo;
use image::codecs::jpeg::JpegDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder};
use jpeg_encoder::SamplingFactor;

/// Start of frame of a baseline and of a progressive file (ITU-T T.81, table B.1).
const SOF0: u8 = 0xC0;
const SOF2: u8 = 0xC2;

fn picture() -> DynamicImage {
    photo(203, 157).into()
}

/// Decodes, and returns how similar the result is to `expected`, in dB.
fn similarity(file: &[u8], expected: &DynamicImage) -> f64 {
    let decoder = JpegDecoder::new(std::io::Cursor::new(file)).expect("a readable header");
    let decoded = DynamicImage::from_decoder(decoder).expect("a readable file");
    psnr(&decoded, expected)
}

/// Returns the markers of all segments before the first scan.
fn markers(file: &[u8]) -> Vec<u8> {
    let mut markers = Vec::new();
    let mut position = 2;
    while file[position + 1] != 0xDA {
        assert_eq!(file[position], 0xFF, "a marker at {position}");
        markers.push(file[position + 1]);
        position += 2 + usize::from(u16::from_be_bytes([file[position + 2], file[position + 3]]));
    }
    markers
}

fn contains(file: &[u8], text: &str) -> bool {
    file.windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn every_color_model_and_subsampling_decodes_to_the_picture() {
    use JpegColor::{Cmyk, Gray, Rgb, Ycck};
    use SamplingFactor::{F_1_1, F_2_1, F_2_2};
    // Four components are tested unsampled: the decoder misplaces their subsampled ones, which
    // libjpeg reads well.
    let cases = [
        (Rgb, F_1_1),
        (Rgb, F_2_1),
        (Rgb, F_2_2),
        (Gray, F_1_1),
        (Cmyk, F_1_1),
        (Ycck, F_1_1),
    ];
    for (color, sampling) in cases {
        for (progressive, frame) in [(false, SOF0), (true, SOF2)] {
            let options = JpegOptions {
                color,
                progressive,
                sampling,
                ..Default::default()
            };
            let file = jpeg(&picture(), &options);
            let expected = match color {
                Gray => picture().to_luma8().into(),
                _ => picture(),
            };
            let similarity = similarity(&file, &expected);
            assert!(similarity > 30.0, "{similarity} dB: {options:?}");
            assert!(
                markers(&file).contains(&frame),
                "{options:?}: {:x?}",
                markers(&file)
            );
        }
    }
}

#[test]
fn lower_quality_makes_smaller_files() {
    let length = |quality| {
        jpeg(
            &picture(),
            &JpegOptions {
                quality,
                ..Default::default()
            },
        )
        .len()
    };
    assert!(length(30) < length(60) && length(60) < length(90));
}

#[test]
fn orientation_and_place_are_read_by_an_exif_reader() {
    let options = JpegOptions {
        exif_orientation: Some(6),
        gps: true,
        ..Default::default()
    };
    let file = jpeg(&picture(), &options);
    let mut decoder = JpegDecoder::new(std::io::Cursor::new(&file)).expect("a readable header");
    assert_eq!(decoder.orientation().expect("EXIF"), Orientation::Rotate90);

    let exif = exif::Reader::new()
        .read_from_container(&mut std::io::Cursor::new(&file))
        .expect("EXIF");
    let latitude = exif
        .get_field(exif::Tag::GPSLatitude, exif::In::PRIMARY)
        .expect("a latitude");
    let exif::Value::Rational(parts) = &latitude.value else {
        panic!("latitude is {:?}", latitude.value);
    };
    let parts: Vec<_> = parts.iter().map(|part| part.num / part.denom).collect();
    assert_eq!(parts, GPS_LATITUDE);
    assert!(contains(&file, GPS_MARKER));
}

#[test]
fn metadata_is_there_only_when_asked_for() {
    let plain = jpeg(&picture(), &JpegOptions::default());
    assert!(!markers(&plain).contains(&0xE1) && !markers(&plain).contains(&0xFE));

    let profile: Vec<u8> = (0..70_000_u32).map(|index| (index % 251) as u8).collect();
    let options = JpegOptions {
        icc: Some(profile.clone()),
        xmp: true,
        comment: Some(COMMENT),
        ..Default::default()
    };
    let file = jpeg(&picture(), &options);
    assert!(contains(&file, XMP_MARKER) && contains(&file, COMMENT));
    let of_kind = |kind| {
        markers(&file)
            .into_iter()
            .filter(|&marker| marker == kind)
            .count()
    };
    assert_eq!(
        (of_kind(0xE2), of_kind(0xFE)),
        (2, 1),
        "ICC in two segments, one comment"
    );
    let mut decoder = JpegDecoder::new(std::io::Cursor::new(&file)).expect("a readable header");
    assert_eq!(decoder.icc_profile().expect("readable"), Some(profile));
    assert!(similarity(&file, &picture()) > 30.0);
}
